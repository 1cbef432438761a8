using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Eight values of a block as bytes q: a value is scale (q - offset) - minimum.</summary>
/// <remarks>Eight values in a row never leave a sub-block, so that they share scale and minimum.</remarks>
struct EightOfBlock
{
    const uint FourOnes = 0x01010101;
    const uint FourNibbles = 0x0F0F0F0F;
    const uint FourPairs = 0x03030303;

    public uint Low;
    public uint High;
    public float Scale;
    public float Minimum;
    public int Offset;

    /// <summary>The values.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly F8 Values()
    {
        F8 r = default;
        r.V0 = One(Low & 255);
        r.V1 = One((Low >> 8) & 255);
        r.V2 = One((Low >> 16) & 255);
        r.V3 = One(Low >> 24);
        r.V4 = One(High & 255);
        r.V5 = One((High >> 8) & 255);
        r.V6 = One((High >> 16) & 255);
        r.V7 = One(High >> 24);
        return r;
    }

    /// <summary>Takes four bits each of eight bytes from an even address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetNibbles(ArrayView<byte> stored, long at, int shift)
    {
        Low = (Four(stored, at) >> shift) & FourNibbles;
        High = (Four(stored, at + 4) >> shift) & FourNibbles;
    }

    /// <summary>Takes two bits each of eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void SetPairs(ArrayView<byte> stored, long at, int shift)
    {
        Low = (Four(stored, at) >> shift) & FourPairs;
        High = (Four(stored, at + 4) >> shift) & FourPairs;
    }

    /// <summary>Puts two bits each of eight bytes above the four that are there.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddPairs(ArrayView<byte> stored, long at, int shift)
    {
        Low |= ((Four(stored, at) >> shift) & FourPairs) << 4;
        High |= ((Four(stored, at + 4) >> shift) & FourPairs) << 4;
    }

    /// <summary>Puts one bit each of eight bytes at bit <paramref name="to"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddBits(ArrayView<byte> stored, long at, int shift, int to)
    {
        Low |= ((Four(stored, at) >> shift) & FourOnes) << to;
        High |= ((Four(stored, at + 4) >> shift) & FourOnes) << to;
    }

    /// <summary>Puts the eight lowest bits of a word at the fifth place of each value.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void AddFifths(uint bits)
    {
        // Four bits times that constant lie in four bytes, bit i in byte i.
        Low |= (((bits & 15) * 0x00204081) & FourOnes) << 4;
        High |= ((((bits >> 4) & 15) * 0x00204081) & FourOnes) << 4;
    }

    /// <summary>Four bytes from an even address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Four(ArrayView<byte> stored, long at)
    {
        var two = stored.Cast<ushort>();
        return two[at >> 1] | ((uint)two[(at >> 1) + 1] << 16);
    }

    /// <summary>A half-precision number from an even address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Half(ArrayView<byte> stored, long at) => DeviceMath.FromF16(stored.Cast<ushort>()[at >> 1]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    readonly float One(uint q) => (Scale * ((int)q - Offset)) - Minimum;
}

/// <summary>Blocks of 32 with 4-bit values.</summary>
readonly struct StoredQ40 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 5) * 18;
        int i = (int)at & 31;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 2 + (i & 15), (i >> 4) * 4);
        r.Scale = EightOfBlock.Half(stored, block);
        r.Offset = 8;
        return r.Values();
    }
}

/// <summary>Blocks of 32 with 4-bit values and a minimum.</summary>
readonly struct StoredQ41 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 5) * 20;
        int i = (int)at & 31;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 4 + (i & 15), (i >> 4) * 4);
        r.Scale = EightOfBlock.Half(stored, block);
        r.Minimum = -EightOfBlock.Half(stored, block + 2);
        return r.Values();
    }
}

/// <summary>Blocks of 32 with 5-bit values.</summary>
readonly struct StoredQ50 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 5) * 22;
        int i = (int)at & 31;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 6 + (i & 15), (i >> 4) * 4);
        r.AddFifths(EightOfBlock.Four(stored, block + 2) >> i);
        r.Scale = EightOfBlock.Half(stored, block);
        r.Offset = 16;
        return r.Values();
    }
}

/// <summary>Blocks of 32 with 5-bit values and a minimum.</summary>
readonly struct StoredQ51 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        long block = (at >> 5) * 24;
        int i = (int)at & 31;
        EightOfBlock r = default;
        r.SetNibbles(stored, block + 8 + (i & 15), (i >> 4) * 4);
        r.AddFifths(EightOfBlock.Four(stored, block + 4) >> i);
        r.Scale = EightOfBlock.Half(stored, block);
        r.Minimum = -EightOfBlock.Half(stored, block + 2);
        return r.Values();
    }
}

/// <summary>Blocks of 32 with signed bytes.</summary>
readonly struct StoredQ80 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        // With the sign bit turned over, a signed byte is an unsigned one less 128.
        long block = (at >> 5) * 34;
        long q = block + 2 + (at & 31);
        EightOfBlock r = default;
        r.Low = EightOfBlock.Four(stored, q) ^ 0x80808080;
        r.High = EightOfBlock.Four(stored, q + 4) ^ 0x80808080;
        r.Scale = EightOfBlock.Half(stored, block);
        r.Offset = 128;
        return r.Values();
    }
}
