using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>Scratch memory that is handed out in stack order and taken back scope by scope.</summary>
/// <remarks>
/// The first pass through a model sizes it (blocks are added as they are asked for); every later pass
/// reuses those blocks, so that nothing allocates inside the denoising loop. On a dry-run device the same
/// code measures the peak for the plan.
/// </remarks>
public sealed class Workspace : IDisposable
{
    readonly List<Block> _blocks = [];
    readonly long _blockBytes;
    readonly long _alignment;
    int _block;
    long _used;

    /// <summary>Makes an empty workspace.</summary>
    /// <param name="device">Device the scratch lives on.</param>
    /// <param name="blockBytes">Smallest block to allocate at a time, bytes.</param>
    public Workspace(Device device, long blockBytes = 1 << 20)
    {
        Device = device;
        _blockBytes = blockBytes;
        _alignment = device.Kind == DeviceKind.Cpu ? Storage.Alignment : GpuArena.Alignment;
    }

    /// <summary>Device the scratch lives on.</summary>
    public Device Device { get; }

    /// <summary>Bytes held, used or not.</summary>
    public long Capacity => _blocks.Sum(b => b.Storage.Bytes);

    /// <summary>An uninitialised f32 tensor, valid until the enclosing scope ends.</summary>
    public Tensor Take(Shape shape)
    {
        long count = shape.Count;
        long offset = TakeBytes(checked(count * sizeof(float)));
        return new Tensor(_blocks[_block].Storage, offset / sizeof(float), shape);
    }

    /// <summary>A zeroed f32 tensor, valid until the enclosing scope ends.</summary>
    public Tensor TakeZeroed(Shape shape)
    {
        var tensor = Take(shape);
        tensor.Fill(0);
        return tensor;
    }

    /// <summary>Uninitialised bytes (64-byte aligned), valid until the enclosing scope ends; null on a dry-run device.</summary>
    public unsafe byte* TakeRaw(long bytes)
    {
        long offset = TakeBytes(bytes);
        return Device.IsDry ? null : _blocks[_block].Storage.Address + offset;
    }

    /// <summary>Opens a scope; disposing it gives back all that was taken since.</summary>
    public Frame Scope() => new(this, _block, _used);

    /// <summary>Frees every block.</summary>
    public void Dispose()
    {
        foreach (var block in _blocks)
        {
            block.Storage.Dispose();
        }

        _blocks.Clear();
        _block = 0;
        _used = 0;
    }

    long TakeBytes(long bytes)
    {
        long rounded = (bytes + _alignment - 1) / _alignment * _alignment;
        while (_block < _blocks.Count)
        {
            if (_used + rounded <= _blocks[_block].Storage.Bytes)
            {
                long at = _used;
                _used += rounded;
                return at;
            }

            if (_block + 1 == _blocks.Count)
            {
                break;
            }

            _block++;
            _used = 0;
        }

        // An empty last block that is too small is replaced rather than kept as a hole.
        if (_block < _blocks.Count && _used == 0)
        {
            _blocks[_block].Storage.Dispose();
            _blocks.RemoveAt(_block);
        }

        _blocks.Add(new Block(Device.Allocate(Math.Max(rounded, _blockBytes))));
        _block = _blocks.Count - 1;
        _used = rounded;
        return 0;
    }

    readonly record struct Block(Storage Storage);

    /// <summary>An open scope of a workspace.</summary>
    public readonly struct Frame : IDisposable
    {
        readonly Workspace _workspace;
        readonly int _block;
        readonly long _used;

        internal Frame(Workspace workspace, int block, long used)
        {
            _workspace = workspace;
            _block = block;
            _used = used;
        }

        /// <summary>Gives back what was taken since the scope was opened.</summary>
        public void Dispose()
        {
            _workspace._block = _block;
            _workspace._used = _used;
        }
    }
}
