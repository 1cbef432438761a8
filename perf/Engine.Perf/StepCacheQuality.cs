using System.Diagnostics;
using System.Globalization;
using Engine.Runtime;

namespace Engine.Perf;

/// <summary>How close the step cache stays to the full run, and what it saves: <c>stepcache MODEL [BOUND...]</c>.</summary>
/// <remarks>
/// Eight prompts with the model's own settings, one seed each. Work counts the steps that ran; PSNR is over all pixels of a clip,
/// against the same clip without the cache.
/// </remarks>
static class StepCacheQuality
{
    static readonly string[] s_prompts =
    [
        "A red ball rolls to the left in a meadow",
        "A blue cube moves to the right in a desert",
        "A yellow ring falls to the ground in a studio",
        "A green pyramid rises into the air on a beach at night",
        "A purple ball stays still on a snow field",
        "An orange cube grows bigger in a meadow",
        "A red pyramid becomes smaller in a studio",
        "A red ball rolls to the right on a beach at night",
    ];

    public static async Task RunAsync(string[] args)
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = args[0] });
        string[] bounds = args.Length > 1 ? args[1..] : ["0.06", "0.07", "0.08", "0.1", "0.12", "0.13", "0.15", "0.2", "0.3"];
        await MakeAsync(engine, 0, 0);
        var full = new List<Clip>();
        for (int i = 0; i < s_prompts.Length; i++)
        {
            full.Add(await MakeAsync(engine, i, 0));
        }

        foreach (string bound in bounds)
        {
            var decibels = new List<double>();
            double ran = 0, steps = 0, seconds = 0;
            for (int i = 0; i < s_prompts.Length; i++)
            {
                var clip = await MakeAsync(engine, i, double.Parse(bound, CultureInfo.InvariantCulture));
                decibels.Add(Psnr(full[i].Rgb, clip.Rgb));
                (ran, steps, seconds) = (ran + clip.Steps - clip.Skipped, steps + clip.Steps, seconds + clip.Seconds);
            }

            Console.WriteLine(
                $"bound {bound}: {steps / ran:F2} times less work, {full.Sum(c => c.Seconds) / seconds:F2} times less time for the clip, "
                + $"{decibels.Average():F1} dB (worst of {decibels.Count} clips {decibels.Min():F1} dB)");
        }
    }

    static async Task<Clip> MakeAsync(VideoEngine engine, int index, double bound)
    {
        var told = new Told();
        var bytes = new List<byte>();
        long start = Stopwatch.GetTimestamp();
        await foreach (var frame in engine.StreamAsync(new VideoRequest(s_prompts[index]) { Seed = index + 1, StepCache = bound }, told))
        {
            bytes.AddRange(frame.Rgb24.Span);
        }

        return new([.. bytes], told.Steps, told.Skipped, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    static double Psnr(byte[] a, byte[] b)
    {
        double error = a.Zip(b, (x, y) => (double)(x - y) * (x - y)).Average();
        return error == 0 ? 99 : 10 * Math.Log10(255 * 255 / error);
    }

    sealed record Clip(byte[] Rgb, int Steps, int Skipped, double Seconds);

    sealed class Told : IProgress<GenerationProgress>
    {
        public int Steps { get; private set; }

        public int Skipped { get; private set; }

        public void Report(GenerationProgress value)
        {
            Steps = Math.Max(Steps, value.Steps);
            if (value.Note is { } note && note.StartsWith("the step cache stood in for ", StringComparison.Ordinal))
            {
                Skipped = int.Parse(note.Split(' ')[6], CultureInfo.InvariantCulture);
            }
        }
    }
}
