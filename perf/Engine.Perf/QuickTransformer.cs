using System.Globalization;
using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Model.Weights;

namespace Engine.Perf;

/// <summary>Where the time of a forward goes: <c>dotnet run -c Release -- transformer [builtin|1.3b|14b] [threads] [layers] [single] [q4_k] [exact]</c>.</summary>
/// <remarks>
/// Random weights of the real sizes, of the 14B at 480x272 and 17 frames. With one thread, times are what the processor spent on it.
/// <c>exact</c>: no times, but how far the result is from that of plain products.
/// </remarks>
static class QuickTransformer
{
    static readonly TransformerConfig s_builtin = new()
    {
        InChannels = 24,
        OutChannels = 24,
        Heads = 3,
        HeadDim = 64,
        FfnDim = 768,
        Layers = 8,
        FreqDim = 128,
        TextDim = 128,
        RopeMaxSeqLen = 256,
    };

    public static void Run(string[] args)
    {
        bool huge = args is ["14b", ..];
        bool large = huge || args is ["1.3b", ..];
        int threads = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 0;
        var config = huge ? TransformerConfig.Wan21T2V14B : large ? TransformerConfig.Wan21T2V1B3 : s_builtin;
        int layers = args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : config.Layers;
        bool pair = !args.Contains("single");
        var type = args.Contains("q4_k") ? DType.Q4_K : large ? DType.BF16 : DType.F16;
        config = config with { Layers = layers };

        using var device = new CpuDevice(threads);
        Quick.Threads = device.Pool.Threads;
        using var model = Load(config, type, device);
        using var scratch = new Workspace(device);
        using var text = device.NewTensor([large ? 512 : 64, config.TextDim]);
        new TorchRandom(1).Normal(text);
        using var context = model.Prepare(text, default, scratch, keepKeyValues: true);
        Shape shape = huge ? [16, 5, 34, 60] : large ? [16, 5, 32, 32] : [24, 5, 8, 8];
        using var latent = device.NewTensor(shape);
        new TorchRandom(2).Normal(latent);
        using var velocity = device.NewTensor(shape);
        using var other = device.NewTensor(shape);
        var timestep = TimestepMap.Single(500);
        void Forward()
        {
            if (pair)
            {
                model.ForwardPair(latent, timestep, context, context, velocity, other, scratch);
            }
            else
            {
                model.Forward(latent, timestep, context, velocity, scratch);
            }
        }

        if (args.Contains("exact"))
        {
            Compare(Forward, velocity);
            return;
        }

        Profile(device, Forward, huge ? 1 : large ? 2 : 60);
        Console.WriteLine($"{device.Name}, {layers} layers, {type}, {(pair ? "pair" : "single")}, workspace {scratch.Capacity / 1e6:F1} MB");
    }

    static void Compare(Action forward, Tensor velocity)
    {
        forward();
        float[] fast = velocity.ToArray();
        Linear.Variants.Forced = "CpuPacked";
        forward();
        Linear.Variants.Forced = null;
        float[] plain = velocity.ToArray();
        double size = Math.Sqrt(plain.Average(v => (double)v * v));
        double difference = Math.Sqrt(plain.Zip(fast, (p, f) => Math.Pow(p - (double)f, 2)).Average());
        double worst = plain.Zip(fast, (p, f) => Math.Abs(p - (double)f)).Max();
        Console.WriteLine($"against plain products: difference {difference / size:E1} of the result (root mean square), worst {worst / size:E1}");
    }

    static void Profile(CpuDevice device, Action forward, int repetitions)
    {
        forward();
        double best = double.MaxValue;
        for (int i = 0; i < repetitions; i++)
        {
            double start = Quick.Now();
            forward();
            best = Math.Min(best, Quick.Now() - start);
        }

        var sums = new Sums();
        device.Watch = sums;
        for (int i = 0; i < repetitions; i++)
        {
            forward();
        }

        device.Watch = null;
        double total = sums.ByName.Values.Sum(s => s.Flops) / repetitions;
        Console.WriteLine($"forward {best * 1e3:F2} ms at best, {total / 1e9:F2} GFLOP, {total / best / 1e9:F1} GFLOP/s");
        foreach (var (name, sum) in sums.ByName.OrderByDescending(s => s.Value.Seconds))
        {
            Console.WriteLine($"{name,-40} {sum.Calls / repetitions,5} calls {sum.Seconds / repetitions * 1e3,9:F3} ms {sum.Flops / sum.Seconds / 1e9,8:F1} GFLOP/s");
        }
    }

    static WanTransformer Load(TransformerConfig config, DType type, Device device)
    {
        using var dry = new DryDevice();
        var recording = WeightStore.Recording(dry, type);
        using var listed = WanTransformer.Load(recording.Root, config, dry);
        using var source = new RandomWeightSource("random transformer", recording.Requested, type);
        var store = new WeightStore(source, device);
        var model = WanTransformer.Load(store.Root, config, device);
        store.Complete();
        return model;
    }

    // On one thread the clock is the processor's, which 'engine profile' has not.
    sealed class Sums : IDeviceWatch
    {
        string _name = "";
        double _flops;
        double _since;

        public Dictionary<string, (int Calls, double Seconds, double Flops)> ByName { get; } = [];

        public void Begin(string operation, double flops, double bytes)
        {
            _name = operation is "Linear" ? $"Linear of {flops / 1e6:F1} MFLOP" : operation;
            (_flops, _since) = (flops, Quick.Now());
        }

        public void End()
        {
            var sum = ByName.GetValueOrDefault(_name);
            ByName[_name] = (sum.Calls + 1, sum.Seconds + Quick.Now() - _since, sum.Flops + _flops);
        }

        public void Pick(string variant)
        {
        }

        public void Launch(string kernel)
        {
        }

        public void Pause()
        {
        }
    }
}
