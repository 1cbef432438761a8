using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Vision;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Text;

/// <summary>From the words and pictures of the pipeline goldens to what conditions their transformers.</summary>
public sealed class PromptEmbeddingTests
{
    // The reference ran in f32 on the same stored weights.
    const double Exact = 5e-6;

    public static TheoryData<string> TextCases => [.. Golden.Cases("builtin-t").Concat(Golden.Cases("builtin-e")).Concat(Golden.Cases("pipeline-"))
        .Where(name => Golden.Load(name).Has("prompt_embeds"))];

    public static TheoryData<string> PictureCases => [.. Golden.Cases("pipeline-").Where(name => Golden.Load(name).Has("image_embeds"))];

    [Theory]
    [MemberData(nameof(TextCases))]
    public void Prompts_become_the_recorded_embeddings(string name)
    {
        var golden = Golden.Load(name);
        var model = Checkpoint.Open(golden.Model!);
        var request = golden.Case.GetProperty("request");
        int length = request.GetProperty("max_sequence_length").GetInt32();
        var tokenizer = SentencePieceTokenizer.Load(model.TokenizerPath!);
        string[] fields = [.. new[] { "prompt", "negative_prompt" }.Where(f => golden.Has(f + "_embeds"))];
        var prompts = fields.Select(f => tokenizer.Encode(
            PromptCleaner.Clean(request.TryGetProperty(f, out JsonElement text) ? text.GetString()! : ""), length)).ToArray();

        using var device = new CpuDevice(threads: 2);
        using var source = model.OpenTextEncoder();
        using var encoder = new Umt5Encoder(source, model.TextEncoder!, device, resident: false);
        using var scratch = new Workspace(device);
        var got = encoder.Encode(prompts, scratch, cancel: TestContext.Current.CancellationToken);
        for (int i = 0; i < fields.Length; i++)
        {
            float[] padded = new float[length * model.TextEncoder!.DModel];
            got[i].CopyTo(padded.AsSpan(0, (int)got[i].Count));
            Assert.InRange(golden.Error(fields[i] + "_embeds", padded), 0, Exact);
            got[i].Dispose();
        }
    }

    [Theory]
    [MemberData(nameof(PictureCases))]
    public void Pictures_become_the_recorded_embeddings(string name)
    {
        var golden = Golden.Load(name);
        var model = Checkpoint.Open(golden.Model!);
        var config = model.ImageEncoder!;
        using var device = new CpuDevice(threads: 2);
        using var source = model.OpenImageEncoder();
        var store = new WeightStore(source, device);
        var encoder = ClipVisionEncoder.Load(store.Root, config, device);
        store.Complete();
        using var scratch = new Workspace(device);
        using var pixels = device.NewTensor([3, config.ImageSize, config.ImageSize]);
        using var hidden = device.NewTensor([config.Tokens, config.HiddenSize]);
        var all = new List<float>();
        foreach (var image in golden.Case.GetProperty("images").EnumerateObject())
        {
            var (rgb, width, height) = PlainPng.Read(Path.Combine(golden.Folder, image.Value.GetString()!));
            ClipImageProcessor.Process(rgb, width, height, config, pixels);
            encoder.Forward(pixels, hidden, scratch);
            all.AddRange(hidden.ToArray());
        }

        Assert.InRange(golden.Error("image_embeds", all.ToArray()), 0, Exact);
        store.Release();
    }
}
