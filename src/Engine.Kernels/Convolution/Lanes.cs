using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>A vector of floats of some width, so that a transform is written once for all widths.</summary>
unsafe interface ILanes<T>
    where T : struct, ILanes<T>
{
    /// <summary>Floats in a vector.</summary>
    static abstract int Width { get; }

    /// <summary>Reads a vector.</summary>
    static abstract T Load(float* from);

    /// <summary>Reads a vector of a packed pixel, see <see cref="PlanePacking"/>: 16 high bits and 8 lower ones of each value.</summary>
    static abstract T Load(ushort* high, byte* low);

    /// <summary>The same value in every lane.</summary>
    static abstract T All(float value);

    /// <summary>a * b + c, rounded once where the machine can.</summary>
    static abstract T MultiplyAdd(T a, T b, T c);

    /// <summary>Sum.</summary>
    static abstract T operator +(T a, T b);

    /// <summary>Difference.</summary>
    static abstract T operator -(T a, T b);

    /// <summary>Product.</summary>
    static abstract T operator *(T a, T b);

    /// <summary>Writes the vector.</summary>
    void Store(float* to);
}

/// <summary>Eight floats.</summary>
readonly unsafe struct Lanes8(Vector256<float> value) : ILanes<Lanes8>
{
    readonly Vector256<float> _value = value;

    /// <inheritdoc/>
    public static int Width => 8;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(float* from) => new(Vector256.Load(from));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 Load(ushort* high, byte* low)
    {
        var words = Vector128.Load(high);
        var bytes = Vector128.WidenLower(Vector128.CreateScalarUnsafe(*(ulong*)low).AsByte());
        var h = Vector256.Create(Vector128.WidenLower(words), Vector128.WidenUpper(words));
        var l = Vector256.Create(Vector128.WidenLower(bytes), Vector128.WidenUpper(bytes));
        return new(((h << 16) | (l << 8)).AsSingle());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 All(float value) => new(Vector256.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 MultiplyAdd(Lanes8 a, Lanes8 b, Lanes8 c) => new(Vector256.MultiplyAddEstimate(a._value, b._value, c._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator +(Lanes8 a, Lanes8 b) => new(a._value + b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator -(Lanes8 a, Lanes8 b) => new(a._value - b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes8 operator *(Lanes8 a, Lanes8 b) => new(a._value * b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => _value.Store(to);
}

/// <summary>Sixteen floats.</summary>
readonly unsafe struct Lanes16(Vector512<float> value) : ILanes<Lanes16>
{
    readonly Vector512<float> _value = value;

    /// <inheritdoc/>
    public static int Width => 16;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(float* from) => new(Vector512.Load(from));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 Load(ushort* high, byte* low)
    {
        var words = Vector256.Load(high);
        var eights = Vector128.Load(low);
        var bytes = Vector256.Create(Vector128.WidenLower(eights), Vector128.WidenUpper(eights));
        var h = Vector512.Create(Vector256.WidenLower(words), Vector256.WidenUpper(words));
        var l = Vector512.Create(Vector256.WidenLower(bytes), Vector256.WidenUpper(bytes));
        return new(((h << 16) | (l << 8)).AsSingle());
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 All(float value) => new(Vector512.Create(value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 MultiplyAdd(Lanes16 a, Lanes16 b, Lanes16 c) => new(Vector512.MultiplyAddEstimate(a._value, b._value, c._value));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator +(Lanes16 a, Lanes16 b) => new(a._value + b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator -(Lanes16 a, Lanes16 b) => new(a._value - b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Lanes16 operator *(Lanes16 a, Lanes16 b) => new(a._value * b._value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => _value.Store(to);
}
