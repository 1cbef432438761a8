using System.Buffers.Binary;

namespace Engine.Kernels;

/// <content>The other way: f32 values into blocks.</content>
/// <remarks>
/// The formats with one scale a block take ggml's own rule (quantize_row_*_ref in <c>ggml-quants.c</c>, ggml-org/llama.cpp), so that
/// files are the same as other tools make. The K formats leave the choice of scales to the writer; <see cref="BlockFit"/> searches them.
/// </remarks>
public static partial class BlockFormats
{
    /// <summary>Stores values in whole blocks.</summary>
    /// <param name="type">A block type.</param>
    /// <param name="values">The values.</param>
    /// <param name="stored">As many bytes as the blocks take.</param>
    /// <exception cref="ArgumentException">Not a block type, or the lengths do not match.</exception>
    public static void Shrink(DType type, ReadOnlySpan<float> values, Span<byte> stored)
    {
        if (!type.IsBlockType() || stored.Length != type.Bytes(values.Length))
        {
            throw new ArgumentException($"{values.Length} values of {type} do not take {stored.Length} bytes.");
        }

        var (count, bytes) = type.Block();
        stored.Clear();
        for (int block = 0; block < values.Length / count; block++)
        {
            var x = values.Slice(block * count, count);
            var b = stored.Slice(block * bytes, bytes);
            switch (type)
            {
                case DType.Q4_0: ShrinkSigned(x, b, default, b[2..], half: 8); break;
                case DType.Q4_1: ShrinkBetween(x, b, default, b[4..], levels: 15); break;
                case DType.Q5_0: ShrinkSigned(x, b, b.Slice(2, 4), b[6..], half: 16); break;
                case DType.Q5_1: ShrinkBetween(x, b, b.Slice(4, 4), b[8..], levels: 31); break;
                case DType.Q8_0: ShrinkBytes(x, b); break;
                case DType.Q2_K: ShrinkQ2K(x, b); break;
                case DType.Q3_K: ShrinkQ3K(x, b); break;
                case DType.Q4_K: ShrinkQ45K(x, b, fifth: default, b[16..], levels: 15); break;
                case DType.Q5_K: ShrinkQ45K(x, b, b.Slice(16, 32), b[48..], levels: 31); break;
                default: ShrinkQ6K(x, b); break;
            }
        }
    }

    // The value that is largest in magnitude gets the code that has no positive twin.
    static void ShrinkSigned(ReadOnlySpan<float> x, Span<byte> b, Span<byte> fifth, Span<byte> q, int half)
    {
        float largest = Largest(x);
        float scale = largest / -half;
        float inverse = scale == 0 ? 0 : 1 / scale;
        WriteHalf(b, 0, scale);
        for (int j = 0; j < x.Length; j++)
        {
            PutNibble(j, Math.Min((2 * half) - 1, (int)((x[j] * inverse) + half + 0.5f)), fifth, q);
        }
    }

    static void ShrinkBetween(ReadOnlySpan<float> x, Span<byte> b, Span<byte> fifth, Span<byte> q, int levels)
    {
        float least = float.MaxValue;
        float most = float.MinValue;
        foreach (float value in x)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        float scale = (most - least) / levels;
        float inverse = scale == 0 ? 0 : 1 / scale;
        WriteHalf(b, 0, scale);
        WriteHalf(b, 2, least);
        for (int j = 0; j < x.Length; j++)
        {
            PutNibble(j, Math.Min(levels, (int)(((x[j] - least) * inverse) + 0.5f)), fifth, q);
        }
    }

