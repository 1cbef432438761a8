using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>A dense row-major f32 view of device memory. Copying the struct copies the view, not the values.</summary>
/// <remarks>A tensor made by <see cref="Device.NewTensor"/> owns its storage; views made from it share it.</remarks>
public readonly unsafe struct Tensor : IDisposable
{
    readonly long _offset;

    /// <summary>The f32 tensor that begins where a block begins, and owns it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The block is too small.</exception>
    public Tensor(Storage storage, Shape shape)
        : this(storage, 0, shape) => ArgumentOutOfRangeException.ThrowIfGreaterThan(checked(shape.Count * sizeof(float)), storage.Bytes, nameof(shape));

    internal Tensor(Storage storage, long offset, Shape shape)
    {
        Debug.Assert((offset + shape.Count) * sizeof(float) <= storage.Bytes, "view outside its storage");
        Storage = storage;
        _offset = offset;
        Shape = shape;
    }

    /// <summary>The memory behind the view.</summary>
    public Storage Storage { get; }

    /// <summary>Extents, outermost first.</summary>
    public Shape Shape { get; }

    /// <summary>Number of elements.</summary>
    public long Count => Shape.Count;

    /// <summary>All axes but the last, multiplied.</summary>
    public int Rows => Columns == 0 ? 0 : checked((int)(Count / Columns));

    /// <summary>Extent of the last axis (1 for rank 0).</summary>
    public int Columns => Shape.Rank == 0 ? 1 : Shape[-1];

    /// <summary>The device the values live on.</summary>
    public Device Device => Storage.Device;

    /// <summary>True for a view that was never set.</summary>
    public bool IsEmpty => Storage is null;

    /// <summary>Where the view begins in its storage, bytes.</summary>
    internal long ByteOffset => _offset * sizeof(float);

    /// <summary>First element in host memory (CPU devices only).</summary>
    public float* Pointer => (float*)Storage.Address + _offset;

    /// <summary>The values as a span (CPU devices only; at most 2^31 - 1 elements).</summary>
    public Span<float> Span => new(Pointer, checked((int)Count));

    /// <summary>The same values under another shape.</summary>
    public Tensor Reshape(Shape shape) => shape.Count == Count
        ? new Tensor(Storage, _offset, shape)
        : throw new ArgumentException($"{Shape} has {Count} values and cannot be seen as {shape}.");

    /// <summary>Entries <paramref name="start"/> to <paramref name="start"/> + <paramref name="count"/> of the outermost axis.</summary>
    public Tensor Slice(int start, int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + count, Shape[0], nameof(count));
        long stride = Shape[0] == 0 ? 0 : Count / Shape[0];
        Span<int> extents = stackalloc int[Shape.MaxRank];
        extents = extents[..Shape.CopyTo(extents)];
        extents[0] = count;
        return new Tensor(Storage, _offset + (start * stride), Shape.Create(extents));
    }

    /// <summary>Entry <paramref name="index"/> of the outermost axis, which is dropped.</summary>
    public Tensor this[int index]
    {
        get
        {
            Span<int> extents = stackalloc int[Shape.MaxRank];
            return Slice(index, 1).Reshape(Shape.Create(extents[1..Shape.CopyTo(extents)]));
        }
    }

    /// <summary>Copies host values in; does nothing on a dry-run device.</summary>
    public void CopyFrom(ReadOnlySpan<float> values)
    {
        RequireCount(values.Length);
        Device.Upload(MemoryMarshal.AsBytes(values), Storage, ByteOffset);
    }

    /// <summary>Copies the values of a tensor of the same size; does nothing on a dry-run device.</summary>
    public void CopyFrom(Tensor source)
    {
        if (source.Count != Count)
        {
            throw new ArgumentException($"Cannot copy {source.Shape} into {Shape}: the sizes differ.");
        }

        Device.Copy(source.Storage, source.ByteOffset, Storage, ByteOffset, Count * sizeof(float));
    }

    /// <summary>Copies the values to the host; leaves <paramref name="values"/> as it is on a dry-run device.</summary>
    public void CopyTo(Span<float> values)
    {
        RequireCount(values.Length);
        Device.Download(Storage, ByteOffset, MemoryMarshal.AsBytes(values));
    }

    /// <summary>A copy of the values on the host (zeros on a dry-run device).</summary>
    public float[] ToArray()
    {
        var values = new float[Count];
        CopyTo(values);
        return values;
    }

    /// <summary>Sets every value; does nothing on a dry-run device.</summary>
    public void Fill(float value) => Device.Fill(Storage, ByteOffset, Count, value);

    /// <summary>Frees the storage (for tensors that own theirs).</summary>
    public void Dispose() => Storage?.Dispose();

    void RequireCount(int length)
    {
        if (length != Count)
        {
            throw new ArgumentException($"{Shape} has {Count} values; got {length}.");
        }
    }
}
