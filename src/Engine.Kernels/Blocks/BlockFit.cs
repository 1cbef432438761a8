using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Chooses scale and minimum of a sub-block so that the squared error of its codes is small.</summary>
/// <remarks>
/// A few starting scales are tried; for the codes that each gives, the best scale (and minimum) is the least-squares solution.
/// Sub-blocks are 16 or 32 values.
/// </remarks>
static class BlockFit
{
    const int Tries = 9;
    const float Widest = 0.12f;

    /// <summary>x is about scale * code - minimum, with codes 0..levels and a minimum of 0 or more.</summary>
    public static (float Scale, float Minimum) Between(ReadOnlySpan<float> x, int levels)
    {
        float least = 0;
        float most = 0;
        foreach (float value in x)
        {
            least = Math.Min(least, value);
            most = Math.Max(most, value);
        }

        float range = most - least;
        if (range == 0 || !float.IsFinite(range))
        {
            return (0, 0);
        }

        var best = (Scale: range / levels, Minimum: -least);
        float bestError = float.MaxValue;
        for (int i = 0; i < Tries; i++)
        {
            float inverse = levels / range * (1 + (Widest * ((2f * i / (Tries - 1)) - 1)));
            var sums = Sum(x, inverse, -least, 0, levels);
            float determinant = (x.Length * sums.Squares) - (sums.Codes * sums.Codes);
            if (determinant <= 0)
            {
                continue;
            }

            float scale = ((x.Length * sums.Products) - (sums.Values * sums.Codes)) / determinant;
            float minimum = ((sums.Codes * sums.Products) - (sums.Squares * sums.Values)) / determinant;
            if (minimum < 0)
            {
                minimum = 0;
                scale = sums.Products / sums.Squares;
            }

            // Sum of (scale q - minimum - x)^2, without what is the same for all.
            float error = (scale * scale * sums.Squares) + (x.Length * minimum * minimum)
                - (2 * scale * minimum * sums.Codes) - (2 * scale * sums.Products) + (2 * minimum * sums.Values);
            if (scale > 0 && error < bestError)
            {
                best = (scale, minimum);
                bestError = error;
            }
        }

        return best;
    }

    /// <summary>x is about scale * code, with codes -half..half-1; the scale may be negative.</summary>
    public static float Symmetric(ReadOnlySpan<float> x, int half)
    {
        float largest = 0;
        foreach (float value in x)
        {
            largest = MathF.Abs(value) > MathF.Abs(largest) ? value : largest;
        }

        if (largest == 0 || !float.IsFinite(largest))
        {
            return 0;
        }

        float best = largest / -half;
        float bestGain = 0;
        for (int i = 0; i < Tries; i++)
        {
            float inverse = -half / largest * (1 + (Widest * ((2f * i / (Tries - 1)) - 1)));
            var sums = Sum(x, inverse, 0, -half, half - 1);
            float gain = sums.Squares > 0 ? sums.Products * sums.Products / sums.Squares : 0;
            if (gain > bestGain)
            {
                best = sums.Products / sums.Squares;
                bestGain = gain;
            }
        }

        return best;
    }

    /// <summary>The nearest multiple of a step, 0 to <paramref name="most"/>.</summary>
    public static int Code(float value, float step, int most) => step == 0 ? 0 : (int)Math.Clamp(MathF.Round(value / step), 0, most);

    /// <summary>Codes of values for a given scale and offset, moved so that the least is 0.</summary>
    public static void Codes(ReadOnlySpan<float> x, float scale, float offset, int least, int most, Span<byte> codes)
    {
        float inverse = scale == 0 ? 0 : 1 / scale;
        for (int j = 0; j < x.Length; j++)
        {
            codes[j] = (byte)((int)Math.Clamp(MathF.Round((x[j] - offset) * inverse), least, most) - least);
        }
    }

    /// <summary>The largest of some values that are 0 or more.</summary>
    public static float Largest(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
        {
            largest = Math.Max(largest, value);
        }

        return largest;
    }

    // Codes q = round((x + shift) * inverse), and what the least-squares solution needs of them.
    static (float Values, float Codes, float Squares, float Products) Sum(ReadOnlySpan<float> x, float inverse, float shift, int least, int most)
    {
        Vector256<float> values = default, codes = default, squares = default, products = default;
        var low = Vector256.Create((float)least);
        var high = Vector256.Create((float)most);
        foreach (var v in MemoryMarshal.Cast<float, Vector256<float>>(x))
        {
            var q = Vector256.Min(Vector256.Max(Vector256.Round((v + Vector256.Create(shift)) * inverse), low), high);
            values += v;
            codes += q;
            squares += q * q;
            products += v * q;
        }

        return (Vector256.Sum(values), Vector256.Sum(codes), Vector256.Sum(squares), Vector256.Sum(products));
    }
}
