namespace Engine.Kernels;

/// <summary>The frames that one output frame is made from: the present one and, for causal kinds, the two before it.</summary>
/// <param name="Current">The present frame.</param>
/// <param name="Previous">The frame before; empty means zeros, whose taps are skipped.</param>
/// <param name="Oldest">The frame before that; empty means zeros. Given only together with <paramref name="Previous"/>.</param>
public readonly record struct ConvInput(Plane Current, Plane Previous = default, Plane Oldest = default)
{
    /// <summary>Frame by its temporal tap: 0 is the oldest of three, the last tap is the present frame.</summary>
    internal Plane ByTap(int tap, int taps) => (taps - 1 - tap) switch { 0 => Current, 1 => Previous, _ => Oldest };

    /// <summary>Temporal taps that meet a frame of zeros; they come first.</summary>
    internal int SkippedTaps(int taps) => taps == 1 ? 0 : Previous.IsEmpty ? 2 : Oldest.IsEmpty ? 1 : 0;
}

/// <summary>What a convolution makes of one frame.</summary>
/// <param name="Y">Receives the result.</param>
/// <param name="Residual">Added to the result, or default for nothing; may be <paramref name="Y"/>.</param>
public readonly record struct ConvOutput(Plane Y, Plane Residual = default);

/// <summary>Operands of one <see cref="Convolution"/>, checked.</summary>
readonly record struct ConvCall(ConvInput X, ConvWeight Weight, Plane Y, Plane Residual, Workspace Scratch)
{
    /// <summary>The frame after the present one, where two are made at a time; else empty.</summary>
    public Plane Next { get; init; }

    /// <summary>What is made of <see cref="Next"/>.</summary>
    public ConvOutput NextOutput { get; init; }

    /// <summary>True where two frames are made at a time.</summary>
    public bool IsPair => !Next.IsEmpty;
}
