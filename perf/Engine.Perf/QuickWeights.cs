using Engine.Kernels;
using Engine.Runtime.Benchmarks;

namespace Engine.Perf;

/// <summary>Linear layers with weights of every type, alternating with f32: <c>quick weights [threads] [rounds]</c>.</summary>
/// <remarks>Prints the median over the rounds of each type's time, and of its ratio to the f32 time of the same round.</remarks>
static class QuickWeights
{
    static readonly DType[] s_types = [DType.F32, DType.BF16, DType.F16, DType.F8E4M3, DType.Q8_0, DType.Q4_K];

    public static void Run(CpuDevice device, Workspace scratch, int rounds)
    {
        foreach (var (m, k, n) in new[] { (1280, 1536, 1536), (1280, 1536, 8960), (1280, 8960, 1536) })
        {
            using var x = Quick.Noise(device, [m, k]);
            using var y = device.NewTensor([m, n]);
            using var bias = Quick.Noise(device, [n]);
            var weights = s_types.Select(type => Make(device, type, n, k)).ToArray();
            var seconds = s_types.Select(_ => new List<double>()).ToArray();
            for (int round = -1; round < rounds; round++)
            {
                for (int t = 0; t < weights.Length; t++)
                {
                    double start = Quick.Now();
                    Linear.Run(device, x, weights[t], bias, y, scratch);
                    if (round >= 0)
                    {
                        seconds[t].Add(Quick.Now() - start);
                    }
                }
            }

            for (int t = 0; t < weights.Length; t++)
            {
                double ratio = BenchClock.Median(seconds[t].Select((s, round) => s / seconds[0][round]));
                double median = BenchClock.Median(seconds[t]);
                Console.WriteLine($"linear {m}x{k}x{n} {s_types[t],-7} {median * 1e3,8:F2} ms {2e-9 * m * n * k / median,7:F1} GFLOP/s  {ratio:F3} of f32");
                weights[t].Dispose();
            }
        }
    }

    static unsafe Weight Make(CpuDevice device, DType type, int rows, int columns)
    {
        var weight = new Weight(device.Allocate(type.Bytes((long)rows * columns)), type, rows, columns);
        RandomValues.Fill(type, new Span<byte>(weight.Address, checked((int)weight.Bytes)));
        return weight;
    }
}
