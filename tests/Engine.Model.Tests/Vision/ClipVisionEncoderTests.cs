using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vision;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Vision;

public sealed class ClipVisionEncoderTests
{
    // The limit is 1e-4; f32 arithmetic is right when it is near 1e-6.
    const double Exact = 5e-6;

    public static TheoryData<Isa> Isas => [.. Enum.GetValues<Isa>().Where(i => i <= CpuDevice.WidestPresent)];

    [Theory]
    [MemberData(nameof(Isas))]
    public void Golden_hidden_states_come_out(Isa isa)
    {
        var golden = Golden.Load("module-clip-vision");
        var model = Checkpoint.Open(golden.Model!);
        var config = model.ImageEncoder!;
        using var device = new CpuDevice(threads: 2, isa);
        using var source = model.OpenImageEncoder();
        var store = new WeightStore(source, device);
        var encoder = ClipVisionEncoder.Load(store.Root, config, device);
        store.Complete();
        using var scratch = new Workspace(device);
        using var pixels = golden.Tensor("pixel_values", device);
        using var hidden = device.NewTensor([config.Tokens, config.HiddenSize]);
        float[] want = golden.Floats("penultimate_hidden_state");
        for (int i = 0; i < pixels.Shape[0]; i++)
        {
            encoder.Forward(pixels[i], hidden, scratch);
            var rows = want.AsSpan(i * (int)hidden.Count, (int)hidden.Count);
            double error = Golden.RelativeError(hidden.Span, rows);
            TestContext.Current.TestOutputHelper?.WriteLine($"{isa} picture {i}: {error:e2}");
            Assert.InRange(error, 0, Exact);
        }

        store.Release();
    }

    [Fact]
    public void Expects_just_what_the_real_checkpoint_holds()
    {
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.F16);
        ClipVisionEncoder.Load(store.Root, KnownModels.ClipVitH14, device);
        string manifest = Path.Combine(Repository.Goldens, "manifests", "transformers.clip-vit-h-14.tsv");
        Assert.Equal(
            File.ReadLines(manifest).Where(l => l.Length > 0).Order(StringComparer.Ordinal),
            store.Requested.Select(r => $"{r.Name}\t{string.Join('x', r.Shape.ToArray())}").Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Runs_dry()
    {
        using var device = new DryDevice();
        var config = KnownModels.ClipVitH14;
        var store = WeightStore.Recording(device, DType.F16);
        var encoder = ClipVisionEncoder.Load(store.Root, config, device);
        using var scratch = new Workspace(device);
        using var pixels = device.NewTensor([3, 224, 224]);
        using var hidden = device.NewTensor([config.Tokens, config.HiddenSize]);
        encoder.Forward(pixels, hidden, scratch);
        Assert.Equal((31 * 6) + 1, device.Work["Linear"].Calls);
        Assert.Equal(257, config.Tokens);
    }

    [Theory]
    [InlineData("hidden_size")]
    [InlineData("image_size")]
    [InlineData("hidden_act")]
    [InlineData("num_hidden_layers")]
    public void A_size_out_of_range_is_named(string field)
    {
        var config = KnownModels.ClipVitH14;
        config = field switch
        {
            "hidden_size" => config with { HiddenSize = 1281 },
            "image_size" => config with { ImageSize = 225 },
            "hidden_act" => config with { HiddenAct = "relu" },
            _ => config with { Layers = 0 },
        };
        using var device = new DryDevice();
        var store = WeightStore.Recording(device, DType.F16);
        var error = Assert.Throws<EngineException>(() => ClipVisionEncoder.Load(store.Root, config, device));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
        Assert.Contains(field, error.Message, StringComparison.Ordinal);
    }
}
