using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Engine.Kernels;

/// <summary>Which product goes where: y11, y12, y21 and y22 are quarters 0 to 3, rows first.</summary>
/// <remarks>
/// 0: (x11 + x22)(w11 + w22), 1: (x21 + x22) w11, 2: x11 (w12 - w22), 3: (x21 - x11)(w11 + w12), 4: x22 (w21 - w11),
/// 5: (x11 + x12) w22, 6: (x12 - x22)(w21 + w22).
/// </remarks>
static class StrassenProducts
{
    /// <summary>Number of products.</summary>
    public const int Count = 7;

    static ReadOnlySpan<sbyte> Signs =>
    [
        1, 0, 0, 1,
        0, 0, 1, -1,
        0, 1, 0, 1,
        0, 0, 0, 1,
        1, 0, 1, 0,
        -1, 1, 0, 0,
        1, 0, 0, 0,
    ];

    /// <summary>1 where the product is added to the quarter, -1 where it is taken from it, 0 where it does not belong there.</summary>
    public static int Sign(int product, int quarter) => Signs[(product * 4) + quarter];

    /// <summary>The product that comes to the quarter first.</summary>
    public static int First(int quarter) => quarter switch
    {
        1 => 2,
        2 => 1,
        _ => 0,
    };
}

/// <summary>Packed weights of one part: the four quarters, and one sum of them at a time.</summary>
/// <param name="memory">Five blocks.</param>
/// <param name="size">Floats of a block in use.</param>
readonly unsafe struct StrassenPanels(float* memory, int size)
{
    /// <summary>w11, w12, w21 or w22.</summary>
    public float* Quarter(int quarter) => memory + (quarter * (nint)size);

    /// <summary>The right side of a product; valid until the next call.</summary>
    public float* Sum(int product)
    {
        float* sum = memory + (4 * (nint)size);
        switch (product)
        {
            case 0:
                Add(Quarter(0), Quarter(3), sum, size);
                return sum;
            case 1:
                return Quarter(0);
            case 2:
                Subtract(Quarter(1), Quarter(3), sum, size);
                return sum;
            case 3:
                Add(Quarter(0), Quarter(1), sum, size);
                return sum;
            case 4:
                Subtract(Quarter(2), Quarter(0), sum, size);
                return sum;
            case 5:
                return Quarter(3);
            default:
                Add(Quarter(2), Quarter(3), sum, size);
                return sum;
        }
    }

    /// <summary>to = a + b, each of <paramref name="count"/> floats.</summary>
    public static void Add(float* a, float* b, float* to, int count) =>
        TensorPrimitives.Add(new ReadOnlySpan<float>(a, count), new ReadOnlySpan<float>(b, count), new Span<float>(to, count));

    /// <summary>to = a - b, each of <paramref name="count"/> floats.</summary>
    public static void Subtract(float* a, float* b, float* to, int count) =>
        TensorPrimitives.Subtract(new ReadOnlySpan<float>(a, count), new ReadOnlySpan<float>(b, count), new Span<float>(to, count));
}
