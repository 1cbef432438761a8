using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>What the models ask for when they load, where no list is published, and what is refused because of it.</summary>
public sealed class EngineListTests
{
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
        var asked = ExpectedTensors.Of(config);
        string[] official = Manifests.Lines(OfficialNames.Transformer.Official(asked));

        Assert.Equal(adapter, Manifests.Lines(asked).Where(l => l.StartsWith("control_adapter", StringComparison.Ordinal)));
        Assert.Equal(adapter, official.Where(l => l.StartsWith("control_adapter", StringComparison.Ordinal)));
        var identity = ModelIdentity.Identify(OfficialNames.Transformer.Official(asked)
            .Select(t => new TensorInfo(t.Name, DType.BF16, t.Shape, 2 * t.Shape.Aggregate(1L, (a, b) => a * b))));
        Assert.Equal([name], identity.Candidates);
        Assert.True(identity.IsExact);
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
}
