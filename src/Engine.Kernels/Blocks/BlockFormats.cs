using System.Buffers.Binary;

namespace Engine.Kernels;

/// <summary>GGUF's block formats, expanded to f32: one block at a time, in plain loops. This is the specification.</summary>
/// <remarks>
/// Layouts as in ggml's <c>ggml-common.h</c> and <c>ggml-quants.c</c> (ggml-org/llama.cpp). Values of a block are
/// scale x (q - offset) or scale x q - minimum; the K formats scale their scales once more per block of 256.
/// </remarks>
public static partial class BlockFormats
{
    /// <summary>Expands whole blocks.</summary>
    /// <param name="type">A block type.</param>
    /// <param name="stored">The blocks' bytes.</param>
    /// <param name="values">As many values as the blocks hold.</param>
    /// <exception cref="ArgumentException">Not a block type, or the lengths do not match.</exception>
    public static void Expand(DType type, ReadOnlySpan<byte> stored, Span<float> values)
    {
        if (!type.IsBlockType() || stored.Length != type.Bytes(values.Length))
        {
            throw new ArgumentException($"{stored.Length} bytes are not {values.Length} values of {type}.");
        }

        var (count, bytes) = type.Block();
        for (int block = 0; block < values.Length / count; block++)
        {
            ExpandBlock(type, stored.Slice(block * bytes, bytes), values.Slice(block * count, count));
        }
    }

    /// <summary>Value <paramref name="index"/> of a matrix of blocks.</summary>
    internal static unsafe float Reference(DType type, byte* stored, long index)
    {
        var (count, bytes) = type.Block();
        Span<float> values = stackalloc float[count];
        ExpandBlock(type, new ReadOnlySpan<byte>(stored + (index / count * bytes), bytes), values);
        return values[(int)(index % count)];
    }

    static void ExpandBlock(DType type, ReadOnlySpan<byte> b, Span<float> y)
    {
        switch (type)
        {
            case DType.Q4_0: Nibbles(b[2..], default, Half(b, 0), offset: 8, minimum: 0, y); break;
            case DType.Q4_1: Nibbles(b[4..], default, Half(b, 0), offset: 0, Half(b, 2), y); break;
            case DType.Q5_0: Nibbles(b[6..], b.Slice(2, 4), Half(b, 0), offset: 16, minimum: 0, y); break;
            case DType.Q5_1: Nibbles(b[8..], b.Slice(4, 4), Half(b, 0), offset: 0, Half(b, 2), y); break;
            case DType.Q8_0: Bytes(b[2..], Half(b, 0), y); break;
            case DType.Q2_K: Q2K(b, y); break;
            case DType.Q3_K: Q3K(b, y); break;
            case DType.Q4_K: Q4K(b, y); break;
            case DType.Q5_K: Q5K(b, y); break;
            case DType.Q6_K: Q6K(b, y); break;
            default: throw new ArgumentException($"{type} is not a block type.", nameof(type));
        }
    }

    static float Half(ReadOnlySpan<byte> b, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(b[at..]);

    // Low nibbles are values 0-15, high nibbles 16-31; the fifth bits, where present, are one word.
    static void Nibbles(ReadOnlySpan<byte> q, ReadOnlySpan<byte> fifth, float scale, int offset, float minimum, Span<float> y)
    {
        uint high = fifth.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(fifth);
        for (int j = 0; j < 16; j++)
        {
            int low = (q[j] & 15) | ((int)(high >> j) & 1) << 4;
            int up = (q[j] >> 4) | ((int)(high >> (j + 16)) & 1) << 4;
            y[j] = (scale * (low - offset)) + minimum;
            y[j + 16] = (scale * (up - offset)) + minimum;
        }
    }

    static void Bytes(ReadOnlySpan<byte> q, float scale, Span<float> y)
    {
        for (int j = 0; j < y.Length; j++)
        {
            y[j] = scale * (sbyte)q[j];
        }
    }

    // 16 bytes of 4-bit scale and minimum, 64 bytes of 2-bit values, d, dmin.
    static void Q2K(ReadOnlySpan<byte> b, Span<float> y)
    {
        float d = Half(b, 80);
        float dmin = Half(b, 82);
        for (int i = 0; i < 256; i++)
        {
            int q = (b[16 + (i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;
            byte scale = b[i / 16];
            y[i] = (d * (scale & 15) * q) - (dmin * (scale >> 4));
        }
    }

    // 32 bytes of third bits, 64 bytes of 2-bit values, 12 bytes of 6-bit scales, d.
    static void Q3K(ReadOnlySpan<byte> b, Span<float> y)
    {
        float d = Half(b, 108);
        var packed = b.Slice(96, 12);
        for (int i = 0; i < 256; i++)
        {
            int q = (b[32 + (i / 128 * 32) + (i % 32)] >> (i % 128 / 32 * 2)) & 3;
            bool third = (b[i % 32] & (1 << (i / 32))) != 0;
            int sub = i / 16;
            int low = (packed[sub % 8] >> (sub / 8 * 4)) & 15;
            int high = (packed[8 + (sub % 4)] >> (sub / 4 * 2)) & 3;
            int scale = (low | (high << 4)) - 32;
            y[i] = d * scale * (q - (third ? 0 : 4));
        }
    }

    // d, dmin, 12 bytes of 6-bit scales and minima, 128 bytes of nibbles.
    static void Q4K(ReadOnlySpan<byte> b, Span<float> y)
    {
        float d = Half(b, 0);
        float dmin = Half(b, 2);
        for (int i = 0; i < 256; i++)
        {
            var (scale, min) = ScaleAndMin(b.Slice(4, 12), i / 32);
            int q = (b[16 + (i / 64 * 32) + (i % 32)] >> (i / 32 % 2 * 4)) & 15;
            y[i] = (d * scale * q) - (dmin * min);
        }
    }

    // As Q4_K, with 32 bytes of fifth bits before the nibbles.
    static void Q5K(ReadOnlySpan<byte> b, Span<float> y)
    {
        float d = Half(b, 0);
        float dmin = Half(b, 2);
        for (int i = 0; i < 256; i++)
        {
            var (scale, min) = ScaleAndMin(b.Slice(4, 12), i / 32);
            int q = (b[48 + (i / 64 * 32) + (i % 32)] >> (i / 32 % 2 * 4)) & 15;
            q |= ((b[16 + (i % 32)] >> (i / 32)) & 1) << 4;
            y[i] = (d * scale * q) - (dmin * min);
        }
    }

    // 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, d.
    static void Q6K(ReadOnlySpan<byte> b, Span<float> y)
    {
        float d = Half(b, 208);
        for (int i = 0; i < 256; i++)
        {
            int half = i / 128;
            int row = i % 128 / 32;
            int column = i % 32;
            int low = (b[(half * 64) + (row % 2 * 32) + column] >> (row / 2 * 4)) & 15;
            int high = (b[128 + (half * 32) + column] >> (row * 2)) & 3;
            y[i] = d * (sbyte)b[192 + (i / 16)] * ((low | (high << 4)) - 32);
        }
    }

    // Eight 6-bit scales and eight 6-bit minima in 12 bytes: the upper bits of the last four lie in the first eight bytes.
    static (int Scale, int Min) ScaleAndMin(ReadOnlySpan<byte> packed, int sub) => sub < 4
        ? (packed[sub] & 63, packed[sub + 4] & 63)
        : ((packed[sub + 4] & 15) | (packed[sub - 4] >> 6 << 4), (packed[sub + 4] >> 4) | (packed[sub] >> 6 << 4));
}
