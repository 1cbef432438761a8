using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Hands the tensors of a source to a model that is being loaded, and checks that all of them fit.</summary>
/// <remarks>
/// Loading never stops at the first problem: a tensor that is missing or has the wrong shape is noted and answered with
/// uninitialised memory, and <see cref="Complete()"/> then reports every problem at once. So a model must not be used
/// before <see cref="Complete()"/> has returned. On a dry-run device nothing is read, only counted.
/// Not thread-safe; several stores may share one source, e.g. one per layer when streaming.
/// </remarks>
public sealed class WeightStore
{
    readonly IWeightSource? _source;
    readonly IWeightChanges? _changes;
    readonly bool _streamed;
    readonly HashSet<string> _changed = [];
    readonly DType _recordedType;
    readonly List<(string Name, Shape Shape)> _requested = [];
    readonly HashSet<string> _known = [];
    readonly List<string> _missing = [];
    readonly List<string> _misfits = [];
    readonly List<Storage> _storages = [];
    readonly List<Storage> _mapped = [];

    /// <summary>Opens a store over a source. The source stays the caller's to dispose.</summary>
    public WeightStore(IWeightSource source, Device device)
        : this(source, device, changes: null)
    {
    }

    /// <summary>Opens a store over a source with changes, which are merged into the tensors or handed out beside them.</summary>
    /// <param name="source">The checkpoint; it stays the caller's to dispose.</param>
    /// <param name="device">Where the tensors go.</param>
    /// <param name="changes">What is added to them, or null.</param>
    /// <param name="streamed">True when the same tensors are read again and again.</param>
    internal WeightStore(IWeightSource source, Device device, IWeightChanges? changes, bool streamed = false)
    {
        _source = source;
        _changes = changes;
        _streamed = streamed;
        Device = device;
    }

    WeightStore(DryDevice device, DType type)
    {
        Device = device;
        _recordedType = type;
    }

    /// <summary>Stops a load that takes long; looked at before each matrix.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Where memory comes from and goes back to, if not from and to the device itself.</summary>
    internal StoragePool? Pool { get; init; }

    /// <summary>Where the tensors go.</summary>
    public Device Device { get; }

    /// <summary>The names without a prefix.</summary>
    public WeightScope Root => new(this, "");

    /// <summary>Every tensor asked for so far, under its full name and as it is stored.</summary>
    public IReadOnlyList<(string Name, Shape Shape)> Requested => _requested;

    /// <summary>Bytes of what was handed out and not released.</summary>
    internal long Bytes => _storages.Sum(storage => storage.Bytes) + _mapped.Sum(storage => storage.Bytes);

    /// <summary>A store without a source: it answers every request with an empty weight of <paramref name="type"/> and notes it.</summary>
    /// <remarks>Loading a model from it lists what the model expects, and counts the memory its weights take.</remarks>
    public static WeightStore Recording(DryDevice device, DType type) => new(device, type);

    /// <summary>Checks names, shapes and types of a whole model without reading or allocating anything.</summary>
    /// <remarks>Reading a big checkpoint takes a minute: this says at once that it is not the one its configuration describes.</remarks>
    /// <param name="source">The checkpoint.</param>
    /// <param name="load">Loads the model from a scope onto a dry-run device.</param>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    public static void Require(IWeightSource source, Action<WeightScope, Device> load) => Require(source, null, load);

    /// <summary>Like <see cref="Require(IWeightSource, Action{WeightScope, Device})"/>, with changes to the weights.</summary>
    internal static void Require(IWeightSource source, IWeightChanges? changes, Action<WeightScope, Device> load)
    {
        using var dry = new DryDevice();
        var store = new WeightStore(source, dry, changes);
        load(store.Root, dry);
        store.Complete();
    }

    /// <summary>Checks that everything asked for was there and everything there was asked for.</summary>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    public void Complete() => Complete("");

    /// <summary>Like <see cref="Complete()"/>, but tensors outside the given prefixes need not have been asked for.</summary>
    /// <param name="prefixes">Full prefixes with their closing dot, e.g. <c>encoder.block.3.</c>; "" stands for all.</param>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    public void Complete(params ReadOnlySpan<string> prefixes)
    {
        var extra = new List<string>();
        foreach (var tensor in _source?.Tensors ?? [])
        {
            if (!_known.Contains(tensor.Name) && StartsWithAny(tensor.Name, prefixes))
            {
                extra.Add($"{Shown(tensor.Name)} {Describe(tensor)}");
            }
        }

        if (_missing.Count + _misfits.Count + extra.Count > 0)
        {
            throw new WeightMismatchException(_source?.Path ?? "", _missing, extra, _misfits);
        }

        // A layer that takes a changed matrix must also take what is kept beside it: to forget it would be silent.
        foreach (string name in _changes?.Names ?? [])
        {
            if (StartsWithAny(name, prefixes) && !_changed.Contains(name))
            {
                throw new InvalidOperationException($"The change to '{name}' was not taken by the layer that has it.");
            }
        }
    }

    /// <summary>Frees every tensor this store handed out (a layer that was streamed in and is done with).</summary>
    public void Release()
    {
        foreach (var storage in _storages)
        {
            if (Pool is null)
            {
                storage.Dispose();
            }
            else
            {
                Pool.Return(storage);
            }
        }

        _storages.Clear();
        _mapped.ForEach(storage => storage.Dispose());
        _mapped.Clear();
    }

    internal bool Has(string name) => _source?.Find(name) is not null;

    internal void Ignore(string name) => _known.Add(name);

