using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>Reads <c>tests/goldens/manifests</c>.</summary>
static class Manifests
{
    public static string Folder => Path.Combine(Repository.Goldens, "manifests");

    public static IReadOnlyList<TensorInfo> Read(string name) => TensorLists.Read(Path.Combine(Folder, $"{name}.tsv"));

    /// <summary>A list as sorted lines, so that a failed comparison shows the first name that differs.</summary>
    public static string[] Lines(string name) => Lines(Read(name).Select(t => (t.Name, t.Shape.ToArray())));

    public static string[] Lines(IEnumerable<(string Name, Shape Shape)> tensors) =>
        Lines(tensors.Select(t => (t.Name, Array.ConvertAll(t.Shape.ToArray(), extent => (long)extent))));

    public static string[] Lines(IEnumerable<(string Name, long[] Shape)> tensors) =>
        [.. tensors.Select(t => $"{t.Name} {string.Join('x', t.Shape)}").Order(StringComparer.Ordinal)];

    public static TransformerConfig Transformer(string name) => name switch
    {
        "wan2.1-t2v-1.3b" => KnownModels.T2V13B,
        "wan2.1-t2v-14b" or "wan2.2-t2v-a14b-expert" => KnownModels.T2V14B,
        "wan2.1-i2v-14b" => KnownModels.I2V14B,
        "wan2.1-flf2v-14b" => KnownModels.Flf2V14B,
        "wan2.1-vace-1.3b" => KnownModels.Vace13B,
        "wan2.1-vace-14b" => KnownModels.Vace14B,
        "wan2.2-i2v-a14b-expert" => KnownModels.I2VA14B,
        "wan2.2-ti2v-5b" => KnownModels.Ti2V5B,
        _ => throw new ArgumentException($"No preset for {name}.", nameof(name)),
    };
}

/// <summary>Tensors without bytes.</summary>
sealed class ListSource(IReadOnlyList<TensorInfo> tensors) : IWeightSource
{
    public string Path => "list";

    public IReadOnlyCollection<TensorInfo> Tensors => tensors;

    public TensorInfo? Find(string name) => tensors.FirstOrDefault(t => t.Name == name);

    public void Read(TensorInfo tensor, long offset, Span<byte> destination) => throw new NotSupportedException("A list has no bytes.");

    public void Dispose()
    {
    }
}
