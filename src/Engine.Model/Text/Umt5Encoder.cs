using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Text;

/// <summary>UMT5's encoder: ids of a prompt to one embedding per id.</summary>
/// <remarks>
/// Port of UMT5EncoderModel, src/transformers/models/umt5/modeling_umt5.py of huggingface/transformers
/// @ de0f5d1eab94a1725c9e4f202498521adf32c5e1 (Apache-2.0);
/// names are transformers'. Prompts are encoded at their true length, which is what the original's mask amounts to.
/// The layers are either kept once read, or read from disk one after another for each call, the next one while this one
/// computes, so that two layers are in memory. All prompts of a call share one pass over the layers, and each is computed by
/// itself, so that its embedding does not depend on the others. Of the token embedding only the rows asked for are read.
/// Not thread-safe.
/// </remarks>
public sealed class Umt5Encoder : IDisposable
{
    /// <summary>The other name of the tied embedding.</summary>
    internal const string TiedName = "encoder.embed_tokens.weight";

    const string SharedName = "shared.weight";

    readonly IWeightSource _source;
    readonly TextEncoderConfig _config;
    readonly Device _device;
    readonly bool _resident;
    readonly EmbeddingCache? _cache;
    readonly Lazy<string> _identity;
    WeightStore? _kept;
    List<Umt5Layer>? _layers;

    /// <summary>Checks that a source holds just the tensors of this encoder. Weights are read by the first call of Encode that needs them.</summary>
    /// <param name="source">The weights; stays the caller's to dispose, after this.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="device">Where to run; nothing is read on a dry-run device.</param>
    /// <param name="resident">True to keep the layers in memory once read.</param>
    /// <param name="cache">Where embeddings of earlier runs are kept, or null.</param>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    public Umt5Encoder(IWeightSource source, TextEncoderConfig config, Device device, bool resident, EmbeddingCache? cache = null)
    {
        config.Validate();
        using var dry = new DryDevice();
        var store = new WeightStore(source, dry);
        Declare(store.Root, config);
        store.Complete();
        _source = source;
        _config = config;
        _device = device;
        _resident = resident;
        _cache = device.IsDry ? null : cache;
        _identity = new(() => EmbeddingCache.Identify(source, config, device));
    }

    /// <summary>Asks a store for every tensor of the encoder: lists them while recording, checks them over a source.</summary>
    public static void Declare(WeightScope at, TextEncoderConfig config)
    {
        // The embedding is tied: files hold it under one name, the other, or both.
        bool named = at.Has(SharedName) || at.Has(TiedName);
        foreach (string name in (string[])[SharedName, TiedName])
        {
            if (!named || at.Has(name))
            {
                at.Unused(name, [config.VocabSize, config.DModel]);
            }
        }

        for (int i = 0; i < config.Layers; i++)
        {
            Umt5Layer.Load(Block(at, i), config);
        }

        FinalNorm(at, config);
    }

    /// <summary>Embeddings of prompts, one row per id.</summary>
    /// <param name="prompts">Ids of each prompt, end mark included, no padding.</param>
    /// <param name="scratch">Memory for the call.</param>
    /// <param name="afterLayer">Told the number of layers done, if given.</param>
    /// <param name="cancel">Stops between layers.</param>
    /// <returns>For each prompt [ids, DModel]; the caller disposes them.</returns>
    /// <exception cref="EngineException">The weights cannot be read, or an id is not in the vocabulary.</exception>
    public Tensor[] Encode(
        IReadOnlyList<int[]> prompts, Workspace scratch, Action<int>? afterLayer = null, CancellationToken cancel = default)
    {
        var results = new Tensor[prompts.Count];
        bool done = false;
        try
        {
            var missing = new List<int>();
            for (int i = 0; i < prompts.Count; i++)
            {
                results[i] = _device.NewTensor([prompts[i].Length, _config.DModel]);
                if (_cache is null || !_cache.TryRead(_identity.Value, prompts[i], results[i]))
                {
                    missing.Add(i);
                }
            }

            if (missing.Count > 0)
            {
                Run([.. missing.Select(i => (prompts[i], results[i]))], scratch, afterLayer, cancel);
            }

            foreach (int i in missing)
            {
                _cache?.Write(_identity.Value, prompts[i], results[i]);
            }

            done = true;
            return results;
        }
        finally
        {
            if (!done)
            {
                Array.ForEach(results, r => r.Dispose());
            }
        }
    }

    /// <summary>Frees the layers that were kept.</summary>
    public void Dispose()
    {
        _kept?.Release();
        _kept = null;
        _layers = null;
    }

