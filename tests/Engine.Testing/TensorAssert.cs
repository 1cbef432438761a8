using Engine.Kernels;

namespace Engine.Testing;

/// <summary>Comparison of tensors that says where and by how much they differ.</summary>
public static class TensorAssert
{
    /// <summary>Fails unless |got - want| is at most absolute + relative * |want| everywhere; NaN is never close to anything.</summary>
    /// <param name="want">Expected values.</param>
    /// <param name="got">Computed values.</param>
    /// <param name="relative">Tolerance relative to each expected value.</param>
    /// <param name="absolute">Tolerance on top, in the unit of the values.</param>
    /// <exception cref="InvalidOperationException">They differ; the message names the worst value.</exception>
    public static void Close(Tensor want, Tensor got, double relative, double absolute = 0)
    {
        if (want.Shape != got.Shape)
        {
            throw new InvalidOperationException($"The shapes differ: expected {want.Shape}, got {got.Shape}.");
        }

        var a = want.Span;
        var b = got.Span;
        int worst = -1;
        int wrong = 0;
        double excess = 0;
        for (int i = 0; i < a.Length; i++)
        {
            double over = Math.Abs((double)b[i] - a[i]) / (absolute + (relative * Math.Abs((double)a[i])));
            if (a[i].Equals(b[i]) || over <= 1)
            {
                continue;
            }

            wrong++;
            if (worst < 0 || double.IsNaN(over) || over > excess)
            {
                worst = i;
                excess = over;
            }
        }

        if (worst >= 0)
        {
            throw new InvalidOperationException(
                $"{wrong} of {a.Length} values differ; worst at {Place(want.Shape, worst)}: expected {a[worst]:G9}, got {b[worst]:G9} " +
                $"({Ulps(a[worst], b[worst])} units in the last place, {excess:G3} times the tolerance).");
        }
    }

    /// <summary>Fails unless every value has the same bits.</summary>
    public static void Same(Tensor want, Tensor got)
    {
        var a = want.Span;
        var b = got.Span;
        for (int i = 0; i < Math.Max(a.Length, b.Length); i++)
        {
            if (BitConverter.SingleToInt32Bits(a[i]) != BitConverter.SingleToInt32Bits(b[i]))
            {
                throw new InvalidOperationException(
                    $"First difference at {Place(want.Shape, i)}: expected {a[i]:G9}, got {b[i]:G9} ({Ulps(a[i], b[i])} units in the last place).");
            }
        }
    }

    /// <summary>Distance of two values in units in the last place.</summary>
    public static long Ulps(float a, float b)
    {
        return float.IsNaN(a) || float.IsNaN(b) ? long.MaxValue : Math.Abs(Order(a) - Order(b));

        static long Order(float v)
        {
            int bits = BitConverter.SingleToInt32Bits(v);
            return bits < 0 ? -(long)(bits & 0x7FFFFFFF) : bits;
        }
    }

    static string Place(Shape shape, int index)
    {
        var at = new int[shape.Rank];
        for (int axis = shape.Rank - 1; axis >= 0; axis--)
        {
            at[axis] = index % shape[axis];
            index /= shape[axis];
        }

        return $"[{string.Join(", ", at)}]";
    }
}
