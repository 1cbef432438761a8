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
    public void Two_blocks_are_in_memory_at_a_time()
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
        Assert.InRange(dry.Peak, blocks / 15, (blocks / 15) + loaded + (200L << 20));
    }

    [Fact]
    public void The_next_block_is_read_while_one_computes()
    {
        using var device = new CpuDevice();
        var golden = Golden.Load("module-dit-t2v");
        string folder = Path.Combine(golden.Model!, "transformer");
        var config = TransformerModels.Config(folder);
        var source = new Watched(TransformerModels.Open(folder));
        using var model = WanTransformer.LoadStreamed(source, config, device);
        using var latent = golden.Tensor("hidden_states", device, rank: 4);
        using var text = golden.Tensor("encoder_hidden_states", device, rank: 2);
        using var scratch = new Workspace(device);
        using var context = model.Prepare(text, default, scratch, keepKeyValues: false);
        using var velocity = device.NewTensor(latent.Shape);
        source.Seen.Clear();
        model.Forward(latent, TimestepMap.Single(1), context, velocity, scratch, (block, _) =>
        {
            // Nothing but a thread of its own can read it before this returns; after the last block comes the first.
            string next = $"blocks.{(block + 1) % config.Layers}.";
            Assert.True(SpinWait.SpinUntil(() => source.Seen.Keys.Any(name => name.StartsWith(next, StringComparison.Ordinal)), TimeSpan.FromSeconds(60)), next);
            source.Seen.Clear();
        });
    }

    [Fact]
    public void What_goes_wrong_while_reading_ahead_is_told_where_the_block_is_needed()
    {
        using var device = new CpuDevice();
        var golden = Golden.Load("module-dit-t2v");
        string folder = Path.Combine(golden.Model!, "transformer");
        var source = new Watched(TransformerModels.Open(folder));
        using (var model = WanTransformer.LoadStreamed(source, TransformerModels.Config(folder), device))
        {
            using var latent = golden.Tensor("hidden_states", device, rank: 4);
            using var text = golden.Tensor("encoder_hidden_states", device, rank: 2);
            using var scratch = new Workspace(device);
            using var context = model.Prepare(text, default, scratch, keepKeyValues: false);
            using var velocity = device.NewTensor(latent.Shape);
            source.Broken = "blocks.2.";
            var done = new List<int>();
            Assert.Throws<WeightFileException>(() => model.Forward(latent, TimestepMap.Single(1), context, velocity, scratch, (block, _) => done.Add(block)));
            Assert.Equal([0, 1], done);
        }

        Assert.Equal(0, device.Allocated);
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

    /// <summary>Notes what is read, and breaks where told to.</summary>
    sealed class Watched(IWeightSource inner) : IWeightSource
    {
        public System.Collections.Concurrent.ConcurrentDictionary<string, bool> Seen { get; } = [];

        public string? Broken { get; set; }

        public string Path => inner.Path;

        public IReadOnlyCollection<TensorInfo> Tensors => inner.Tensors;

        public TensorInfo? Find(string name) => inner.Find(name);

        public void Read(TensorInfo tensor, long offset, Span<byte> destination)
        {
            Seen[tensor.Name] = true;
            if (Broken is { } broken && tensor.Name.StartsWith(broken, StringComparison.Ordinal))
            {
                throw new WeightFileException(Path, "it ends in the middle.");
            }

            inner.Read(tensor, offset, destination);
        }

        public void Dispose() => inner.Dispose();
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
