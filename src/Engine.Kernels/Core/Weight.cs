namespace Engine.Kernels;

/// <summary>A weight matrix [N, K] (N outputs, K inputs), kept in the precision it is stored in.</summary>
/// <remarks>Kernels widen it to f32 as they read it. A value is <c>stored * Scale</c>.</remarks>
public sealed unsafe class Weight : IDisposable
{
    /// <summary>Wraps memory that holds N x K values, row-major.</summary>
    public Weight(Storage storage, DType type, int rows, int columns, float scale = 1)
    {
        if (!type.IsWeightType())
        {
            throw new ArgumentException($"{type} is not a weight type.", nameof(type));
        }

        ArgumentOutOfRangeException.ThrowIfLessThan(storage.Bytes, type.Bytes((long)rows * columns));
        Storage = storage;
        Type = type;
        Rows = rows;
        Columns = columns;
        Scale = scale;
    }

    /// <summary>The memory behind the matrix.</summary>
    public Storage Storage { get; }

    /// <summary>Element type as stored.</summary>
    public DType Type { get; }

    /// <summary>N, outputs.</summary>
    public int Rows { get; }

    /// <summary>K, inputs.</summary>
    public int Columns { get; }

    /// <summary>Factor on every stored value (1 unless the file is a scaled fp8 one).</summary>
    public float Scale { get; }

    /// <summary>First stored byte (CPU devices only).</summary>
    public byte* Address => Storage.Address;

    /// <summary>Bytes the matrix takes.</summary>
    public long Bytes => Type.Bytes((long)Rows * Columns);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => Storage.Dispose();
}
