using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Heads of 80 (CLIP). Rows are padded to 96 values, and by a chunk more so that eight of them begin in different banks.</summary>
struct Head80 : IHead<Head80>
{
    Strip _a0;
    Strip _a1;
    Strip _b0;
    Strip _b1;
    Strip _c0;
    Strip _c1;

    /// <inheritdoc/>
    public static int Depth => 80;

    /// <inheritdoc/>
    public static int Width => 96;

    /// <inheritdoc/>
    public static int Pitch => 208;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Place(int row, int chunk) => (uint)((row * 208) + (chunk << 4));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Further(uint place, int pairs) => place + (uint)(pairs << 5);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head80 Scale<TMode>(Head80 o, float a0, float a1, float b0, float b1)
        where TMode : unmanaged, IAttentionMode
    {
        o._a0 = Heads.Scale(o._a0, a0, a1);
        o._b0 = Heads.Scale(o._b0, a0, a1);
        o._c0 = Heads.Scale(o._c0, a0, a1);
        if (TMode.TwoTiles)
        {
            o._a1 = Heads.Scale(o._a1, b0, b1);
            o._b1 = Heads.Scale(o._b1, b0, b1);
            o._c1 = Heads.Scale(o._c1, b0, b1);
        }

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Head80 Add<TMode>(Head80 o, U32x4 a, U32x4 b, uint place, uint v)
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

        return o;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write(Head80 o, bool second, ulong row, ulong below, int inside, int insideBelow)
    {
        Heads.Write(second ? o._a1 : o._a0, row, below, inside, insideBelow);
        Heads.Write(second ? o._b1 : o._b0, row + 128, below + 128, inside, insideBelow);
        Heads.Write(second ? o._c1.A : o._c0.A, row + 256, below + 256, inside, insideBelow);
        Heads.Write(second ? o._c1.B : o._c0.B, row + 288, below + 288, inside, insideBelow);
    }
}
