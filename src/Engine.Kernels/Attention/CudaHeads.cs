using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Width of a head: how its rows lie in shared memory, and the outputs that a thread holds for up to 32 queries of a warp.</summary>
interface IHead<TSelf>
    where TSelf : unmanaged
{
    /// <summary>D, a multiple of 16.</summary>
    static abstract int Depth { get; }

    /// <summary>D rounded up to a multiple of 32: values of a row in shared memory.</summary>
    static abstract int Width { get; }

    /// <summary>Bytes from one row to the next in shared memory.</summary>
    static abstract int Pitch { get; }

    /// <summary>Place of a chunk of 16 bytes; eight rows that are read at once lie in different banks.</summary>
    static abstract uint Place(int row, int chunk);

    /// <summary>Place of the chunk <paramref name="pairs"/> x 32 bytes further on in the same row.</summary>
    static abstract uint Further(uint place, int pairs);

    /// <summary>Multiplies the outputs of the rows that a thread holds: two of the first 16 queries, two of the next.</summary>
    static abstract TSelf Scale<TMode>(TSelf o, float a0, float a1, float b0, float b1)
        where TMode : unmanaged, IAttentionMode;

    /// <summary>Adds weights times 16 values of v.</summary>
    /// <param name="o">Outputs so far.</param>
    /// <param name="a">Weights of the first 16 queries.</param>
    /// <param name="b">Weights of the next 16.</param>
    /// <param name="place">Place of this lane's row of v.</param>
    /// <param name="v">First byte of v.</param>
    static abstract TSelf Add<TMode>(TSelf o, U32x4 a, U32x4 b, uint place, uint v)
        where TMode : unmanaged, IAttentionMode;

    /// <summary>Writes the outputs of 16 queries: a row and the one 8 further on.</summary>
    /// <param name="o">Outputs.</param>
    /// <param name="second">False for the first 16 queries, true for the next.</param>
    /// <param name="row">Where the first row's values of this lane go.</param>
    /// <param name="below">Where those of the row 8 further on go.</param>
    /// <param name="inside">1 if the first row exists.</param>
    /// <param name="insideBelow">1 if the other row exists.</param>
    static abstract void Write(TSelf o, bool second, ulong row, ulong below, int inside, int insideBelow);
}

/// <summary>What all head widths share.</summary>
static class Heads
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>A strip times a factor for each of its two rows.</summary>
    [MethodImpl(Inline)]
    public static Strip Scale(Strip s, float first, float second)
    {
        s.A.X *= first;
        s.A.Y *= first;
        s.A.Z *= second;
        s.A.W *= second;
        s.B.X *= first;
        s.B.Y *= first;
        s.B.Z *= second;
        s.B.W *= second;
        s.C.X *= first;
        s.C.Y *= first;
        s.C.Z *= second;
        s.C.W *= second;
        s.D.X *= first;
        s.D.Y *= first;
        s.D.Z *= second;
        s.D.W *= second;
        return s;
    }

    /// <summary>Writes the outputs of 32 columns.</summary>
    [MethodImpl(Inline)]
    public static void Write(Strip s, ulong row, ulong below, int inside, int insideBelow)
    {
        Write(s.A, row, below, inside, insideBelow);
        Write(s.B, row + 32, below + 32, inside, insideBelow);
        Write(s.C, row + 64, below + 64, inside, insideBelow);
        Write(s.D, row + 96, below + 96, inside, insideBelow);
    }

    /// <summary>Writes the outputs of 8 columns.</summary>
    [MethodImpl(Inline)]
    public static void Write(F32x4 s, ulong row, ulong below, int inside, int insideBelow)
    {
        Asm.StorePair(row, s.X, s.Y, inside);
        Asm.StorePair(below, s.Z, s.W, insideBelow);
    }
}

/// <summary>Heads of 64.</summary>
struct Head64 : IHead<Head64>
{
    Strip _a0;
    Strip _a1;
    Strip _b0;
    Strip _b1;

    /// <inheritdoc/>
    public static int Depth => 64;

    /// <inheritdoc/>
    public static int Width => 64;

    /// <inheritdoc/>
    public static int Pitch => 128;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int row, int chunk) => (uint)((row * 128) + ((chunk ^ (row & 7)) << 4));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Further(uint place, int pairs) => place ^ (uint)(pairs << 5);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head64 Scale<TMode>(Head64 o, float a0, float a1, float b0, float b1)
        where TMode : unmanaged, IAttentionMode
    {
        o._a0 = Heads.Scale(o._a0, a0, a1);
        o._b0 = Heads.Scale(o._b0, a0, a1);
        if (TMode.TwoTiles)
        {
            o._a1 = Heads.Scale(o._a1, b0, b1);
            o._b1 = Heads.Scale(o._b1, b0, b1);
        }

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head64 Add<TMode>(Head64 o, U32x4 a, U32x4 b, uint place, uint v)
        where TMode : unmanaged, IAttentionMode
    {
        var v0 = TensorCore.LoadTransposed(v + place);
        var v1 = TensorCore.LoadTransposed(v + Further(place, 1));
        o._a0 = MmaBf16.Multiply(o._a0, a, v0, v1);
        if (TMode.TwoTiles)
        {
            o._a1 = MmaBf16.Multiply(o._a1, b, v0, v1);
        }

        v0 = TensorCore.LoadTransposed(v + Further(place, 2));
        v1 = TensorCore.LoadTransposed(v + Further(place, 3));
        o._b0 = MmaBf16.Multiply(o._b0, a, v0, v1);
        if (TMode.TwoTiles)
        {
            o._b1 = MmaBf16.Multiply(o._b1, b, v0, v1);
        }

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Head64 o, bool second, ulong row, ulong below, int inside, int insideBelow)
    {
        Heads.Write(second ? o._a1 : o._a0, row, below, inside, insideBelow);
        Heads.Write(second ? o._b1 : o._b0, row + 128, below + 128, inside, insideBelow);
    }
}
