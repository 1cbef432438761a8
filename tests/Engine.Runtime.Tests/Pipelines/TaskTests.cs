using Engine.Kernels;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Tests.Jobs;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

public sealed class TaskTests
{
    static readonly VideoRequest s_request = new("A yellow ring spins in place in a studio") { Seed = 1, Steps = 2 };

    [Fact]
    public async Task What_lies_outside_the_mask_keeps_the_sources_pixels()
    {
        var request = s_request with { Video = Source("builtin-mask", 17, "source.{0:00}.png"), Mask = Picture("builtin-mask", "mask.png"), Frames = 5 };
        var pasted = await FramesAsync(request);
        var plain = await FramesAsync(request with { PasteBack = false });
        bool[] mask = MaskClip.Open(request.Mask, (128, 128), 128, 128).ReadFlags(1).Single();
        for (int f = 0; f < 5; f++)
        {
            var source = Pictures.Load(request.Video!.Frames[f]);
            byte[] want = [.. plain[f]];
            PasteBack.Run(source, mask, want, even: true);
            Assert.Equal(want, pasted[f]);
            Assert.All(Enumerable.Range(0, want.Length).Where(i => !mask[i / 3]), i => Assert.Equal(source.Rgb[i], pasted[f][i]));
        }
    }

    [Fact]
    public async Task Extending_hands_out_the_source_and_then_what_is_new()
    {
        var request = s_request with { Video = Source("builtin-extend", 9, "source.{0}.png"), Mode = VideoMode.Extend, Overlap = 5, Frames = 9 };
        var joined = await FramesAsync(request);
        var added = await FramesAsync(request with { Join = false });
        Assert.Equal((9 + 4, 4), (joined.Count, added.Count));
        for (int f = 0; f < 9; f++)
        {
            Assert.Equal(Pictures.Load(request.Video!.Frames[f]).Rgb, joined[f]);
        }

        Assert.Equal(added, joined[9..]);
    }

    [Fact]
    public async Task Pictures_of_any_size_are_fitted_and_it_is_said()
    {
        var picture = PictureInput.FromRgb24(new byte[200 * 100 * 3], 200, 100);
        var notes = new List<string>();
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        await using var video = await engine.GenerateAsync(
            s_request with { FirstFrame = picture, Frames = 5 }, new Listener(p => notes.Add(p.Note ?? "")), TestContext.Current.CancellationToken);
        Assert.Contains(notes, n => n.Contains("200x100 scaled to 256x128, cropped to 128x128", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_clip_file_is_a_source_too()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        await using var video = await engine.GenerateAsync(s_request with { Frames = 9, Fps = 10 }, cancel: TestContext.Current.CancellationToken);
        string clip = await video.SaveAsync(Path.Combine(folder, "source.apng"), cancel: TestContext.Current.CancellationToken);
        var request = s_request with { Video = ClipInput.FromFile(clip), Strength = 0.5 };
        Assert.Equal(10, (await engine.ResolveAsync(request, TestContext.Current.CancellationToken)).Fps);
        Assert.Equal(9, (await FramesAsync(request)).Count);
        Directory.Delete(folder, true);
    }

    [Fact]
    public async Task What_is_not_a_number_is_named_by_step_and_block()
    {
        string model = Path.Combine(Directory.CreateTempSubdirectory().FullName, "model");
        JobStateTests.CopyModel(model);
        Spoil(Path.Combine(model, "transformer", "diffusion_pytorch_model.safetensors"), "blocks.3.ffn.net.2.bias");
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = model });
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.GenerateAsync(s_request, cancel: TestContext.Current.CancellationToken));
        Assert.Contains("Step 1 ", error.Message, StringComparison.Ordinal);
        Assert.Contains("block 3 ", error.Message, StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(model)!, true);
    }

    // Makes one tensor of a file not a number, in whatever type it is stored.
    static void Spoil(string file, string tensor)
    {
        byte[] bytes = File.ReadAllBytes(file);
        int header = (int)BitConverter.ToInt64(bytes);
        using var json = System.Text.Json.JsonDocument.Parse(bytes.AsMemory(8, header));
        var offsets = json.RootElement.GetProperty(tensor).GetProperty("data_offsets");
        bytes.AsSpan((8 + header + offsets[0].GetInt32())..(8 + header + offsets[1].GetInt32())).Fill(0xFF);
        File.WriteAllBytes(file, bytes);
    }

    static PictureInput Picture(string golden, string name) => PictureInput.FromFile(Path.Combine(Repository.Goldens, golden, name));

    static ClipInput Source(string golden, int frames, string name) =>
        ClipInput.FromFrames([.. Enumerable.Range(0, frames).Select(i => Picture(golden, string.Format(null, name, i)))]);

    static async Task<List<byte[]>> FramesAsync(VideoRequest request)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var frames = new List<byte[]>();
        await foreach (var frame in engine.StreamAsync(request))
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        return frames;
    }

    sealed class Listener(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
