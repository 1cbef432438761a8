using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>The blocks of a transformer in the order they run (control blocks among them), in memory or read when their turn comes.</summary>
abstract class TransformerBlocks : IDisposable
{
    /// <summary>Number of blocks.</summary>
    public abstract int Count { get; }

    /// <summary>A block that is ready to run until <see cref="Leave"/>.</summary>
    /// <param name="index">Its place in <see cref="TransformerConfig.BlockOrder"/>.</param>
    public abstract WanTransformerBlock Enter(int index);

    /// <summary>Ends the use of the block that was entered last.</summary>
    public abstract void Leave();

    /// <summary>Frees the weights.</summary>
    public abstract void Dispose();
}

/// <summary>All blocks in memory.</summary>
sealed class ResidentBlocks : TransformerBlocks
{
    readonly WanTransformerBlock[] _blocks;

    /// <summary>Reads every block.</summary>
    public ResidentBlocks(WeightScope at, TransformerConfig config)
    {
        _blocks = new WanTransformerBlock[config.BlockOrder.Count];
        for (int i = 0; i < _blocks.Length; i++)
        {
            _blocks[i] = WanTransformerBlock.Load(at, config, i);
        }
    }

    /// <inheritdoc/>
    public override int Count => _blocks.Length;

    /// <inheritdoc/>
    public override WanTransformerBlock Enter(int index) => _blocks[index];

    /// <inheritdoc/>
    public override void Leave()
    {
    }

    /// <inheritdoc/>
    public override void Dispose() => Array.ForEach(_blocks, block => block.Dispose());
}

/// <summary>One block in memory at a time, read from the checkpoint in every forward.</summary>
/// <remarks>
/// Memory is that of one block; a forward reads the whole checkpoint, which pays as soon as a block computes for longer
/// than it takes to read: from some hundred tokens on for a disk of 1 GB/s.
/// </remarks>
sealed class StreamedBlocks : TransformerBlocks
{
    readonly IWeightSource _source;
    readonly TransformerConfig _config;
    readonly Device _device;
    WeightStore? _store;

    /// <summary>Reads nothing yet; the source is this object's to dispose.</summary>
    public StreamedBlocks(IWeightSource source, TransformerConfig config, Device device)
    {
        _source = source;
        _config = config;
        _device = device;
    }

    /// <inheritdoc/>
    public override int Count => _config.BlockOrder.Count;

    /// <inheritdoc/>
    public override WanTransformerBlock Enter(int index)
    {
        Leave();
        _store = new WeightStore(_source, _device);
        return WanTransformerBlock.Load(_store.Root, _config, index);
    }

    /// <inheritdoc/>
    public override void Leave()
    {
        _store?.Release();
        _store = null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Leave();
        _source.Dispose();
    }
}
