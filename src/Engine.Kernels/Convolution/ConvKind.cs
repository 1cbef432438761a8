namespace Engine.Kernels;

/// <summary>The convolutions a Wan VAE is made of.</summary>
public enum ConvKind
{
    /// <summary>3x3x3 over this frame and the two before it; the plane is padded by one pixel of zeros.</summary>
    Causal,

    /// <summary>3x3 at every second pixel; one row and column of zeros is added below and to the right.</summary>
    Halve,

    /// <summary>Each pixel repeated twice along both sides ("nearest"), then 3x3 padded by one pixel of zeros.</summary>
    Double,

    /// <summary>3x1x1: three frames, no neighbours on the plane.</summary>
    Time,

    /// <summary>1x1x1: a linear map of each pixel.</summary>
    Point,
}

/// <summary>Sizes that follow from a <see cref="ConvKind"/>.</summary>
public static class ConvKinds
{
    /// <summary>Frames that one output frame depends on.</summary>
    public static int Frames(this ConvKind kind) => kind is ConvKind.Causal or ConvKind.Time ? 3 : 1;

    /// <summary>Taps on the plane as stored: 9 (3x3) or 1.</summary>
    public static int PlaneTaps(this ConvKind kind) => kind is ConvKind.Time or ConvKind.Point ? 1 : 9;

    /// <summary>Border that the input planes need.</summary>
    public static int Border(this ConvKind kind) => kind.PlaneTaps() == 9 ? 1 : 0;

    /// <summary>Rows (or columns) that come out for <paramref name="extent"/> that go in.</summary>
    public static int OutputExtent(this ConvKind kind, int extent) => kind switch
    {
        ConvKind.Halve => extent / 2,
        ConvKind.Double => extent * 2,
        _ => extent,
    };
}
