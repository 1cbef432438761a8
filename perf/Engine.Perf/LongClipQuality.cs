using System.Globalization;
using Engine.Runtime;
using Engine.Runtime.Pipelines;

namespace Engine.Perf;

/// <summary>What shows at the borders of rounds and windows in clips longer than the model's own: <c>longclip MODEL [FRAMES] [SEED...]</c>.</summary>
/// <remarks>
/// Step is the mean difference of neighbouring frames over all values, of 255. Borders are the frames at which another round or window begins
/// or ends to count; for the clip in one piece those of windows are taken. Drift is the mean colour of the last window's length of frames less
/// that of the first, the channel that differs most.
/// </remarks>
static class LongClipQuality
{
    static readonly string[] s_prompts =
    [
        "A big blue cube stays still in a desert",
        "A red ring stays still on a beach at night",
        "A yellow ring bounces up and down in a studio",
        "A red ball rolls to the left in a meadow",
    ];

    public static async Task RunAsync(string[] args)
    {
        int frames = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 65;
        int[] seeds = args.Length > 2 ? Array.ConvertAll(args[2..], s => int.Parse(s, CultureInfo.InvariantCulture)) : [1];
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = args[0] });
        Console.WriteLine("| scene | seed | how | step at borders | median elsewhere | largest elsewhere | drift |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        foreach (string prompt in s_prompts)
        {
            foreach (int seed in seeds)
            {
                foreach (var how in Enum.GetValues<LongClip>())
                {
                    await MakeAsync(engine, new VideoRequest(prompt) { Seed = seed, Frames = frames, LongClip = how });
                }
            }
        }
    }

    static async Task MakeAsync(VideoEngine engine, VideoRequest request)
    {
        var frames = new List<byte[]>();
        await using var video = await engine.GenerateAsync(request);
        await foreach (var frame in video.FramesAsync())
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        int part = (await engine.InfoAsync()).Frames;
        var borders = Borders(video.Request, part);
        var (at, median, largest) = ExtensionQuality.Steps(frames, borders);
        double[] first = ExtensionQuality.Mean(frames, 0, part);
        double drift = first.Zip(ExtensionQuality.Mean(frames, frames.Count - part, frames.Count), (a, b) => Math.Abs(a - b)).Max();
        Console.WriteLine($"| {request.Prompt} | {request.Seed} | {request.LongClip} | {at:F2} | {median:F2} | {largest:F2} | {drift:F1} |");
    }

    static HashSet<int> Borders(ResolvedRequest request, int part)
    {
        if (request.Windows is not null)
        {
            return [.. ClipJob.Rounds(request).Skip(1).Aggregate(new List<int> { part }, (at, round) => [.. at, at[^1] + round.Frames - round.Overlap]).SkipLast(1)];
        }

        // The first frame of a latent frame t is 4t - 3.
        var blend = request.Blend ?? BlendedWindows.Of(part, 4);
        var windows = new LatentWindows(((request.Frames - 1) / 4) + 1, ((blend.Frames - 1) / 4) + 1, blend.Overlap, 0);
        return [.. windows.Starts.Skip(1).Select(start => (4 * (start + 1)) - 3), .. windows.Starts.SkipLast(1).Select(start => (4 * (start + windows.Window)) - 3)];
    }
}
