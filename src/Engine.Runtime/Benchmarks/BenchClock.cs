using System.Diagnostics;

namespace Engine.Runtime.Benchmarks;

/// <summary>Times a piece of work: once to warm up, then until a median means something.</summary>
static class BenchClock
{
    const int DefaultRuns = 5;
    const double SecondsToSpend = 10;

    /// <summary>Runs <paramref name="work"/>; <paramref name="runs"/> = 0 means up to five within about ten seconds.</summary>
    /// <returns>Seconds of each timed run, by the clock and of processor time over all threads, in order.</returns>
    public static List<(double Wall, double Processor)> Time(int runs, Action work, CancellationToken cancel)
    {
        // The first run compiles, touches memory and sizes the workspace. Long work is dominated by none of these.
        var first = Both(work);
        double warmUp = first.Wall;
        var seconds = new List<(double Wall, double Processor)>();
        if (runs == 0 && warmUp > SecondsToSpend)
        {
            return [first];
        }

        int wanted = runs > 0 ? runs : Math.Clamp((int)(SecondsToSpend / warmUp), 1, DefaultRuns);
        while (seconds.Count < wanted)
        {
            cancel.ThrowIfCancellationRequested();
            seconds.Add(Both(work));
        }

        return seconds;
    }

    /// <summary>The middle value.</summary>
    public static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }

    static (double Wall, double Processor) Both(Action work)
    {
        var before = Environment.CpuUsage.TotalTime;
        double wall = Once(work);
        return (wall, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    /// <summary>Seconds that one run takes.</summary>
    public static double Once(Action work)
    {
        long start = Stopwatch.GetTimestamp();
        work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
