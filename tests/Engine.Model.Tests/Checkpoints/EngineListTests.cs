using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>What the models ask for when they load is what the published checkpoints have, name for name and shape for shape.</summary>
public sealed class EngineListTests
{
    [Theory]
    [InlineData("wan2.1-t2v-1.3b")]
    [InlineData("wan2.1-t2v-14b")]
    [InlineData("wan2.1-i2v-14b")]
    [InlineData("wan2.1-flf2v-14b")]
    [InlineData("wan2.1-vace-1.3b")]
    [InlineData("wan2.1-vace-14b")]
    [InlineData("wan2.2-t2v-a14b-expert")]
    [InlineData("wan2.2-i2v-a14b-expert")]
    [InlineData("wan2.2-ti2v-5b")]
    public void Transformer(string name)
    {
        var config = Manifests.Transformer(name);
        var asked = Record((at, device) => WanTransformer.Load(at, config, device).Dispose());

        Assert.Equal(Manifests.Lines($"diffusers.{name}"), Manifests.Lines(asked));
        Assert.Equal(Manifests.Lines($"official.{name}"), Manifests.Lines(OfficialNames.Transformer.Official(asked)));
    }

    public static TheoryData<string, TransformerConfig> Cameras => new()
    {
        { "Wan 2.1 Fun 1.3B Control-Camera", KnownModels.FunCamera13B },
        { "Wan 2.1 Fun 14B Control-Camera", KnownModels.FunCamera14B },
        { "Wan 2.2 Fun A14B Control-Camera (one expert)", KnownModels.FunCameraA14B },
        { "Wan 2.2 Fun 5B Control-Camera", KnownModels.FunCamera5B },
    };

    // No list of a Fun-Camera checkpoint is published; the adapter's names and shapes follow from VideoX-Fun's SimpleAdapter.
    [Theory, MemberData(nameof(Cameras))]
    public void Camera(string name, TransformerConfig config)
    {
        int width = config.Width;
        int inputs = 24 * config.CameraAdapter!.Downscale * config.CameraAdapter.Downscale;
        string[] adapter =
        [
            "control_adapter.conv.bias " + width,
            $"control_adapter.conv.weight {width}x{inputs}x2x2",
            "control_adapter.residual_blocks.0.conv1.bias " + width,
            $"control_adapter.residual_blocks.0.conv1.weight {width}x{width}x3x3",
            "control_adapter.residual_blocks.0.conv2.bias " + width,
            $"control_adapter.residual_blocks.0.conv2.weight {width}x{width}x3x3",
        ];
        var asked = Record((at, device) => WanTransformer.Load(at, config, device).Dispose());
        string[] official = Manifests.Lines(OfficialNames.Transformer.Official(asked));

        Assert.Equal(Manifests.Lines(ExpectedTensors.Of(config)), Manifests.Lines(asked));
        Assert.Equal(adapter, Manifests.Lines(asked).Where(l => l.StartsWith("control_adapter", StringComparison.Ordinal)));
        Assert.Equal(adapter, official.Where(l => l.StartsWith("control_adapter", StringComparison.Ordinal)));
        var identity = ModelIdentity.Identify(OfficialNames.Transformer.Official(asked)
            .Select(t => new TensorInfo(t.Name, DType.BF16, t.Shape, 2 * t.Shape.Aggregate(1L, (a, b) => a * b))));
        Assert.Equal([name], identity.Candidates);
        Assert.True(identity.IsExact);
    }

    [Theory]
    [InlineData("vae-2.1")]
    [InlineData("vae-2.2")]
    public void Vae(string name)
    {
        var config = name == "vae-2.1" ? KnownModels.Vae21 : KnownModels.Vae22;
        var asked = Record((at, device) => WanVae.Load(at, config, device).Dispose());

        Assert.Equal(Manifests.Lines($"diffusers.{name}"), Manifests.Lines(asked));
        Assert.Equal(Manifests.Lines($"official.{name}"), Manifests.Lines(OfficialNames.Vae(config).Official(asked)));
    }

    [Fact]
    public void TextEncoder()
    {
        var asked = Record((at, _) => Umt5Encoder.Declare(at, KnownModels.Umt5Xxl));

        Assert.Equal(Manifests.Lines("transformers.umt5-xxl"), Manifests.Lines(asked));
        Assert.Equal(
            Manifests.Lines("official.umt5-xxl"),
            Manifests.Lines(OfficialNames.TextEncoder.Official(asked.Where(t => t.Name != "encoder.embed_tokens.weight"))));
    }

    [Fact]
    public void ImageEncoder()
    {
        var asked = Record((at, device) => ClipVisionEncoder.Load(at, KnownModels.ClipVitH14, device));

        Assert.Equal(Manifests.Lines("transformers.clip-vit-h-14"), Manifests.Lines(asked));
        Assert.Equal(
            Manifests.Lines("official.clip-vit-h-14-visual"),
            Manifests.Lines([.. OfficialNames.ImageEncoder.Official(asked), ("visual.head", [1280, 1024])]));
    }

    [Fact]
    public void A_checkpoint_of_another_size_is_refused_before_anything_is_read()
    {
        using var source = new RandomWeightSource("14B", ExpectedTensors.Of(KnownModels.T2V14B), DType.BF16);

        var error = Assert.Throws<WeightMismatchException>(() =>
            WeightStore.Require(source, (at, dry) => WanTransformer.Load(at, KnownModels.T2V13B, dry).Dispose()));
        Assert.Empty(error.Missing);
        Assert.Equal(270, error.Extra.Count);
        Assert.Contains(error.Misfits, line => line == "blocks.0.ffn.net.0.proj.weight is BF16 [13824, 5120], should be [8960, 1536]");
    }

    static IReadOnlyList<(string Name, Shape Shape)> Record(Action<WeightScope, Device> load)
    {
        using var dry = new DryDevice();
        var store = WeightStore.Recording(dry, DType.BF16);
        load(store.Root, dry);
        store.Complete();
        return store.Requested;
    }
}
