using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Model.Tests.Conversion;
using Engine.Model.Tests.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>VACE with two experts as it is published (Wan2.2-VACE-Fun-A14B): recognised by folders, by files, and by its sizes.</summary>
public sealed class VaceExpertLayoutTests : IDisposable
{
    const string Config = """{ "model_type": "vace", "num_heads": 2, "dim": 64, "in_dim": 16, "vace_in_dim": 96, "vace_layers": [0, 2], "text_len": 40 }""";

    readonly TemporaryFolder _folder = new();
    readonly Checkpoint _one = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-vace"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Its_own_folders_open_with_both_experts_control_blocks()
    {
        foreach (string expert in (string[])["high_noise_model", "low_noise_model"])
        {
            string into = Directory.CreateDirectory(Path.Combine(_folder.Path, expert)).FullName;
            File.Move(Transformer(gguf: false), Path.Combine(into, "diffusion_pytorch_model.safetensors"));
            File.WriteAllText(Path.Combine(into, "config.json"), Config);
        }

        Same(Checkpoint.Open(_folder.Path));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Single_files_of_both_open(bool gguf) =>
        Same(Checkpoint.Open(null, new CheckpointFiles { Transformer = Transformer(gguf), Transformer2 = Transformer(gguf) }, heads: 2));

    [Fact]
    public void One_expert_with_control_blocks_and_one_without_are_refused()
    {
        string plain = _folder.Convert(Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan22-t2v-a14b")).Parts[0], DType.F32, gguf: false);
        var error = Assert.ThrowsAny<EngineException>(() => Checkpoint.Open(null, new CheckpointFiles { Transformer = Transformer(gguf: false), Transformer2 = plain }, heads: 2));
        Assert.Contains("different sizes", error.Message, StringComparison.Ordinal);
    }

    // One transformer of these sizes is in the lists of the published checkpoints; see ManifestTests.
    [Fact]
    public void Two_of_the_published_size_have_the_published_name() =>
        Assert.Equal("Wan 2.2 VACE-Fun A14B", ModelDefaults.Name(Manifests.Transformer("wan2.1-vace-14b"), experts: true));

    void Same(Checkpoint model)
    {
        Assert.True(model.HasTransformer2);
        Assert.Equal([0, 2], model.Transformer!.VaceLayers);
        Assert.Equal(_one.Info.Abilities, model.Info.Abilities);
        Assert.Equal((0.875f, 5f, null, 50), (model.Info.BoundaryRatio, model.Info.Guidance, model.Info.Guidance2, model.Info.Steps));
        Assert.Equal(new SchedulerConfig(SchedulerKind.UniPc, 12), model.Scheduler);
        string[] want = Manifests.Lines(ExpectedTensors.Of(_one.Transformer!));
        foreach (var open in new[] { model.OpenTransformer, model.OpenTransformer2 })
        {
            using var source = open();
            Assert.Equal(want, Manifests.Lines(source.Tensors.Select(t => (t.Name, t.Shape.ToArray()))));
        }
    }

    string Transformer(bool gguf) => _folder.Convert(_one.Parts.Single(p => p.Name == "transformer"), DType.F32, gguf);
}
