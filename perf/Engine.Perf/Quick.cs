using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Perf;

/// <summary>Rates of the operations in a few seconds: <c>dotnet run -c Release -- quick [linear|attention|rows|weights|startup] [threads]</c>.</summary>
/// <remarks>Best of several repetitions beside the device's peak measured in the same run: compare the percentages, not the seconds.</remarks>
static partial class Quick
{
    static int s_threads;

    /// <summary>Threads of the device that is timed.</summary>
    internal static int Threads
    {
        set => s_threads = value;
    }

    public static void Run(string[] args)
    {
        string what = args.Length > 0 ? args[0] : "all";
        int threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
        using var device = new CpuDevice(threads);
        using var scratch = new Workspace(device);
        s_threads = device.Pool.Threads;
        if (what is "startup")
        {
            Startup(device, scratch);
            return;
        }

        if (what is "weights")
        {
            QuickWeights.Run(device, scratch, args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 9);
            return;
        }

        double peak = Roofline.Measure(device).FlopsPerSecond;
        Console.WriteLine($"{device.Name}: peak {peak / 1e9:F0} GFLOP/s");
        if (what is "all" or "linear")
        {
            foreach (var type in new[] { DType.F32, DType.BF16 })
            {
                foreach (var (m, k, n) in new[] { (1280, 1536, 1536), (1280, 1536, 8960), (1280, 8960, 1536), (4096, 1536, 1536), (4096, 1536, 8960), (512, 4096, 1536), (80, 192, 192), (80, 192, 768), (80, 768, 192), (16, 1536, 1536), (4, 1536, 8960), (1, 1536, 9216) })
                {
                    Linear(device, scratch, type, m, k, n, Activation.None, peak);
                }
            }

            Linear(device, scratch, DType.BF16, 1280, 1536, 8960, Activation.GeluTanh, peak);
        }

        if (what is "all" or "attention")
        {
            foreach (var (q, k, h, d) in new[] { (80, 80, 3, 64), (1280, 1280, 12, 128), (1280, 512, 12, 128), (4096, 4096, 12, 128), (14040, 14040, 1, 128), (257, 257, 16, 80) })
            {
                var (tq, tk, tv, ty) = (Noise(device, [q, h * d]), Noise(device, [k, h * d]), Noise(device, [k, h * d]), device.NewTensor([q, h * d]));
                Report($"attention f32 Lq={q} Lk={k} H={h} D={d}", Best(() => Attention.Run(device, tq, tk, tv, ty, h, 0.1f, scratch)), 4.0 * q * k * h * d, 0, peak);
                tq.Dispose();
                tk.Dispose();
                tv.Dispose();
                ty.Dispose();
            }
        }

        if (what is "all" or "rows")
        {
            foreach (var (m, c) in new[] { (1280, 1536), (80, 192) })
            {
                using var x = Noise(device, [m, c]);
                using var y = device.NewTensor([m, c]);
                using var g = Noise(device, [1, c]);
                using var angles = Noise(device, [m, 64]);
                double bytes = 8.0 * x.Count;
                Report($"layer norm {m}x{c}", Best(() => LayerNorm.Run(device, x, y, 1e-6f)), 0, bytes, peak);
                Report($"modulated norm {m}x{c}", Best(() => ModulatedNorm.Run(device, x, g, g, null, y, 1e-6f)), 0, bytes, peak);
                Report($"rms norm {m}x{c}", Best(() => RmsNorm.Run(device, x, g, y, 1e-6f)), 0, bytes, peak);
                if (c % 128 == 0)
                {
                    Report($"rope {m}x{c}", Best(() => Rope.Run(device, y, angles, angles, c / 128)), 0, bytes, peak);
                }

                Report($"gated residual {m}x{c}", Best(() => Elementwise.AddGated(device, x, g, null, y)), 0, bytes * 1.5, peak);
            }

            using var big = Noise(device, [1280, 8960]);
            Report("gelu tanh 1280x8960", Best(() => Elementwise.Activate(device, big, Activation.GeluTanh)), 0, 8.0 * big.Count, peak);
        }
    }

    static void Linear(CpuDevice device, Workspace scratch, DType type, int m, int k, int n, Activation activation, double peak)
    {
        using var x = Noise(device, [m, k]);
        using var y = device.NewTensor([m, n]);
        using var b = Noise(device, [n]);
        using var w = new Weight(device.Allocate(type.Bytes((long)n * k)), type, n, k);
        unsafe
        {
            new Span<byte>(w.Address, checked((int)w.Bytes)).Fill(0x3C);
        }

        Report($"linear {type} M={m} K={k} N={n} {activation}", Best(() => Kernels.Linear.Run(device, x, w, b, y, scratch, activation)), 2.0 * m * n * k, w.Bytes + (4.0 * (x.Count + y.Count)), peak);
    }

