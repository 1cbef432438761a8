using Engine.Model.Checkpoints;
using Engine.Runtime.Jobs;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Jobs;

/// <summary>Latents beside a clip: used when they are the clip's, else left with a sentence that says why.</summary>
public sealed class LatentsFileTests : IDisposable
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 1, Frames = 9 };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task Extending_goes_on_from_kept_latents_and_hands_out_the_same_source()
    {
        string clip = await MakeAsync("a.apng", s_request);
        var resolved = Resolve(clip);
        Assert.Equal(LatentsFile.PathOf(clip), resolved.SourceLatents);
        Assert.Contains(resolved.Notes, n => n.Contains("goes on from the latents beside", StringComparison.Ordinal));
        var extend = resolved.Request with { Steps = 1 };
        byte[] joined = await JobStateTests.FramesOfAsync(Repository.BuiltinModel, extend, new GenerationOptions());
        byte[] source = await JobStateTests.FramesOfAsync(Repository.BuiltinModel, s_request, new GenerationOptions());
        Assert.Equal(source, joined[..source.Length]);
        Assert.Equal((9 + 8) * 128 * 128 * 3, joined.Length);
    }

    [Fact]
    public async Task Latents_of_another_clip_are_not_used_and_it_is_said()
    {
        string clip = await MakeAsync("a.apng", s_request);
        string other = await MakeAsync("b.apng", s_request with { Seed = 2 });
        File.Copy(LatentsFile.PathOf(other), LatentsFile.PathOf(clip), overwrite: true);
        var resolved = Resolve(clip);
        Assert.Null(resolved.SourceLatents);
        string note = Assert.Single(resolved.Notes, n => n.Contains("are not used", StringComparison.Ordinal));
        Assert.EndsWith("are not used: the clip was changed since.", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_damaged_file_beside_a_clip_does_not_stop_it()
    {
        string clip = await MakeAsync("a.apng", s_request);
        File.WriteAllText(LatentsFile.PathOf(clip), "nothing of the kind");
        var resolved = Resolve(clip);
        Assert.Null(resolved.SourceLatents);
        Assert.Single(resolved.Notes, n => n.Contains("are not used: ", StringComparison.Ordinal));
    }

    static ResolvedRequest Resolve(string clip) => RequestResolver.Resolve(
        new VideoRequest(s_request.Prompt) { Seed = 3, Video = ClipInput.FromFile(clip), Mode = VideoMode.Extend, Overlap = 5, Frames = 13 },
        Checkpoint.Open(Repository.BuiltinModel));

    async Task<string> MakeAsync(string name, VideoRequest request)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        await using var video = await engine.GenerateAsync(request, cancel: TestContext.Current.CancellationToken);
        string clip = await video.SaveAsync(Path.Combine(_folder, name), cancel: TestContext.Current.CancellationToken);
        video.SaveLatents(clip);
        return clip;
    }
}
