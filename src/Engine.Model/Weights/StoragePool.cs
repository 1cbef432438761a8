using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Blocks of memory that go from a layer that is done with to the next one that is read.</summary>
/// <remarks>
/// Memory that is new to the process is cleared by the system first, page by page, which takes as long as reading it from a
/// good disk (perf/records/text.md); on accelerators it is the allocation that takes time. Thread-safe.
/// </remarks>
sealed class StoragePool : IDisposable
{
    readonly Dictionary<(Device Device, long Bytes), Stack<Storage>> _free = [];
    readonly Lock _lock = new();

    /// <summary>A block of just that size, its values undefined.</summary>
    /// <exception cref="EngineException">The device has not that much memory left.</exception>
    public Storage Take(Device device, long bytes)
    {
        lock (_lock)
        {
            if (_free.TryGetValue((device, bytes), out var blocks) && blocks.TryPop(out var block))
            {
                return block;
            }
        }

        return device.Allocate(bytes);
    }

    /// <summary>Gives a block back; nobody may use it until it is taken again.</summary>
    public void Return(Storage block)
    {
        lock (_lock)
        {
            if (!_free.TryGetValue((block.Device, block.Bytes), out var blocks))
            {
                _free.Add((block.Device, block.Bytes), blocks = new());
            }

            blocks.Push(block);
        }
    }

    /// <summary>Frees the blocks that are not in use.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (var block in _free.Values.SelectMany(blocks => blocks))
            {
                block.Dispose();
            }

            _free.Clear();
        }
    }
}
