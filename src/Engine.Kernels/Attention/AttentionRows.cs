using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>What blocked attention does with rows between its matrix products.</summary>
static unsafe class AttentionRows
{
    /// <summary>to[r, c] = from[r, c] * factor, to densely.</summary>
    public static void Scale(float* from, nint stride, int rows, int columns, float factor, float* to)
    {
        for (; rows > 0; rows--, from += stride, to += columns)
        {
            ScaleRow(from, columns, factor, to);
        }
    }

    /// <summary>y[r] = sums[r] / totals[r].</summary>
    public static void Divide(float* sums, int width, int rows, int columns, float* totals, float* y, nint stride)
    {
        for (; rows > 0; rows--, sums += width, totals++, y += stride)
        {
            ScaleRow(sums, columns, 1 / *totals, y);
        }
    }

    /// <summary>Adds a number to one value of each row.</summary>
    public static void AddToColumn(float* column, int stride, int rows, float value)
    {
        for (; rows > 0; rows--, column += stride)
        {
            *column += value;
        }
    }

    /// <summary>sums = sums * correction, row by row, where the maximum has changed.</summary>
    public static void Correct(float* sums, int width, int rows, float* correction)
    {
        for (; rows > 0; rows--, sums += width, correction++)
        {
            if (*correction != 1)
            {
                ScaleRow(sums, width, *correction, sums);
            }
        }
    }

    /// <summary>
    /// Turns scores (log2) into weights relative to the highest score so far, and brings maximum and total of each row up to date.
    /// </summary>
    /// <param name="isa">Instruction set.</param>
    /// <param name="scores">Scores [rows, stride]; weights on return.</param>
    /// <param name="stride">Floats from one row to the next, a multiple of the panel's width.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="count">Keys.</param>
    /// <param name="width">Width of a panel: columns from count to the next multiple of it are scratch.</param>
    /// <param name="bias">Added to the scores after a factor log2(e), or null.</param>
    /// <param name="biasStride">Floats from one row of the bias to the next.</param>
    /// <param name="highest">Highest score of each row so far (log2).</param>
    /// <param name="totals">Sum of the weights of each row so far.</param>
    /// <param name="correction">Result: factor for what was summed under the earlier maximum.</param>
    public static void Softmax(
        Isa isa, float* scores, int stride, int rows, int count, int width, float* bias, nint biasStride, float* highest, float* totals, float* correction)
    {
        int padded = (count + width - 1) / width * width;
        for (int r = 0; r < rows; r++, scores += stride)
        {
            if (bias != null)
            {
                AddBias(scores, count, bias + (r * biasStride));
            }

            for (int c = count; c < padded; c++)
            {
                scores[c] = float.NegativeInfinity;
            }

            if (isa == Isa.Avx512)
            {
                Row512(scores, padded, highest + r, totals + r, correction + r);
            }
            else
            {
                Row256(scores, padded, highest + r, totals + r, correction + r);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Row512(float* scores, int count, float* highest, float* total, float* correction)
    {
        var high = Vector512.Create(*highest);
        for (int c = 0; c < count; c += 16)
        {
            high = Vector512.MaxNative(high, Vector512.Load(scores + c));
        }

        float top = Highest(Vector256.MaxNative(high.GetLower(), high.GetUpper()));
        var tops = Vector512.Create(top);
        var sum = Vector512<float>.Zero;
        for (int c = 0; c < count; c += 16)
        {
            var weight = VectorMath.Exp2OfNegative(Vector512.Load(scores + c) - tops);
            weight.Store(scores + c);
            sum += weight;
        }

        float factor = VectorMath.Exp2OfNegative(Vector256.Create(*highest - top)).ToScalar();
        *total = (*total * factor) + Vector512.Sum(sum);
        *highest = top;
        *correction = factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Row256(float* scores, int count, float* highest, float* total, float* correction)
    {
        var high = Vector256.Create(*highest);
        for (int c = 0; c < count; c += 8)
        {
            high = Vector256.MaxNative(high, Vector256.Load(scores + c));
        }

        float top = Highest(high);
        var tops = Vector256.Create(top);
        var sum = Vector256<float>.Zero;
        for (int c = 0; c < count; c += 8)
        {
            var weight = VectorMath.Exp2OfNegative(Vector256.Load(scores + c) - tops);
            weight.Store(scores + c);
            sum += weight;
        }

        float factor = VectorMath.Exp2OfNegative(Vector256.Create(*highest - top)).ToScalar();
        *total = (*total * factor) + Vector256.Sum(sum);
        *highest = top;
        *correction = factor;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static float Highest(Vector256<float> values)
    {
        var four = Vector128.MaxNative(values.GetLower(), values.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void AddBias(float* scores, int count, float* bias)
    {
        var factor = Vector256.Create(VectorMath.Log2E);
        int c = 0;
        for (; c <= count - 8; c += 8)
        {
            Vector256.MultiplyAddEstimate(Vector256.Load(bias + c), factor, Vector256.Load(scores + c)).Store(scores + c);
        }

        for (; c < count; c++)
        {
            scores[c] += bias[c] * VectorMath.Log2E;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void ScaleRow(float* from, int count, float factor, float* to)
    {
        var factors = Vector256.Create(factor);
        int c = 0;
        for (; c <= count - 8; c += 8)
        {
            (Vector256.Load(from + c) * factors).Store(to + c);
        }

        for (; c < count; c++)
        {
            to[c] = from[c] * factor;
        }
    }
}