    // Of a matrix that nobody multiplies by, nobody asks for the factor either.
    internal void Unused(string name, Shape shape)
    {
        Find(name, shape);
        _known.UnionWith(WeightScales.Companions(name));
    }

    internal Weight Matrix(string name, Shape stored)
    {
        Cancel.ThrowIfCancellationRequested();
        int rows = stored.Rank == 0 ? 1 : stored[0];
        int columns = rows == 0 ? 0 : checked((int)(stored.Count / rows));
        var tensor = Find(name, stored);
        if (tensor is not null && !tensor.Type.IsWeightType())
        {
            Misfit(tensor, "which no kernel multiplies by; F32, BF16, F16, F8_E4M3 and F8_E5M2 will do");
            tensor = null;
        }

        var type = tensor?.Type ?? (_source is null ? _recordedType : DType.F32);
        if (tensor is null)
        {
            return new Weight(Allocate(type.Bytes(stored.Count)), type, rows, columns);
        }

        float scale = Scale(tensor);
        bool merges = Merges(name, type);
        if (!merges && WeightReader.Map(_source!, tensor, Device) is { } mapped)
        {
            _mapped.Add(mapped);
            return new Weight(mapped, type, rows, columns, scale);
        }

        var storage = Allocate(type.Bytes(stored.Count));
        if (merges)
        {
            _changed.Add(name);
            WeightMerger.Merge(_source!, tensor, scale, _changes!.Of(name), storage);
        }
        else
        {
            WeightReader.Fill(_source!, tensor, storage);
        }

        return new Weight(storage, type, rows, columns, scale);
    }

    /// <summary>Changes to a matrix that are not merged into it.</summary>
    internal LowRankTerm[] Terms(string name)
    {
        if (_changes is null || _changes.Of(name) is not { Count: > 0 } changes || _source?.Find(name) is not { } tensor || Merges(name, tensor.Type))
        {
            return [];
        }

        _changed.Add(name);
        return [.. changes.Select(change => new LowRankTerm(change.Down is { } down ? Kept(change, down, 1) : null, Kept(change, change.Up, change.Factor)))];
    }

    Weight Kept(WeightChange change, TensorInfo part, float factor)
    {
        int rows = checked((int)part.Shape[0]);
        int columns = checked((int)(part.Shape.Aggregate(1L, (product, extent) => product * extent) / rows));
        var storage = Allocate(part.Bytes);
        WeightReader.Fill(change.Source, part, storage);
        return new Weight(storage, part.Type, rows, columns, factor);
    }

    bool Merges(string name, DType stored) => _changes is not null && _changes.Of(name).Count > 0 && _changes.Merges(stored, _streamed);

    internal Tensor Vector(string name, Shape shape)
    {
        var tensor = Find(name, shape);
        if (tensor is not null && !WeightReader.CanWiden(tensor.Type))
        {
            Misfit(tensor, "where floats belong; F32, BF16, F16, F8_E4M3, F8_E5M2 and F64 will do");
            tensor = null;
        }

        var values = new Tensor(Allocate(checked(shape.Count * sizeof(float))), shape);
        if (tensor is not null)
        {
            WeightReader.Widen(_source!, tensor, values);
        }

        if (tensor is not null && _changes?.Of(name) is { Count: > 0 } changes)
        {
            _changed.Add(name);
            WeightMerger.Add(values, changes);
        }

        return values;
    }

    // 8-bit weights come with a factor, which is a part of them: it is not listed as asked for.
    float Scale(TensorInfo weight)
    {
        foreach (string unused in WeightScales.Unused(weight.Name))
        {
            _known.Add(unused);
        }

        if (WeightScales.Find(_source!, weight) is not { } scale)
        {
            return 1;
        }

        _known.Add(scale.Name);
        if (!WeightScales.IsOneValue(scale))
        {
            Misfit(scale, "where the factor of a whole matrix belongs; factors for rows or blocks are not known");
            return 1;
        }

        float value = Device.IsDry ? 1 : WeightReader.One(_source!, scale);
        if (!float.IsFinite(value))
        {
            Misfit(scale, $"whose value {value} is no factor");
        }

        return value;
    }

    TensorInfo? Find(string name, Shape shape)
    {
        _requested.Add((name, shape));
        _known.Add(name);
        if (_source is null)
        {
            return null;
        }

        var tensor = _source.Find(name);
        if (tensor is null)
        {
            _missing.Add($"{name} {shape}");
        }
        else if (!tensor.Shape.SequenceEqual(shape.ToArray().Select(extent => (long)extent)))
        {
            Misfit(tensor, $"should be {shape}");
            return null;
        }

        return tensor;
    }

    Storage Allocate(long bytes)
    {
        var storage = Pool is null ? Device.Allocate(bytes) : Pool.Take(Device, bytes);
        _storages.Add(storage);
        return storage;
    }

    void Misfit(TensorInfo tensor, string problem) => _misfits.Add($"{Shown(tensor.Name)} is {Describe(tensor)}, {problem}");

    // A tensor that is shown under another name than its file has is named by both.
    string Shown(string name) => _source is MappedSource mapped && mapped.StoredName(name) is var stored && stored != name
        ? $"{Printable.Text(stored)} ({Printable.Text(name)})"
        : Printable.Text(name);

    static string Describe(TensorInfo tensor) => $"{tensor.Type.ToSafetensors()} [{string.Join(", ", tensor.Shape)}]";

    static bool StartsWithAny(string name, ReadOnlySpan<string> prefixes)
    {
        foreach (string prefix in prefixes)
        {
            if (name.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }
}
