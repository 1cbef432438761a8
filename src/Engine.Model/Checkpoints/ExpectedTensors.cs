using Engine.Kernels;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Names and shapes of all tensors of a model of given sizes, in diffusers' and transformers' names.</summary>
/// <remarks>
/// What the models ask for when they load, recorded on a device that only counts: for what is asked before anything is loaded, that is
/// what a file is and what it lacks. Tests hold it against the lists of the published checkpoints.
/// </remarks>
public static class ExpectedTensors
{
    /// <summary>A transformer.</summary>
    /// <exception cref="EngineException">The sizes are not those of such a model.</exception>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(TransformerConfig config) =>
        Recorded((at, dry) => WanTransformer.Load(at, config, dry).Dispose());

    /// <summary>A text encoder, with its tied embedding under the first of its two names.</summary>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(TextEncoderConfig config) =>
        [.. Recorded((at, _) => Umt5Encoder.Declare(at, config)).Where(tensor => tensor.Name != Umt5Encoder.TiedName)];

    /// <summary>An image encoder, with the last layer and the last norm, which the engine does not run.</summary>
    /// <exception cref="EngineException">The sizes are not those of such a model.</exception>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(ImageEncoderConfig config) =>
        Recorded((at, dry) => ClipVisionEncoder.Load(at, config, dry));

    /// <summary>A VAE, encoder and decoder.</summary>
    /// <exception cref="EngineException">The sizes are not those of such a model.</exception>
    public static IReadOnlyList<(string Name, Shape Shape)> Of(VaeConfig config) =>
        Recorded((at, dry) => WanVae.Load(at, config, dry).Dispose());

    static IReadOnlyList<(string Name, Shape Shape)> Recorded(Action<WeightScope, Device> load)
    {
        using var dry = new DryDevice();
        var store = WeightStore.Recording(dry, DType.BF16);
        load(store.Root, dry);
        store.Release();
        return store.Requested;
    }
}