    internal static Tensor Noise(Device device, Shape shape)
    {
        var tensor = device.NewTensor(shape);
        var random = new Random(1);
        foreach (ref float v in tensor.Span)
        {
            v = random.NextSingle() - 0.5f;
        }

        return tensor;
    }

    // One thread is timed by what the processor spent on it, so that a busy machine does not show.
    internal static unsafe double Now()
    {
        if (s_threads > 1 || !OperatingSystem.IsLinux())
        {
            return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        }

        long* time = stackalloc long[2];
        const int ThreadProcessorTime = 3;
        _ = GetTime(ThreadProcessorTime, time);
        return time[0] + (time[1] * 1e-9);
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    internal static unsafe partial int GetTime(int clock, long* time);

    static double Best(Action action)
    {
        action();
        double best = double.MaxValue;
        var all = Stopwatch.StartNew();
        for (int i = 0; i < 5 || (all.Elapsed.TotalSeconds < 0.4 && i < 2000); i++)
        {
            double start = Now();
            action();
            best = Math.Min(best, Now() - start);
        }

        return best;
    }

    static void Report(string name, double seconds, double flops, double bytes, double peak)
    {
        string rate = flops > 0 ? $"{flops / seconds / 1e9,8:F1} GFLOP/s {100 * flops / seconds / peak,5:F1} %" : new string(' ', 25);
        Console.WriteLine($"{name,-48} {seconds * 1e3,10:F4} ms {rate} {(bytes > 0 ? $"{bytes / seconds / 1e9,7:F1} GB/s" : "")}");
    }

    // What a small model does in a fresh process: the first passes pay for compilation.
    static void Startup(CpuDevice device, Workspace scratch)
    {
        const int Tokens = 80;
        const int Width = 192;
        using var x = Noise(device, [Tokens, Width]);
        using var q = device.NewTensor([Tokens, Width]);
        using var k = device.NewTensor([Tokens, Width]);
        using var v = device.NewTensor([Tokens, Width]);
        using var inner = device.NewTensor([Tokens, 4 * Width]);
        using var table = Noise(device, [1, Width]);
        using var angles = Noise(device, [Tokens, 32]);
        using var square = new Weight(device.Allocate(2 * Width * Width), DType.BF16, Width, Width);
        using var up = new Weight(device.Allocate(8 * Width * Width), DType.BF16, 4 * Width, Width);
        using var down = new Weight(device.Allocate(8 * Width * Width), DType.BF16, Width, 4 * Width);
        foreach (var w in new[] { square, up, down })
        {
            unsafe
            {
                new Span<byte>(w.Address, checked((int)w.Bytes)).Fill(0x3C);
            }
        }

        for (int pass = 1; pass <= 40; pass++)
        {
            long start = Stopwatch.GetTimestamp();
            for (int block = 0; block < 8; block++)
            {
                for (int attention = 0; attention < 2; attention++)
                {
                    ModulatedNorm.Run(device, x, table, table, null, q, 1e-6f);
                    Kernels.Linear.Run(device, q, square, table, k, scratch);
                    Kernels.Linear.Run(device, q, square, table, v, scratch);
                    Kernels.Linear.Run(device, x, square, table, q, scratch);
                    RmsNorm.Run(device, q, table, q, 1e-6f);
                    RmsNorm.Run(device, k, table, k, 1e-6f);
                    Rope.Run(device, q, angles, angles, 3);
                    Rope.Run(device, k, angles, angles, 3);
                    Attention.Run(device, q, k, v, q, 3, 0.125f, scratch);
                    Kernels.Linear.Run(device, q, square, table, x, scratch, output: LinearOutput.AddGated, gate: table);
                }

                LayerNorm.Run(device, x, q, 1e-6f, table, table);
                Kernels.Linear.Run(device, q, up, default, inner, scratch, Activation.GeluTanh);
                Kernels.Linear.Run(device, inner, down, table, x, scratch, output: LinearOutput.AddGated, gate: table);
            }

            if (pass is 1 or 2 or 3 or 10 or 20 or 40)
            {
                Console.WriteLine($"pass {pass,2}: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:F2} ms");
            }
        }
    }
}
