using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Parts of a model in files of their own, in other formats, give the clip that the folder gives.</summary>
public sealed class SplitFilesTests : IDisposable
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Model = Repository.BuiltinModel, Seed = 1, Steps = 2, Frames = 5 };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task Files_of_the_same_precision_give_the_same_clip_and_quantised_ones_nearly()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        byte[] want = await FramesAsync(engine, s_request);
        var files = new CheckpointFiles
        {
            Transformer = Convert(model, ModelPart.Transformer, DType.F16, ".safetensors"),
            Vae = Convert(model, ModelPart.Vae, DType.F16, ".safetensors"),
            TextEncoder = Convert(model, ModelPart.TextEncoder, DType.F16, ".gguf"),
        };
        Assert.Equal(want, await FramesAsync(engine, s_request with { Files = files }));

        var small = files with { Transformer = Convert(model, ModelPart.Transformer, DType.Q8_0, ".gguf") };
        byte[] got = await FramesAsync(engine, s_request with { Files = small });
        Assert.InRange(want.Zip(got, (a, b) => Math.Abs(a - b)).Average(), 0.0001, 2);

        var resolved = await engine.ResolveAsync(s_request with { Files = small }, TestContext.Current.CancellationToken);
        Assert.Contains(resolved.Notes, note => note.Contains("transformer.gguf is taken for", StringComparison.Ordinal) && note.Contains("stored as Q8_0", StringComparison.Ordinal));
        Assert.Equal(small, VideoRequestJson.Parse(VideoRequestJson.Write(s_request with { Files = small })).Files);
    }

    [Fact]
    public void A_file_that_is_another_part_or_of_another_model_is_refused()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);
        string vae = model.Parts.Single(part => part.Kind == ModelPart.Vae).Path;
        var error = Assert.ThrowsAny<EngineException>(() => Checkpoint.Open(Repository.BuiltinModel, new CheckpointFiles { Transformer = vae }));
        Assert.Contains("should be the transformer", error.Message, StringComparison.Ordinal);

        string other = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan21-t2v")).Parts.Single(part => part.Kind == ModelPart.Vae).Path;
        error = Assert.ThrowsAny<EngineException>(() => Checkpoint.Open(Repository.BuiltinModel, new CheckpointFiles { Vae = other }));
        Assert.Contains("belong to different models", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(
            s_request with { Files = new CheckpointFiles { TextEncoder = "/no/such.gguf" } }, Checkpoint.Open(Repository.BuiltinModel)));
        Assert.Equal("text_encoder", error.Problems[0].Field);
    }

    string Convert(Checkpoint model, ModelPart kind, DType type, string ending)
    {
        var part = model.Parts.Single(p => p.Kind == kind);
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(_folder, Guid.NewGuid().ToString("N"))).FullName, part.Name.Replace(' ', '-') + ending);
        using var stream = File.Create(path);
        WeightConverter.Convert(part, stream, ending == ".gguf", type, diffusersNames: false, model.TokenizerPath, null, TestContext.Current.CancellationToken);
        return path;
    }

    static async Task<byte[]> FramesAsync(VideoEngine engine, VideoRequest request)
    {
        var frames = new List<byte>();
        await foreach (var frame in engine.StreamAsync(request))
        {
            frames.AddRange(frame.Rgb24.ToArray());
        }

        return [.. frames];
    }
}
