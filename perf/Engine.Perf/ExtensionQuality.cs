using System.Globalization;
using Engine.Runtime;

namespace Engine.Perf;

/// <summary>How far colours wander when clips of still scenes are extended again and again, and what shows at the joins: <c>extension MODEL [hold|free] [SEED...]</c>.</summary>
/// <remarks>
/// Each scene is made, saved, and extended six times by as many frames as a clip adds, each time from the file of the time before with its
/// latents beside it, as <c>engine extend</c> does. Drift is the mean colour of an extension's new frames less that of the first clip's last
/// frame, the channel that differs most, of 255. Within the first clip it is the last frame's less the first's; in one job, of a clip of the
/// same length made in rounds, that of any of its parts from the second half of the first round on, less the first frame's. Step is the mean
/// difference of neighbouring frames over all values. Scenes in brackets move.
/// </remarks>
static class ExtensionQuality
{
    const int Extensions = 6;

    static readonly (string Prompt, bool Still)[] s_scenes =
    [
        ("A big blue cube stays still in a desert", true),
        ("A purple ball stays still on a snow field", true),
        ("A green cube stays still in a studio", true),
        ("A red ring stays still on a beach at night", true),
        ("A red ball stays still in a meadow", true),
        ("A yellow pyramid spins in place in a meadow", true),
        ("A red ball rolls to the left in a meadow", false),
        ("An orange cube moves right on a snow field, the camera pans to the right", false),
    ];

    public static async Task RunAsync(string[] args)
    {
        bool hold = args.ElementAtOrDefault(1) != "free";
        int[] seeds = args.Length > 2 ? Array.ConvertAll(args[2..], s => int.Parse(s, CultureInfo.InvariantCulture)) : [1, 2];
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = args[0] });
        Console.WriteLine("| scene | seed | within the first clip | drift after 1, 2 ... 6 extensions | step at joins | median elsewhere | largest elsewhere | in one job |");
        Console.WriteLine("|---|---|---|---|---|---|---|---|");
        var worst = new List<double>();
        var whole = new List<double>();
        foreach (var (prompt, still) in s_scenes)
        {
            foreach (int seed in seeds)
            {
                var request = new VideoRequest(prompt) { Seed = seed, HoldColour = hold };
                var (frames, first, joins) = await ExtendAsync(engine, request);
                double[] drift = [.. joins.Select((join, i) => Apart(Mean(frames, first - 1, first), Mean(frames, join, i + 1 < joins.Length ? joins[i + 1] : frames.Count)))];
                var (at, median, largest) = Steps(frames, joins);
                double within = Apart(Mean(frames, 0, 1), Mean(frames, first - 1, first));
                double job = await InOneJobAsync(engine, request with { Frames = frames.Count }, first, joins);
                string name = still ? prompt : $"({prompt})";
                Console.WriteLine($"| {name} | {seed} | {within:F1} | {string.Join(", ", drift.Select(d => $"{d:F1}"))} | {at:F2} | {median:F2} | {largest:F2} | {job:F1} |");
                if (still)
                {
                    worst.Add(drift.Max());
                    whole.Add(job);
                }
            }
        }

        Console.WriteLine($"still scenes: worst {worst.Max():F2}, mean of the worst of each {worst.Average():F2}, {worst.Count(d => d <= 2)} of {worst.Count} within 2; in one job worst {whole.Max():F2}, mean {whole.Average():F2}, {whole.Count(d => d <= 2)} of {whole.Count} within 2");
    }

    /// <summary>Mean step at some frames, and median and largest at the others.</summary>
    public static (double At, double Median, double Largest) Steps(IReadOnlyList<byte[]> frames, IReadOnlyCollection<int> joins)
    {
        var at = new List<double>();
        var others = new List<double>();
        for (int i = 1; i < frames.Count; i++)
        {
            (joins.Contains(i) ? at : others).Add(frames[i].Zip(frames[i - 1], (a, b) => (double)Math.Abs(a - b)).Average());
        }

        others.Sort();
        return (at.Average(), others[others.Count / 2], others[^1]);
    }

    static async Task<(IReadOnlyList<byte[]> Frames, int First, int[] Joins)> ExtendAsync(VideoEngine engine, VideoRequest request)
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        try
        {
            string clip = Path.Combine(folder, "0.apng");
            var frames = await MakeAsync(engine, request, clip);
            int first = frames.Count;
            var joins = new List<int>();
            for (int i = 1; i <= Extensions; i++)
            {
                joins.Add(frames.Count);
                string next = Path.Combine(folder, $"{i}.apng");
                frames = await MakeAsync(engine, request with { Seed = request.Seed + i, Video = ClipInput.FromFile(clip), Mode = VideoMode.Extend, Frames = first }, next);
                clip = next;
            }

            return (frames, first, [.. joins]);
        }
        finally
        {
            Directory.Delete(folder, true);
        }
    }

    static async Task<List<byte[]>> MakeAsync(VideoEngine engine, VideoRequest request, string path)
    {
        await using var video = await engine.GenerateAsync(request);
        await video.SaveAsync(path);
        video.SaveLatents(path);
        var frames = new List<byte[]>();
        await foreach (var frame in video.FramesAsync())
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        return frames;
    }

    // The same length made in rounds at once: the largest drift of any later part from the first frame.
    static async Task<double> InOneJobAsync(VideoEngine engine, VideoRequest request, int first, int[] joins)
    {
        var frames = new List<byte[]>();
        await foreach (var frame in engine.StreamAsync(request with { LongClip = LongClip.Rounds }))
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        double[] before = Mean(frames, 0, 1);
        return joins.Append(frames.Count).Zip([first / 2, .. joins], (end, start) => Apart(before, Mean(frames, start, end))).Max();
    }

    static double Apart(double[] a, double[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Max();

    /// <summary>Mean colour of some frames.</summary>
    public static double[] Mean(IReadOnlyList<byte[]> frames, int start, int end)
    {
        var sum = new double[3];
        for (int f = start; f < end; f++)
        {
            for (int i = 0; i < frames[f].Length; i++)
            {
                sum[i % 3] += frames[f][i];
            }
        }

        return Array.ConvertAll(sum, s => s / (frames[0].Length / 3) / (end - start));
    }
}
