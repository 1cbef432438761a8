using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>The most multiply-adds that this machine's cores do, measured: what every kernel is held against.</summary>
/// <remarks>
/// Every thread keeps twelve independent sums in registers and does nothing else. Machines lower their clock
/// under such a load, so a measured figure is the fair one, not cores x clock x width.
/// </remarks>
public static class MachinePeak
{
    const int Accumulators = 12;
    const int Rounds = 5;
    const int LoopsPerRound = 400_000;

    // A worker that was asleep takes up to a few milliseconds to join, so that a round must be longer than that.
    const int PartsPerThread = 16;

    /// <summary>Best of a few short rounds (about 0.15 s in all), GFLOP/s in f32 over all threads of the device.</summary>
    public static double Measure(CpuDevice device)
    {
        var job = new Job { Isa = device.Isa };
        int parts = device.Pool.Threads * PartsPerThread;
        device.Pool.Run(parts, ref job);
        double best = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long start = Stopwatch.GetTimestamp();
            device.Pool.Run(parts, ref job);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            double flops = 2.0 * parts * Accumulators * Lanes(device.Isa) * LoopsPerRound;
            best = Math.Max(best, flops / seconds / 1e9);
        }

        return best;
    }

    static int Lanes(Isa isa) => isa switch
    {
        Isa.Avx512 => Vector512<float>.Count,
        Isa.Avx2 => Vector256<float>.Count,
        _ => Vector128<float>.Count,
    };

    struct Job : IPartitioned
    {
        static float s_sink;

        public Isa Isa;

        public readonly void Run(int part) => s_sink = Isa switch
        {
            Isa.Avx512 => Loop512(part),
            Isa.Avx2 => Loop256(part),
            _ => Loop128(part),
        };
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Loop512(int seed)
    {
        var factor = Vector512.Create(0.999f);
        var add = Vector512.Create(seed + 0.001f);
        Vector512<float> a = add, b = add, c = add, d = add, e = add, f = add, g = add, h = add, i = add, j = add, k = add, l = add;
        for (int loop = 0; loop < LoopsPerRound; loop++)
        {
            a = Vector512.FusedMultiplyAdd(a, factor, add);
            b = Vector512.FusedMultiplyAdd(b, factor, add);
            c = Vector512.FusedMultiplyAdd(c, factor, add);
            d = Vector512.FusedMultiplyAdd(d, factor, add);
            e = Vector512.FusedMultiplyAdd(e, factor, add);
            f = Vector512.FusedMultiplyAdd(f, factor, add);
            g = Vector512.FusedMultiplyAdd(g, factor, add);
            h = Vector512.FusedMultiplyAdd(h, factor, add);
            i = Vector512.FusedMultiplyAdd(i, factor, add);
            j = Vector512.FusedMultiplyAdd(j, factor, add);
            k = Vector512.FusedMultiplyAdd(k, factor, add);
            l = Vector512.FusedMultiplyAdd(l, factor, add);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Loop256(int seed)
    {
        var factor = Vector256.Create(0.999f);
        var add = Vector256.Create(seed + 0.001f);
        Vector256<float> a = add, b = add, c = add, d = add, e = add, f = add, g = add, h = add, i = add, j = add, k = add, l = add;
        for (int loop = 0; loop < LoopsPerRound; loop++)
        {
            a = Vector256.FusedMultiplyAdd(a, factor, add);
            b = Vector256.FusedMultiplyAdd(b, factor, add);
            c = Vector256.FusedMultiplyAdd(c, factor, add);
            d = Vector256.FusedMultiplyAdd(d, factor, add);
            e = Vector256.FusedMultiplyAdd(e, factor, add);
            f = Vector256.FusedMultiplyAdd(f, factor, add);
            g = Vector256.FusedMultiplyAdd(g, factor, add);
            h = Vector256.FusedMultiplyAdd(h, factor, add);
            i = Vector256.FusedMultiplyAdd(i, factor, add);
            j = Vector256.FusedMultiplyAdd(j, factor, add);
            k = Vector256.FusedMultiplyAdd(k, factor, add);
            l = Vector256.FusedMultiplyAdd(l, factor, add);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static float Loop128(int seed)
    {
        var factor = Vector128.Create(0.999f);
        var add = Vector128.Create(seed + 0.001f);
        Vector128<float> a = add, b = add, c = add, d = add, e = add, f = add, g = add, h = add, i = add, j = add, k = add, l = add;
        for (int loop = 0; loop < LoopsPerRound; loop++)
        {
            a = Vector128.FusedMultiplyAdd(a, factor, add);
            b = Vector128.FusedMultiplyAdd(b, factor, add);
            c = Vector128.FusedMultiplyAdd(c, factor, add);
            d = Vector128.FusedMultiplyAdd(d, factor, add);
            e = Vector128.FusedMultiplyAdd(e, factor, add);
            f = Vector128.FusedMultiplyAdd(f, factor, add);
            g = Vector128.FusedMultiplyAdd(g, factor, add);
            h = Vector128.FusedMultiplyAdd(h, factor, add);
            i = Vector128.FusedMultiplyAdd(i, factor, add);
            j = Vector128.FusedMultiplyAdd(j, factor, add);
            k = Vector128.FusedMultiplyAdd(k, factor, add);
            l = Vector128.FusedMultiplyAdd(l, factor, add);
        }

        return Vector128.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }
}
