using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Text;

public sealed class Umt5EncoderTests
{
    // The limit is 1e-4; f32 arithmetic is right when it is near 1e-6.
    const double Exact = 5e-6;

    static readonly Golden s_golden = Golden.Load("module-umt5");
    static readonly Checkpoint s_model = Checkpoint.Open(s_golden.Model!);

    public static TheoryData<string, Isa, bool> Cases()
    {
        var cases = new TheoryData<string, Isa, bool>();
        foreach (var isa in Enum.GetValues<Isa>().Where(i => i <= CpuDevice.WidestPresent))
        {
            cases.Add("module-umt5", isa, true);
            cases.Add("module-umt5", isa, false);
            cases.Add("format-official-wan21", isa, false);
        }

        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Golden_hidden_states_come_out(string name, Isa isa, bool resident)
    {
        var golden = Golden.Load(name);
        var model = Checkpoint.Open(golden.Model!);
        using var device = new CpuDevice(threads: 2, isa);
        using var source = model.OpenTextEncoder();
        using var encoder = new Umt5Encoder(source, model.TextEncoder!, device, resident);
        using var scratch = new Workspace(device);
        int[][] prompts = Prompts(golden);
        int layers = 0;
        var got = encoder.Encode(prompts, scratch, done => layers = done, TestContext.Current.CancellationToken);
        Assert.Equal(model.TextEncoder!.Layers, layers);
        int length = golden.Shape("input_ids")[1];
        int width = model.TextEncoder!.DModel;
        float[] want = golden.Floats("last_hidden_state");
        for (int i = 0; i < prompts.Length; i++)
        {
            var rows = want.AsSpan(i * length * width, prompts[i].Length * width);
            double error = Golden.RelativeError(got[i].Span, rows);
            TestContext.Current.TestOutputHelper?.WriteLine($"{name} {isa} prompt {i}: {error:e2}");
            Assert.InRange(error, 0, Exact);
        }

        Array.ForEach(got, t => t.Dispose());
    }

    [Fact]
    public void A_prompt_does_not_depend_on_company_threads_or_residency()
    {
        int[][] prompts = Prompts(s_golden);
        using var one = new CpuDevice(threads: 1);
        using var two = new CpuDevice(threads: 3);
        using var source = s_model.OpenTextEncoder();
        using var streaming = new Umt5Encoder(source, s_model.TextEncoder!, one, resident: false);
        using var resident = new Umt5Encoder(source, s_model.TextEncoder!, two, resident: true);
        using var scratchOne = new Workspace(one);
        using var scratchTwo = new Workspace(two);
        var together = streaming.Encode(prompts, scratchOne, cancel: TestContext.Current.CancellationToken);
        for (int i = 0; i < prompts.Length; i++)
        {
            var alone = resident.Encode([prompts[i]], scratchTwo, cancel: TestContext.Current.CancellationToken);
            Assert.Equal(together[i].ToArray(), alone[0].ToArray());
            alone[0].Dispose();
            together[i].Dispose();
        }
    }

    [Fact]
    public void Expects_just_what_the_real_checkpoint_holds()
    {
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.BF16);
        Umt5Encoder.Declare(store.Root, KnownModels.Umt5Xxl);
        string manifest = Path.Combine(Repository.Goldens, "manifests", "transformers.umt5-xxl.tsv");
        Assert.Equal(
            File.ReadLines(manifest).Where(l => l.Length > 0).Order(StringComparer.Ordinal),
            store.Requested.Select(r => $"{r.Name}\t{string.Join('x', r.Shape.ToArray())}").Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("shared.weight")]
    [InlineData("encoder.embed_tokens.weight")]
    public void One_copy_of_the_embedding_is_enough(string dropped)
    {
        using var device = new CpuDevice(threads: 1);
        using var all = new EditedSource(s_model.OpenTextEncoder());
        all.Add("shared.weight", all.Find("encoder.embed_tokens.weight") ?? all.Find("shared.weight")!);
        all.Add("encoder.embed_tokens.weight", all.Find("shared.weight")!);
        all.Remove(dropped);
        using var encoder = new Umt5Encoder(all, s_model.TextEncoder!, device, resident: false);
        using var scratch = new Workspace(device);
        encoder.Encode([[1]], scratch, cancel: TestContext.Current.CancellationToken)[0].Dispose();
    }

    [Fact]
    public void Every_misfit_is_named()
    {
        using var device = new CpuDevice(threads: 1);
        using var source = new EditedSource(s_model.OpenTextEncoder());
        source.Remove("encoder.final_layer_norm.weight");
        source.Add("decoder.block.0.weight", source.Find("encoder.block.0.layer.0.layer_norm.weight")!);
        var error = Assert.Throws<WeightMismatchException>(
            () => new Umt5Encoder(source, s_model.TextEncoder! with { DFf = 17 }, device, resident: false));
        Assert.Contains("encoder.final_layer_norm.weight", Assert.Single(error.Missing), StringComparison.Ordinal);
        Assert.Contains("decoder.block.0.weight", Assert.Single(error.Extra), StringComparison.Ordinal);
        Assert.Equal(3 * s_model.TextEncoder!.Layers, error.Misfits.Count);
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_an_error()
    {
        using var device = new CpuDevice(threads: 1);
        using var source = s_model.OpenTextEncoder();
        using var encoder = new Umt5Encoder(source, s_model.TextEncoder!, device, resident: false);
        using var scratch = new Workspace(device);
        var error = Assert.Throws<EngineException>(() => encoder.Encode([[s_model.TextEncoder!.VocabSize]], scratch, cancel: TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public void Cancelling_stops_between_layers_and_frees_everything()
    {
        using var device = new CpuDevice(threads: 1);
        using var source = s_model.OpenTextEncoder();
        using var encoder = new Umt5Encoder(source, s_model.TextEncoder!, device, resident: false);
        using var cancel = new CancellationTokenSource();
        using (var scratch = new Workspace(device))
        {
            Assert.Throws<OperationCanceledException>(() => encoder.Encode([[1, 2]], scratch, _ => cancel.Cancel(), cancel.Token));
        }

        Assert.Equal(0, device.Allocated);
    }

    [Fact]
    public void A_dry_run_counts_two_layers_and_no_embedding_table()
    {
        using var device = new DryDevice();
        using var source = s_model.OpenTextEncoder();
        long tables = source.Tensors.Where(t => t.Name is "shared.weight" or "encoder.embed_tokens.weight").Max(t => t.Bytes);
        long layer = source.Tensors.Where(t => t.Name.StartsWith("encoder.block.0.", StringComparison.Ordinal)).Sum(t => t.Bytes);
        using var encoder = new Umt5Encoder(source, s_model.TextEncoder!, device, resident: false);
        using var scratch = new Workspace(device, blockBytes: 64);
        encoder.Encode([[1, 2, 3]], scratch, cancel: TestContext.Current.CancellationToken)[0].Dispose();
        Assert.InRange(device.Peak, 2 * layer, (2 * layer) + scratch.Capacity + (tables / 2));
        Assert.True(device.Work["Linear"].Flops > 0);
    }

    [Fact]
    public void The_real_encoder_streams_within_a_gigabyte()
    {
        using var device = new DryDevice();
        using var source = new RandomWeightSource("umt5-xxl", ExpectedTensors.Of(KnownModels.Umt5Xxl), DType.BF16);
        using var encoder = new Umt5Encoder(source, KnownModels.Umt5Xxl, device, resident: false);
        using var scratch = new Workspace(device);
        int[][] longest = [[.. Enumerable.Range(0, 512)], [.. Enumerable.Range(0, 512)]];
        Array.ForEach(encoder.Encode(longest, scratch, cancel: TestContext.Current.CancellationToken), t => t.Dispose());
        Assert.InRange(device.Peak, 700_000_000, 1_000_000_000);
    }

    static int[][] Prompts(Golden golden)
    {
        int length = golden.Shape("input_ids")[1];
        long[] ids = golden.Integers("input_ids");
        long[] mask = golden.Integers("attention_mask");
        return [.. Enumerable.Range(0, ids.Length / length).Select(row => Enumerable.Range(row * length, length)
            .Where(i => mask[i] != 0).Select(i => (int)ids[i]).ToArray())];
    }

    /// <summary>A source with some tensors renamed, added twice or left out.</summary>
    sealed class EditedSource(IWeightSource inner) : IWeightSource
    {
        readonly Dictionary<string, TensorInfo> _tensors = inner.Tensors.ToDictionary(t => t.Name);
        readonly Dictionary<string, TensorInfo> _from = inner.Tensors.ToDictionary(t => t.Name);

        public string Path => inner.Path;

        public IReadOnlyCollection<TensorInfo> Tensors => _tensors.Values;

        public void Add(string name, TensorInfo of)
        {
            var original = _from[of.Name];
            _tensors[name] = of with { Name = name };
            _from[name] = original;
        }

        public void Remove(string name) => _tensors.Remove(name);

        public TensorInfo? Find(string name) => _tensors.GetValueOrDefault(name);

        public void Read(TensorInfo tensor, long offset, Span<byte> destination) => inner.Read(_from[tensor.Name], offset, destination);

        public void Dispose() => inner.Dispose();
    }
}
