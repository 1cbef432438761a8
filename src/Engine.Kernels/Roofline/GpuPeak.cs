using System.Diagnostics;
using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <summary>The most multiply-adds and memory traffic of an accelerator, measured through kernels of the kind that operations use.</summary>
/// <remarks>
/// Arithmetic: every thread keeps 64 independent sums in registers, as the tiles of a matrix product do. Traffic: one array is
/// copied to another, both larger than what caches hold; bytes read and bytes written both count.
/// </remarks>
static class GpuPeak
{
    const int GroupSize = 256;
    const int Sums = 64;
    const int Rounds = 3;
    const double RoundSeconds = 0.02;

    // Host memory behind a driver that runs on the host's cores: as much as the host's own probe takes.
    const long HostBytes = 48L << 20;
    const long DeviceBytes = 256L << 20;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, int, float>> s_multiply =
        new(typeof(GpuPeak), nameof(MultiplyAdd), GroupSize);

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<Four>, ArrayView<Four>>> s_copy =
        new(typeof(GpuPeak), nameof(CopyFours), GroupSize);

    /// <summary>Measures; takes a fraction of a second after the kernels are compiled.</summary>
    public static Roofline Measure(GpuDevice device) => new(FlopsPerSecond(device), BytesPerSecond(device));

    static double FlopsPerSecond(GpuDevice device)
    {
        int groups = 32 * Math.Max(1, device.Accelerator.NumMultiprocessors);
        using var sink = device.NewTensor([groups * GroupSize]);
        void Run(int loops) => s_multiply.On(device)(device.Stream, Grids.Groups(groups, GroupSize), device.View(sink), loops, 0.999f);

        int loops = 16;
        Seconds(device, () => Run(loops));
        while (Seconds(device, () => Run(loops)) < RoundSeconds && loops < 1 << 20)
        {
            loops *= 2;
        }

        double best = Best(device, () => Run(loops));
        return 2.0 * Sums * loops * groups * GroupSize / best;
    }

    static double BytesPerSecond(GpuDevice device)
    {
        long bytes = device.RunsOnHostCores ? HostBytes : Math.Min(DeviceBytes, device.TotalMemory / 16 / 4096 * 4096);
        using var from = device.Allocate(bytes);
        using var to = device.Allocate(bytes);
        device.Fill(from, 0, bytes / sizeof(float), 1);
        var (source, target) = (device.View<Four>(from), device.View<Four>(to));
        void Run() => s_copy.On(device)(device.Stream, Grids.Linear(source.Length, GroupSize), source, target);

        Run();
        return 2.0 * bytes / Best(device, Run);
    }

    static double Best(GpuDevice device, Action run) => Enumerable.Range(0, Rounds).Min(_ => Seconds(device, run));

    static double Seconds(GpuDevice device, Action run)
    {
        device.Synchronize();
        long start = Stopwatch.GetTimestamp();
        run();
        device.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    static void MultiplyAdd(ArrayView<float> sink, int loops, float factor)
    {
        float add = Group.IdxX + 0.001f;
        var start = new Eight { A = add, B = add + 1, C = add + 2, D = add + 3, E = add + 4, F = add + 5, G = add + 6, H = add + 7 };
        Eight a = start, b = start, c = start, d = start, e = start, f = start, g = start, h = start;
        for (int i = 0; i < loops; i++)
        {
            a = a.Next(factor, add);
            b = b.Next(factor, add);
            c = c.Next(factor, add);
            d = d.Next(factor, add);
            e = e.Next(factor, add);
            f = f.Next(factor, add);
            g = g.Next(factor, add);
            h = h.Next(factor, add);
        }

        sink[Grids.First] = a.Sum() + b.Sum() + c.Sum() + d.Sum() + e.Sum() + f.Sum() + g.Sum() + h.Sum();
    }

    static void CopyFours(ArrayView<Four> from, ArrayView<Four> to)
    {
        for (long i = Grids.First; i < from.Length; i += Grids.Stride)
        {
            var four = from[i];
            to[i] = new Four { A = four.A, B = four.B, C = four.C, D = four.D };
        }
    }

    // One 128-bit access.
    struct Four
    {
        public float A;
        public float B;
        public float C;
        public float D;
    }

    // Sums that stay in registers.
    struct Eight
    {
        public float A;
        public float B;
        public float C;
        public float D;
        public float E;
        public float F;
        public float G;
        public float H;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly Eight Next(float factor, float add) => new()
        {
            A = (A * factor) + add,
            B = (B * factor) + add,
            C = (C * factor) + add,
            D = (D * factor) + add,
            E = (E * factor) + add,
            F = (F * factor) + add,
            G = (G * factor) + add,
            H = (H * factor) + add,
        };

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly float Sum() => A + B + C + D + E + F + G + H;
    }
}
