using System.Diagnostics;
using System.Globalization;
using Engine.Kernels;
using Engine.Kernels.Gpu;

namespace Engine.Perf;

/// <summary>Rates of the kernels of an accelerator: <c>dotnet run -c Release -- device opencl:0 [linear|attention]</c>.</summary>
/// <remarks>
/// Every variant that can run a shape is timed, best of several. Where the device is the host's cores, time is what the process
/// spent on them, so that rates are those of one core and a busy machine does not show; elsewhere it is wall time.
/// </remarks>
static class QuickDevice
{
    public static void Run(string[] args)
    {
        string[] id = args[0].Split(':');
        var kind = id[0] == "cuda" ? DeviceKind.Cuda : DeviceKind.OpenCl;
        using var gpu = DeviceCatalog.Open(kind, id.Length > 1 ? int.Parse(id[1], CultureInfo.InvariantCulture) : 0);
        using var scratch = new Workspace(gpu);
        Console.WriteLine(gpu.Name + (gpu.RunsOnHostCores ? ", rates per core" : ""));
        string what = args.Length > 1 ? args[1] : "all";
        if (what is "all" or "linear")
        {
            foreach (var type in new[] { DType.F32, DType.BF16, DType.Q4_K })
            {
                foreach (var (m, k, n) in new[] { (1280, 1536, 1536), (512, 4096, 1536), (80, 256, 768), (4, 1536, 1536) })
                {
                    TimeLinear(gpu, type, m, k, n);
                }
            }
        }

        if (what is "all" or "attention")
        {
            foreach (var (q, k, h, d) in new[] { (80, 80, 3, 64), (1280, 1280, 4, 128), (1280, 512, 4, 128), (257, 257, 16, 80), (1024, 1024, 1, 384) })
            {
                TimeAttention(gpu, scratch, q, k, h, d);
            }
        }
    }

    static void TimeLinear(GpuDevice gpu, DType type, int m, int k, int n)
    {
        using var x = Noise(gpu, [m, k]);
        using var y = gpu.NewTensor([m, n]);
        using var b = Noise(gpu, [n]);
        using var w = new Weight(gpu.Allocate(type.Bytes((long)n * k)), type, n, k);
        var bytes = new byte[w.Bytes];
        Array.Fill(bytes, (byte)0x3C);
        gpu.Upload(bytes, w.Storage, 0);
        var call = new LinearCall(x, w, b, y, Activation.None, LinearOutput.Store, default, null, default);
        foreach (var variant in Linear.Variants.Where(v => v.Name.StartsWith("Gpu", StringComparison.Ordinal) && v.Supports(gpu, [m, n, k])))
        {
            Report(gpu, $"linear {type} {m} x {k} x {n} {variant.Name}", () => variant.Run(gpu, call), 2.0 * m * n * k);
        }
    }

    static void TimeAttention(GpuDevice gpu, Workspace scratch, int queries, int keys, int heads, int depth)
    {
        using var q = Noise(gpu, [queries, heads * depth]);
        using var k = Noise(gpu, [keys, heads * depth]);
        using var v = Noise(gpu, [keys, heads * depth]);
        using var y = gpu.NewTensor([queries, heads * depth]);
        var call = new AttentionCall(q, k, v, y, heads, depth, 0.1f, default, scratch);
        foreach (var variant in Attention.Variants.Where(t => t.Name.StartsWith("Gpu", StringComparison.Ordinal) && t.Supports(gpu, [queries, keys, heads, depth])))
        {
            Report(gpu, $"attention {queries} x {keys}, {heads} of {depth}, {variant.Name}", () => variant.Run(gpu, call), 4.0 * queries * keys * heads * depth);
        }
    }

    static Tensor Noise(Device device, Shape shape)
    {
        var tensor = device.NewTensor(shape);
        var random = new Random(1);
        var values = new float[tensor.Count];
        foreach (ref float v in values.AsSpan())
        {
            v = random.NextSingle() - 0.5f;
        }

        tensor.CopyFrom(values);
        return tensor;
    }

    static void Report(GpuDevice gpu, string name, Action action, double flops)
    {
        void Once()
        {
            action();
            gpu.Synchronize();
        }

        Once();
        double best = double.MaxValue;
        var all = Stopwatch.StartNew();
        for (int i = 0; i < 5 || (all.Elapsed.TotalSeconds < 0.5 && i < 500); i++)
        {
            double start = Now(gpu);
            Once();
            best = Math.Min(best, Now(gpu) - start);
        }

        Console.WriteLine($"{name,-52} {best * 1e3,10:F3} ms {flops / best / 1e9,8:F1} GFLOP/s");
    }

    static unsafe double Now(GpuDevice gpu)
    {
        if (!gpu.RunsOnHostCores || !OperatingSystem.IsLinux())
        {
            return Stopwatch.GetTimestamp() / (double)Stopwatch.Frequency;
        }

        long* time = stackalloc long[2];
        const int ProcessorTimeOfProcess = 2;
        _ = Quick.GetTime(ProcessorTimeOfProcess, time);
        return time[0] + (time[1] * 1e-9);
    }
}
