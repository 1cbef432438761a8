using System.Diagnostics;
using Engine.Kernels;
using Engine.Model.Lora;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Two blocks in memory at a time: while one computes, the next is read from the checkpoint on a thread of its own.</summary>
/// <remarks>
/// A forward reads the whole checkpoint, and takes as long as the slower of reading and computing. After the last block comes the
/// first again, so that the next forward finds it read. Only on the CPU do reads go straight to where the block computes from;
/// other devices take uploads from the thread that uses them, so that there the next block is read when its turn comes.
/// </remarks>
sealed class StreamedBlocks : TransformerBlocks
{
    readonly IWeightSource _source;
    readonly TransformerConfig _config;
    readonly Device _device;
    readonly LoraSet? _loras;
    readonly CancellationTokenSource _closing = new();
    readonly StoragePool _memory = new();
    Loaded? _current;
    Task<Loaded>? _next;
    int _nextIndex;
    BlockReading _reading;

    /// <summary>Reads nothing yet; the source and the LoRAs are this object's to dispose.</summary>
    public StreamedBlocks(IWeightSource source, TransformerConfig config, Device device, LoraSet? loras)
    {
        _source = source;
        _config = config;
        _device = device;
        _loras = loras;
    }

    /// <inheritdoc/>
    public override int Count => _config.BlockOrder.Count;

    /// <inheritdoc/>
    public override BlockReading Reading => _reading;

    /// <inheritdoc/>
    public override WanTransformerBlock Enter(int index)
    {
        Leave();
        long start = Stopwatch.GetTimestamp();
        _current = Take(index);
        _reading = new(
            _reading.Waited + Stopwatch.GetElapsedTime(start).TotalSeconds, _reading.Busy + _current.Seconds, _reading.Bytes + _current.Store.Bytes);
        if (_device.IsCpu || _device.IsDry)
        {
            _nextIndex = (index + 1) % Count;

            // A dry run counts the memory of the next block at the same point.
            _next = _device.IsDry ? Task.FromResult(Load(_nextIndex)) : Task.Run(() => Load(_nextIndex));
        }

        return _current.Block;
    }

    /// <inheritdoc/>
    public override void Leave()
    {
        _current?.Store.Release();
        _current = null;
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        Leave();
        _closing.Cancel();
        DropNext();
        _memory.Dispose();
        _closing.Dispose();
        _source.Dispose();
        _loras?.Dispose();
    }

    Loaded Take(int index)
    {
        if (_next is { } next && _nextIndex == index)
        {
            _next = null;
            return next.GetAwaiter().GetResult();
        }

        // Another order than the usual one, as after a forward that was stopped midway.
        DropNext();
        return Load(index);
    }

    void DropNext()
    {
        try
        {
            _next?.GetAwaiter().GetResult().Store.Release();
        }
        catch (Exception e) when (e is OperationCanceledException or EngineException)
        {
            // Whoever asks for that block again is told.
        }

        _next = null;
    }

    Loaded Load(int index)
    {
        long start = Stopwatch.GetTimestamp();
        var store = new WeightStore(_source, _device, _loras, streamed: true) { Cancel = _closing.Token, Pool = _memory };
        try
        {
            var block = WanTransformerBlock.Load(store.Root, _config, index);
            return new Loaded(block, store, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        catch
        {
            store.Release();
            throw;
        }
    }

    sealed record Loaded(WanTransformerBlock Block, WeightStore Store, double Seconds);
}
