using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>The tensors below a prefix of a <see cref="WeightStore"/>: what a layer's <c>Load</c> is given.</summary>
/// <remarks>Shapes are given as the checkpoint stores them, in diffusers' and transformers' layout.</remarks>
public readonly struct WeightScope
{
    readonly WeightStore _store;

    internal WeightScope(WeightStore store, string prefix)
    {
        _store = store;
        Prefix = prefix;
    }

    /// <summary>What every name starts with: "" or a dotted path with its closing dot.</summary>
    public string Prefix { get; }

    /// <summary>Where the tensors go.</summary>
    public Device Device => _store.Device;

    /// <summary>The scope of a child module, e.g. <c>attn1</c> or <c>ffn.net.0</c>.</summary>
    public WeightScope this[string child] => new(_store, $"{Prefix}{child}.");

    /// <summary>The scope of an entry of a module list.</summary>
    public WeightScope this[int index] => new(_store, $"{Prefix}{index}.");

    /// <summary>A weight matrix in its stored precision: the first extent is N (outputs), the others multiply to K (inputs).</summary>
    public Weight Matrix(string name, Shape stored) => _store.Matrix(Prefix + name, stored);

    /// <summary>A weight matrix of two extents in its stored precision.</summary>
    public Weight Matrix(string name, int rows, int columns) => _store.Matrix(Prefix + name, [rows, columns]);

    /// <summary>What is to be added to the results of a matrix: changes of it (LoRAs) that are kept beside it; most have none.</summary>
    public LowRankTerm[] Terms(string name) => _store.Terms(Prefix + name);

    /// <summary>A small tensor, widened to f32.</summary>
    public Tensor Vector(string name, Shape shape) => _store.Vector(Prefix + name, shape);

    /// <summary>True when the checkpoint has a tensor of that name (false while recording); asking does not make it required.</summary>
    public bool Has(string name) => _store.Has(Prefix + name);

    /// <summary>Declares a tensor that must be there but is never read, e.g. the last layer of a model used up to the last but one.</summary>
    public void Unused(string name, Shape shape) => _store.Unused(Prefix + name, shape);

    /// <summary>Declares a tensor that may be there and does not matter, e.g. the second copy of a tied embedding.</summary>
    public void Ignore(string name) => _store.Ignore(Prefix + name);
}
