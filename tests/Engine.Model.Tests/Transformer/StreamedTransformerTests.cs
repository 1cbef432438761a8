using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Transformer;

public sealed class StreamedTransformerTests
{
    [Theory]
    [InlineData("module-dit-t2v", true)]
    [InlineData("module-dit-i2v", false)]
    [InlineData("module-dit-ti2v", true)]
    [InlineData("module-dit-vace", true)]
    [InlineData("module-dit-vace", false)]
    public void Blocks_read_in_turn_give_the_same_bits(string name, bool keepKeyValues)
    {
        using var device = new CpuDevice();
        float[] want = Velocity(device, name, keepKeyValues, streamed: false);
        Assert.Equal(want, Velocity(device, name, keepKeyValues, streamed: true));
        Assert.Equal(0, device.Allocated);
    }

    [Fact]
    public void One_block_is_in_memory_at_a_time()
    {
        using var dry = new DryDevice();
        var config = TransformerConfig.Wan21T2V1B3;
        using var model = WanTransformer.LoadStreamed(Random(config), config, dry);
        long loaded = dry.Allocated;
        using var scratch = new Workspace(dry);
        using var context = model.Prepare(dry.NewTensor([20, config.TextDim]), default, scratch, keepKeyValues: true, 512);
        using var latent = dry.NewTensor([16, 5, 32, 32]);
        model.Forward(latent, TimestepMap.Single(1), context, latent, scratch);
        long blocks = 30L * 2 * ((8L * 1536 * 1536) + (2L * 1536 * 8960));
        Assert.InRange(loaded, 1, 200L << 20);
        Assert.InRange(dry.Peak, blocks / 30, (blocks / 30) + loaded + (200L << 20));
    }

    [Fact]
    public void A_checkpoint_of_another_shape_is_refused_before_the_first_step()
    {
        using var device = new CpuDevice(threads: 1);
        var config = TransformerModels.Config(Path.Combine(Golden.Load("module-dit-t2v").Model!, "transformer"));
        var other = config with { Layers = config.Layers + 1, FfnDim = config.FfnDim + 8 };
        var error = Assert.Throws<WeightMismatchException>(() => WanTransformer.LoadStreamed(Random(config), other, device));
        Assert.Contains(error.Missing, m => m.Contains($"blocks.{config.Layers}.", StringComparison.Ordinal));
        Assert.NotEmpty(error.Misfits);
        Assert.Equal(0, device.Allocated);
    }

    static RandomWeightSource Random(TransformerConfig config)
    {
        using var dry = new DryDevice();
        var recording = WeightStore.Recording(dry, DType.BF16);
        using var listed = WanTransformer.Load(recording.Root, config, dry);
        return new RandomWeightSource("random", recording.Requested, DType.BF16);
    }

    static float[] Velocity(Device device, string name, bool keepKeyValues, bool streamed)
    {
        using var run = new TransformerRun(name, device, streamed);
        using var context = run.Prepare(keepKeyValues);
        run.Forward(context);
        run.Forward(context);
        return run.Velocity.ToArray();
    }
}
