using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>For each token, the row of a modulation table that applies to it.</summary>
/// <remarks>
/// Tokens that share a timestep share one row, so that the table has as many rows as there are distinct timesteps.
/// </remarks>
public sealed unsafe class RowMap : IDisposable
{
    readonly Storage _storage;

    /// <summary>Copies a map to a device.</summary>
    /// <param name="device">Device that the operations run on.</param>
    /// <param name="rows">Row of the table, 0 or more, for each token.</param>
    public RowMap(Device device, ReadOnlySpan<int> rows)
    {
        Count = rows.Length;
        foreach (int row in rows)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(row, nameof(rows));
            Highest = Math.Max(Highest, row);
        }

        _storage = device.Allocate((long)rows.Length * sizeof(int));
        device.Upload(MemoryMarshal.AsBytes(rows), _storage, 0);
    }

    /// <summary>Number of tokens.</summary>
    public int Count { get; }

    /// <summary>The largest row that is named.</summary>
    public int Highest { get; }

    /// <summary>The memory behind the map.</summary>
    internal Storage Storage => _storage;

    /// <summary>First entry in host memory (CPU devices only).</summary>
    public int* Pointer => (int*)_storage.Address;

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _storage.Dispose();
}