    static void ShrinkBytes(ReadOnlySpan<float> x, Span<byte> b)
    {
        float scale = MathF.Abs(Largest(x)) / 127;
        float inverse = scale == 0 ? 0 : 1 / scale;
        WriteHalf(b, 0, scale);
        for (int j = 0; j < x.Length; j++)
        {
            b[2 + j] = (byte)(sbyte)MathF.Round(x[j] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    static void PutNibble(int j, int code, Span<byte> fifth, Span<byte> q)
    {
        q[j % 16] |= (byte)((code & 15) << (j / 16 * 4));
        if (!fifth.IsEmpty)
        {
            fifth[j / 8] |= (byte)(code >> 4 << (j % 8));
        }
    }

    // 16 sub-blocks of 16, with 4-bit scales and minima.
    static void ShrinkQ2K(ReadOnlySpan<float> x, Span<byte> b)
    {
        Span<float> scales = stackalloc float[16];
        Span<float> minima = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++)
        {
            (scales[sub], minima[sub]) = BlockFit.Between(x.Slice(sub * 16, 16), levels: 3);
        }

        float d = WriteHalf(b, 80, BlockFit.Largest(scales) / 15);
        float dmin = WriteHalf(b, 82, BlockFit.Largest(minima) / 15);
        Span<byte> codes = stackalloc byte[16];
        for (int sub = 0; sub < 16; sub++)
        {
            int scale = BlockFit.Code(scales[sub], d, 15);
            int minimum = BlockFit.Code(minima[sub], dmin, 15);
            b[sub] = (byte)(scale | (minimum << 4));
            BlockFit.Codes(x.Slice(sub * 16, 16), d * scale, -dmin * minimum, 0, 3, codes);
            for (int j = 0; j < 16; j++)
            {
                int i = (sub * 16) + j;
                b[16 + (i / 128 * 32) + (i % 32)] |= (byte)(codes[j] << (i % 128 / 32 * 2));
            }
        }
    }

    // 16 sub-blocks of 16, with signed 6-bit scales.
    static void ShrinkQ3K(ReadOnlySpan<float> x, Span<byte> b)
    {
        Span<float> scales = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++)
        {
            scales[sub] = BlockFit.Symmetric(x.Slice(sub * 16, 16), half: 4);
        }

        float d = WriteHalf(b, 108, Largest(scales) / -32);
        var packed = b.Slice(96, 12);
        Span<byte> codes = stackalloc byte[16];
        for (int sub = 0; sub < 16; sub++)
        {
            int scale = d == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[sub] / d), -32, 31);
            int stored = scale + 32;
            packed[sub % 8] |= (byte)((stored & 15) << (sub / 8 * 4));
            packed[8 + (sub % 4)] |= (byte)(stored >> 4 << (sub / 4 * 2));
            BlockFit.Codes(x.Slice(sub * 16, 16), d * scale, 0, -4, 3, codes);
            for (int j = 0; j < 16; j++)
            {
                int i = (sub * 16) + j;
                b[32 + (i / 128 * 32) + (i % 32)] |= (byte)((codes[j] & 3) << (i % 128 / 32 * 2));
                b[i % 32] |= (byte)(codes[j] >> 2 << (i / 32));
            }
        }
    }

    // 8 sub-blocks of 32, with 6-bit scales and minima.
    static void ShrinkQ45K(ReadOnlySpan<float> x, Span<byte> b, Span<byte> fifth, Span<byte> nibbles, int levels)
    {
        Span<float> scales = stackalloc float[8];
        Span<float> minima = stackalloc float[8];
        for (int sub = 0; sub < 8; sub++)
        {
            (scales[sub], minima[sub]) = BlockFit.Between(x.Slice(sub * 32, 32), levels);
        }

        float d = WriteHalf(b, 0, BlockFit.Largest(scales) / 63);
        float dmin = WriteHalf(b, 2, BlockFit.Largest(minima) / 63);
        var packed = b.Slice(4, 12);
        Span<byte> codes = stackalloc byte[32];
        for (int sub = 0; sub < 8; sub++)
        {
            int scale = BlockFit.Code(scales[sub], d, 63);
            int minimum = BlockFit.Code(minima[sub], dmin, 63);
            PutScaleAndMin(packed, sub, scale, minimum);
            BlockFit.Codes(x.Slice(sub * 32, 32), d * scale, -dmin * minimum, 0, levels, codes);
            for (int j = 0; j < 32; j++)
            {
                nibbles[(sub / 2 * 32) + j] |= (byte)((codes[j] & 15) << (sub % 2 * 4));
                if (!fifth.IsEmpty)
                {
                    fifth[j] |= (byte)(codes[j] >> 4 << sub);
                }
            }
        }
    }

    // 16 sub-blocks of 16, with signed 8-bit scales.
    static void ShrinkQ6K(ReadOnlySpan<float> x, Span<byte> b)
    {
        Span<float> scales = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++)
        {
            scales[sub] = BlockFit.Symmetric(x.Slice(sub * 16, 16), half: 32);
        }

        float d = WriteHalf(b, 208, Largest(scales) / -128);
        Span<byte> codes = stackalloc byte[16];
        for (int sub = 0; sub < 16; sub++)
        {
            int scale = d == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[sub] / d), -128, 127);
            b[192 + sub] = (byte)(sbyte)scale;
            BlockFit.Codes(x.Slice(sub * 16, 16), d * scale, 0, -32, 31, codes);
            for (int j = 0; j < 16; j++)
            {
                int i = (sub * 16) + j;
                int row = i % 128 / 32;
                b[(i / 128 * 64) + (row % 2 * 32) + (i % 32)] |= (byte)((codes[j] & 15) << (row / 2 * 4));
                b[128 + (i / 128 * 32) + (i % 32)] |= (byte)(codes[j] >> 4 << (row * 2));
            }
        }
    }

    static void PutScaleAndMin(Span<byte> packed, int sub, int scale, int minimum)
    {
        if (sub < 4)
        {
            packed[sub] |= (byte)scale;
            packed[sub + 4] |= (byte)minimum;
            return;
        }

        packed[sub + 4] |= (byte)((scale & 15) | ((minimum & 15) << 4));
        packed[sub - 4] |= (byte)(scale >> 4 << 6);
        packed[sub] |= (byte)(minimum >> 4 << 6);
    }

    // With its sign.
    static float Largest(ReadOnlySpan<float> x)
    {
        float largest = 0;
        foreach (float value in x)
        {
            largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
        }

        return largest;
    }

    // What was written, as it will be read.
    static float WriteHalf(Span<byte> b, int at, float value)
    {
        var half = (Half)Math.Clamp(value, -65504f, 65504f);
        BinaryPrimitives.WriteHalfLittleEndian(b[at..], half);
        return (float)half;
    }
}
