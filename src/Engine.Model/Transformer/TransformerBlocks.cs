using Engine.Kernels;
using Engine.Model.Lora;
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

    /// <summary>What reading blocks from the checkpoint has taken so far; nothing where they are in memory.</summary>
    public virtual BlockReading Reading => default;

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

/// <summary>What reading blocks from a checkpoint has taken.</summary>
/// <param name="Waited">Seconds for which computing stood still because a block was not there yet.</param>
/// <param name="Busy">Seconds for which something was read, beside the computing or not.</param>
/// <param name="Bytes">Bytes of the weights that were read.</param>
public readonly record struct BlockReading(double Waited, double Busy, long Bytes)
{
    /// <summary>What was added since an earlier count.</summary>
    public BlockReading Since(BlockReading before) => new(Waited - before.Waited, Busy - before.Busy, Bytes - before.Bytes);
}
