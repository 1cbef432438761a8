using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Heads of 128.</summary>
struct Head128 : IHead<Head128>
{
    Strip _a0;
    Strip _a1;
    Strip _b0;
    Strip _b1;
    Strip _c0;
    Strip _c1;
    Strip _d0;
    Strip _d1;

    /// <inheritdoc/>
    public static int Depth => 128;

    /// <inheritdoc/>
    public static int Width => 128;

    /// <inheritdoc/>
    public static int Pitch => 256;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int row, int chunk) => (uint)((row * 256) + ((chunk ^ (row & 7)) << 4));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Further(uint place, int pairs) => place ^ (uint)(pairs << 5);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head128 Scale<TMode>(Head128 o, float a0, float a1, float b0, float b1)
        where TMode : unmanaged, IAttentionMode
    {
        o._a0 = Heads.Scale(o._a0, a0, a1);
        o._b0 = Heads.Scale(o._b0, a0, a1);
        o._c0 = Heads.Scale(o._c0, a0, a1);
        o._d0 = Heads.Scale(o._d0, a0, a1);
        if (TMode.TwoTiles)
        {
            o._a1 = Heads.Scale(o._a1, b0, b1);
            o._b1 = Heads.Scale(o._b1, b0, b1);
            o._c1 = Heads.Scale(o._c1, b0, b1);
            o._d1 = Heads.Scale(o._d1, b0, b1);
        }

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head128 Add<TMode>(Head128 o, U32x4 a, U32x4 b, uint place, uint v)
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

        v0 = TensorCore.LoadTransposed(v + Further(place, 4));
        v1 = TensorCore.LoadTransposed(v + Further(place, 5));
        o._c0 = MmaBf16.Multiply(o._c0, a, v0, v1);
        if (TMode.TwoTiles)
        {
            o._c1 = MmaBf16.Multiply(o._c1, b, v0, v1);
        }

        v0 = TensorCore.LoadTransposed(v + Further(place, 6));
        v1 = TensorCore.LoadTransposed(v + Further(place, 7));
        o._d0 = MmaBf16.Multiply(o._d0, a, v0, v1);
        if (TMode.TwoTiles)
        {
            o._d1 = MmaBf16.Multiply(o._d1, b, v0, v1);
        }

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Head128 o, bool second, ulong row, ulong below, int inside, int insideBelow)
    {
        Heads.Write(second ? o._a1 : o._a0, row, below, inside, insideBelow);
        Heads.Write(second ? o._b1 : o._b0, row + 128, below + 128, inside, insideBelow);
        Heads.Write(second ? o._c1 : o._c0, row + 256, below + 256, inside, insideBelow);
        Heads.Write(second ? o._d1 : o._d0, row + 384, below + 384, inside, insideBelow);
    }
}
