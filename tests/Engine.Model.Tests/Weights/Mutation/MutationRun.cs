using System.Diagnostics;
using Engine.Kernels;
using Xunit;

namespace Engine.Model.Tests.Weights.Mutation;

/// <summary>Feeds damaged files to a reader and holds it to its promises.</summary>
/// <remarks>
/// Each file gives an error of our own or a result that <c>check</c> agrees with; none takes over a second of processor time or
/// allocates over 256 MB; and none hangs: a watchdog fails the test and names the mutant.
/// </remarks>
sealed class MutationRun(string what, ITestOutputHelper output)
{
    const long MaxAllocated = 256 << 20;
    static readonly TimeSpan s_maxTime = TimeSpan.FromSeconds(1);
    static readonly TimeSpan s_hang = TimeSpan.FromSeconds(30);

    int _done;

    /// <summary>Runs <paramref name="count"/> mutants.</summary>
    /// <param name="count">How many.</param>
    /// <param name="mutant">Makes mutant i.</param>
    /// <param name="open">Reads it from a file; throws <see cref="EngineException"/> to refuse it.</param>
    public void Run(int count, Func<int, byte[]> mutant, Action<string> open)
    {
        using var folder = new TemporaryFolder();
        Exception? failure = null;
        var worker = new Thread(() => failure = Work(folder, count, mutant, open)) { IsBackground = true };
        worker.Start();
        for (int seen = -1; !worker.Join(s_hang);)
        {
            int now = Volatile.Read(ref _done);
            Assert.True(now != seen, $"{what}: mutant {now} hangs");
            seen = now;
        }

        Assert.Null(failure);
    }

    Exception? Work(TemporaryFolder folder, int count, Func<int, byte[]> mutant, Action<string> open)
    {
        int accepted = 0;
        long most = 0;
        var longest = TimeSpan.Zero;
        var messages = new HashSet<string>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                string path = folder.Write("mutant", mutant(i));
                long before = GC.GetAllocatedBytesForCurrentThread();
                var clock = Stopwatch.StartNew();
                try
                {
                    open(path);
                    accepted++;
                }
                catch (EngineException e)
                {
                    messages.Add(Kind(e.Message));
                    if (e.Kind != ErrorKind.BadInput || e.Message.Length > 2000)
                    {
                        return new InvalidOperationException($"{what}: mutant {i} gives an odd error: {e.Kind}, {e.Message}");
                    }
                }
                catch (Exception e)
                {
                    return new InvalidOperationException($"{what}: mutant {i} ({Convert.ToHexString(File.ReadAllBytes(path).AsSpan(0, Math.Min(400, (int)new FileInfo(path).Length)))})", e);
                }

                longest = clock.Elapsed > longest ? clock.Elapsed : longest;
                most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
                if (clock.Elapsed > s_maxTime || most > MaxAllocated)
                {
                    return new InvalidOperationException($"{what}: mutant {i} took {clock.Elapsed.TotalSeconds:F2} s and {most} bytes");
                }

                Volatile.Write(ref _done, i + 1);
            }
        }
        catch (Exception e)
        {
            return e;
        }

        output.WriteLine(
            $"{what}: {count} mutants, {accepted} accepted and checked, {count - accepted} refused with {messages.Count} kinds of message; "
            + $"longest {longest.TotalMilliseconds:F0} ms, largest allocation {most / 1024} kB");
        return null;
    }

    // Without the path, names and numbers, so that kinds can be counted.
    static string Kind(string message)
    {
        string text = message[(message.IndexOf(": ", StringComparison.Ordinal) + 2)..];
        return string.Concat(text.Split('\'').Where((_, i) => i % 2 == 0)).Where(c => !char.IsDigit(c)).Aggregate("", (s, c) => s + c);
    }
}