    static WeightScope Block(WeightScope at, int layer) => at["encoder"]["block"][layer];

    static Tensor FinalNorm(WeightScope at, TextEncoderConfig config) => at["encoder"].Vector("final_layer_norm.weight", [config.DModel]);

    void Run(List<(int[] Ids, Tensor X)> prompts, Workspace scratch, Action<int>? afterLayer, CancellationToken cancel)
    {
        foreach (var (ids, x) in prompts)
        {
            Embed(ids, x);
        }

        void Layer(Umt5Layer layer, int index)
        {
            foreach (var (_, x) in prompts)
            {
                layer.Forward(_device, x, scratch);
            }

            afterLayer?.Invoke(index + 1);
            cancel.ThrowIfCancellationRequested();
        }

        cancel.ThrowIfCancellationRequested();
        if (_resident)
        {
            Keep();
            for (int i = 0; i < _layers!.Count; i++)
            {
                Layer(_layers[i], i);
            }
        }
        else
        {
            Stream(Layer);
        }

        var last = new WeightStore(_source, _device);
        var gain = FinalNorm(last.Root, _config);
        foreach (var (_, x) in prompts)
        {
            RmsNorm.Run(_device, x, gain, x, _config.Eps);
        }

        last.Release();
    }

    void Embed(int[] ids, Tensor x)
    {
        var table = (_source.Find(SharedName) ?? _source.Find(TiedName))!;
        if (!table.Type.IsWeightType())
        {
            throw new EngineException(ErrorKind.BadInput, $"{_source.Path}: the token embedding {table.Name} is stored as {table.Type}, which holds no floats that can be used.");
        }

        int rowBytes = checked((int)table.Type.Bytes(_config.DModel));
        using var rows = new Weight(_device.Allocate((long)rowBytes * ids.Length), table.Type, ids.Length, _config.DModel);
        byte[] row = new byte[rowBytes];
        for (int i = 0; i < ids.Length; i++)
        {
            if ((uint)ids[i] >= (uint)_config.VocabSize)
            {
                throw new EngineException(ErrorKind.BadInput,
                    $"{_source.Path}: the tokenizer gave the id {ids[i]}, but the text encoder knows 0 to {_config.VocabSize - 1}; they belong to different models.");
            }

            if (!_device.IsDry)
            {
                _source.Read(table, (long)ids[i] * rowBytes, row);
                _device.Upload(row, rows.Storage, (long)i * rowBytes);
            }
        }

        Embedding.Run(_device, rows, [.. Enumerable.Range(0, ids.Length)], x);
    }

    void Keep()
    {
        if (_layers is not null)
        {
            return;
        }

        _kept = new WeightStore(_source, _device);
        _layers = [.. Enumerable.Range(0, _config.Layers).Select(i => Umt5Layer.Load(Block(_kept.Root, i), _config))];
    }

    /// <summary>Runs layer after layer; while one computes, another thread reads the next.</summary>
    void Stream(Action<Umt5Layer, int> run)
    {
        using var memory = new StoragePool();
        var current = Read(0, memory);
        Task<(WeightStore Store, Umt5Layer Layer)>? ahead = null;
        try
        {
            for (int i = 0; i < _config.Layers; i++)
            {
                ahead = i + 1 < _config.Layers ? ReadAhead(i + 1, memory) : null;
                run(current.Layer, i);
                _device.Synchronize();
                current.Store.Release();
                if (ahead is not null)
                {
                    current = ahead.GetAwaiter().GetResult();
                    ahead = null;
                }
            }
        }
        finally
        {
            current.Store.Release();
            if (ahead is not null)
            {
                // Never left running: it reads from the caller's source.
                ahead.ContinueWith(t => t.IsCompletedSuccessfully, TaskScheduler.Default).Wait();
                (ahead.IsCompletedSuccessfully ? ahead.Result.Store : null)?.Release();
            }
        }
    }

    // A dry run counts the two layers in the same order, without threads.
    Task<(WeightStore Store, Umt5Layer Layer)> ReadAhead(int layer, StoragePool memory) => _device.IsDry
        ? Task.FromResult(Read(layer, memory))
        : Task.Factory.StartNew(() => Read(layer, memory), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    (WeightStore Store, Umt5Layer Layer) Read(int layer, StoragePool memory)
    {
        var store = new WeightStore(_source, _device) { Pool = memory };
        try
        {
            return (store, Umt5Layer.Load(Block(store.Root, layer), _config));
        }
        catch
        {
            store.Release();
            throw;
        }
    }
}
