using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time: the same products and sums in the same order as the specification, so equal to the bit.</content>
public static unsafe partial class BlockFormats
{
    const int LargestBlock = 256;

    /// <summary>Expands <paramref name="count"/> values from value <paramref name="index"/> on; neither needs to meet a block's edge.</summary>
    /// <param name="type">A block type.</param>
    /// <param name="stored">First block of the matrix.</param>
    /// <param name="index">First value wanted.</param>
    /// <param name="count">Values wanted.</param>
    /// <param name="to">Filled with <paramref name="count"/> values.</param>
    internal static void Expand(DType type, byte* stored, long index, int count, float* to)
    {
        var (values, bytes) = type.Block();
        float* whole = stackalloc float[LargestBlock];
        long end = index + count;
        for (long block = index / values; block * values < end; block++)
        {
            long first = block * values;
            byte* from = stored + (block * bytes);
            if (first >= index && first + values <= end)
            {
                Block(type, from, to + (first - index));
                continue;
            }

            Block(type, from, whole);
            long begin = Math.Max(first, index);
            int part = (int)(Math.Min(first + values, end) - begin);
            new Span<float>(whole + (begin - first), part).CopyTo(new Span<float>(to + (begin - index), part));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Block(DType type, byte* b, float* y)
    {
        switch (type)
        {
            case DType.Q4_0: NibbleBlock(b + 2, 0, Half(b), 8, 0, y); break;
            case DType.Q4_1: NibbleBlock(b + 4, 0, Half(b), 0, Half(b + 2), y); break;
            case DType.Q5_0: NibbleBlock(b + 6, *(uint*)(b + 2), Half(b), 16, 0, y); break;
            case DType.Q5_1: NibbleBlock(b + 8, *(uint*)(b + 4), Half(b), 0, Half(b + 2), y); break;
            case DType.Q8_0: ByteBlock(b + 2, Half(b), y); break;
            case DType.Q2_K: Q2KBlock(b, y); break;
            case DType.Q3_K: Q3KBlock(b, y); break;
            case DType.Q4_K: Q45KBlock(b, b + 16, null, y); break;
            case DType.Q5_K: Q45KBlock(b, b + 48, b + 16, y); break;
            case DType.Q6_K: Q6KBlock(b, y); break;
            default: throw new ArgumentException($"{type} is not a block type.", nameof(type));
        }
    }

    static float Half(byte* b) => (float)*(Half*)b;

    // Eight bytes, each in a 32-bit lane of its own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Lanes(byte* b)
    {
        var words = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)b).AsByte());
        return Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words)).AsInt32();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<float> Float(Vector256<int> q) => Vector256.ConvertToSingle(q);

    static void NibbleBlock(byte* q, uint fifth, float scale, int offset, float minimum, float* y)
    {
        var word = Vector256.Create(fifth).AsInt32();
        var ones = Vector256.Create(1, 2, 4, 8, 16, 32, 64, 128);
        for (int j = 0; j < 16; j += 8)
        {
            var bits = Lanes(q + j);
            var low = bits & Vector256.Create(15);
            var high = Vector256.ShiftRightLogical(bits, 4);
            if (fifth != 0)
            {
                low |= Sixteens(word, ones << j);
                high |= Sixteens(word, ones << (j + 16));
            }

            var by = Vector256.Create(scale);
            ((Float(low - Vector256.Create(offset)) * by) + Vector256.Create(minimum)).Store(y + j);
            ((Float(high - Vector256.Create(offset)) * by) + Vector256.Create(minimum)).Store(y + j + 16);
        }
    }

    // 16 in each lane whose bit is set.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static Vector256<int> Sixteens(Vector256<int> word, Vector256<int> bit) =>
        Vector256.Equals(word & bit, bit) & Vector256.Create(16);

    static void ByteBlock(byte* q, float scale, float* y)
    {
        for (int j = 0; j < 32; j += 8)
        {
            var words = Vector128.WidenLower(Vector128.CreateScalar(*(ulong*)(q + j)).AsSByte());
            var values = Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words));
            (Float(values) * Vector256.Create(scale)).Store(y + j);
        }
    }

    static void Q2KBlock(byte* b, float* y)
    {
        float d = Half(b + 80), dmin = Half(b + 82);
        for (int sub = 0; sub < 16; sub++)
        {
            byte* q = b + 16 + (sub / 8 * 32) + (sub % 2 * 16);
            int shift = sub % 8 / 2 * 2;
            var scale = Vector256.Create(d * (b[sub] & 15));
            var minimum = Vector256.Create(dmin * (b[sub] >> 4));
            for (int j = 0; j < 16; j += 8)
            {
                var bits = Vector256.ShiftRightLogical(Lanes(q + j), shift) & Vector256.Create(3);
                ((scale * Float(bits)) - minimum).Store(y + (sub * 16) + j);
            }
        }
    }

    static void Q3KBlock(byte* b, float* y)
    {
        float d = Half(b + 108);
        byte* packed = b + 96;
        for (int sub = 0; sub < 16; sub++)
        {
            byte* q = b + 32 + (sub / 8 * 32) + (sub % 2 * 16);
            byte* third = b + (sub % 2 * 16);
            int shift = sub % 8 / 2 * 2;
            int low = (packed[sub % 8] >> (sub / 8 * 4)) & 15;
            int high = (packed[8 + (sub % 4)] >> (sub / 4 * 2)) & 3;
            var scale = Vector256.Create(d * ((low | (high << 4)) - 32));
            for (int j = 0; j < 16; j += 8)
            {
                var bits = Vector256.ShiftRightLogical(Lanes(q + j), shift) & Vector256.Create(3);
                var top = Vector256.ShiftRightLogical(Lanes(third + j), sub / 2) & Vector256.Create(1);
                (scale * Float(bits + (top << 2) - Vector256.Create(4))).Store(y + (sub * 16) + j);
            }
        }
    }

    // fifth: the upper bits of Q5_K, or null.
    static void Q45KBlock(byte* b, byte* nibbles, byte* fifth, float* y)
    {
        float d = Half(b), dmin = Half(b + 2);
        var packed = new ReadOnlySpan<byte>(b + 4, 12);
        for (int sub = 0; sub < 8; sub++)
        {
            var (s, m) = ScaleAndMin(packed, sub);
            var scale = Vector256.Create(d * s);
            var minimum = Vector256.Create(dmin * m);
            byte* q = nibbles + (sub / 2 * 32);
            for (int j = 0; j < 32; j += 8)
            {
                var bits = Vector256.ShiftRightLogical(Lanes(q + j), sub % 2 * 4) & Vector256.Create(15);
                if (fifth is not null)
                {
                    bits |= (Vector256.ShiftRightLogical(Lanes(fifth + j), sub) & Vector256.Create(1)) << 4;
                }

                ((scale * Float(bits)) - minimum).Store(y + (sub * 32) + j);
            }
        }
    }

    static void Q6KBlock(byte* b, float* y)
    {
        float d = Half(b + 208);
        for (int sub = 0; sub < 16; sub++)
        {
            int half = sub / 8;
            int row = sub % 8 / 2;
            int column = sub % 2 * 16;
            byte* low = b + (half * 64) + (row % 2 * 32) + column;
            byte* high = b + 128 + (half * 32) + column;
            var scale = Vector256.Create(d * (sbyte)b[192 + sub]);
            for (int j = 0; j < 16; j += 8)
            {
                var bits = Vector256.ShiftRightLogical(Lanes(low + j), row / 2 * 4) & Vector256.Create(15);
                bits |= (Vector256.ShiftRightLogical(Lanes(high + j), row * 2) & Vector256.Create(3)) << 4;
                (scale * Float(bits - Vector256.Create(32))).Store(y + (sub * 16) + j);
            }
        }
    }
}
