using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Blocks of 256 with 2-bit values; where the parts lie is told in <see cref="BlockFormats"/>.</summary>
readonly struct StoredQ2K : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 8) * 84;
        int i = (int)at & 255;
        EightOfBlock r = default;
        r.SetPairs(stored, block + 16 + ((i >> 7) * 32) + (i & 31), ((i >> 5) & 3) * 2);
        uint scales = stored[block + (i >> 4)];
        r.Scale = EightOfBlock.Half(stored, block + 80) * (int)(scales & 15);
        r.Minimum = EightOfBlock.Half(stored, block + 82) * (int)(scales >> 4);
        return r.Values();
    }
}

/// <summary>Blocks of 256 with 3-bit values.</summary>
readonly struct StoredQ3K : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 8) * 110;
        int i = (int)at & 255;
        int sub = i >> 4;
        EightOfBlock r = default;
        r.SetPairs(stored, block + 32 + ((i >> 7) * 32) + (i & 31), ((i >> 5) & 3) * 2);
        r.AddBits(stored, block + (i & 31), i >> 5, 2);
        int low = (stored[block + 96 + (sub & 7)] >> ((sub >> 3) * 4)) & 15;
        int high = (stored[block + 104 + (sub & 3)] >> ((sub >> 2) * 2)) & 3;
        r.Scale = EightOfBlock.Half(stored, block + 108) * ((low | (high << 4)) - 32);
        r.Offset = 4;
        return r.Values();
    }
}

/// <summary>Blocks of 256 with 4-bit values.</summary>
readonly struct StoredQ4K : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 8) * 144;
        int i = (int)at & 255;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 16 + ((i >> 6) * 32) + (i & 31), ((i >> 5) & 1) * 4);
        SetScaleAndMinimum(ref r, stored, block, i >> 5);
        return r.Values();
    }

    /// <summary>Eight 6-bit scales and minima in 12 bytes: the upper bits of the last four lie in the first eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void SetScaleAndMinimum(ref EightOfBlock r, ArrayView<byte> stored, long block, int sub)
    {
        int own = stored[block + 4 + sub];
        int after = stored[block + 8 + (sub & 3)];
        int last = stored[block + 12 + (sub & 3)];
        int before = stored[block + 4 + (sub & 3)];
        bool first = sub < 4;
        int scale = first ? own & 63 : (last & 15) | (before >> 6 << 4);
        int minimum = first ? after & 63 : (last >> 4) | (own >> 6 << 4);
        r.Scale = EightOfBlock.Half(stored, block) * scale;
        r.Minimum = EightOfBlock.Half(stored, block + 2) * minimum;
    }
}

/// <summary>Blocks of 256 with 5-bit values.</summary>
readonly struct StoredQ5K : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 8) * 176;
        int i = (int)at & 255;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 48 + ((i >> 6) * 32) + (i & 31), ((i >> 5) & 1) * 4);
        r.AddBits(stored, block + 16 + (i & 31), i >> 5, 4);
        StoredQ4K.SetScaleAndMinimum(ref r, stored, block, i >> 5);
        return r.Values();
    }
}

/// <summary>Blocks of 256 with 6-bit values.</summary>
readonly struct StoredQ6K : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 8) * 210;
        int i = (int)at & 255;
        int half = i >> 7;
        int row = (i >> 5) & 3;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + (half * 64) + ((row & 1) * 32) + (i & 31), (row >> 1) * 4);
        r.AddPairs(stored, block + 128 + (half * 32) + (i & 31), row * 2);
        int scale = (stored[block + 192 + (i >> 4)] ^ 128) - 128;
        r.Scale = EightOfBlock.Half(stored, block + 208) * scale;
        r.Offset = 32;
        return r.Values();
    }
}
