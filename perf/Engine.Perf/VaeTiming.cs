using System.Diagnostics;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;
using Engine.Testing;

namespace Engine.Perf;

/// <summary>Seconds per frame, GFLOP/s and memory of the VAE: <c>vae decode|encode builtin|wan21|wan22|FOLDER WIDTH HEIGHT FRAMES [THREADS]</c>.</summary>
/// <remarks>Also <c>vae memory</c>, <c>vae conv</c> and <c>vae tiling</c>.</remarks>
static class VaeTiming
{
    public static void Run(string[] args)
    {
        if (args[0] == "conv")
        {
            ConvolutionTiming.Run(args.Length > 1 ? int.Parse(args[1]) : 1);
            return;
        }

        if (args[0] == "memory")
        {
            Memory(args[1], int.Parse(args[2]), int.Parse(args[3]));
            return;
        }

        if (args[0] == "tiling")
        {
            VaeTilingQuality.Run(args[1..]);
            return;
        }

        bool decode = args[0] == "decode";
        int width = int.Parse(args[2]), height = int.Parse(args[3]), frames = int.Parse(args[4]);
        using var device = new CpuDevice(args.Length > 5 ? int.Parse(args[5]) : 0);
        var load = Stopwatch.StartNew();
        using var vae = Load(args[1], device, decode ? VaeParts.Decoder : VaeParts.Encoder);
        Console.WriteLine($"{args[0]} {args[1]} {width}x{height}x{frames} on {device.Name}; loaded in {load.Elapsed.TotalSeconds:f2} s, {vae.Bytes >> 20} MiB of weights");
        device.ResetPeak();
        for (int round = 0; round < 2; round++)
        {
            var seconds = new List<double>();
            var processor = Process.GetCurrentProcess().TotalProcessorTime;
            if (decode)
            {
                Decode(vae, width, height, frames, seconds);
            }
            else
            {
                Encode(vae, width, height, frames, seconds);
            }

            // Processor time is what counts on a busy machine; with several threads it includes their waiting for one another.
            double busy = (Process.GetCurrentProcess().TotalProcessorTime - processor).TotalSeconds;
            double all = seconds.Sum();
            Console.WriteLine($"round {round}: {all:f3} s, {all / frames:f4} s/frame, processor {busy:f3} s; pushes {string.Join(" ", seconds.Select(s => s.ToString("f3")))}");
            if (round == 1 || all > 20)
            {
                double flops = Flops(args[1], decode, width, height, frames);
                Console.WriteLine($"{flops / 1e9:f0} GFLOP (plain count), {flops / all / 1e9:f0} GFLOP/s, {flops / busy / 1e9:f0} per core; peak {device.Peak >> 20} MiB");
                break;
            }
        }
    }

    // What the VAE takes whole and in tiles: <c>vae memory MODEL WIDTH HEIGHT</c>.
    static void Memory(string model, int width, int height)
    {
        var config = Config(model);
        int h = height / config.SpatialFactor, w = width / config.SpatialFactor;
        foreach (var part in (VaeParts[])[VaeParts.Decoder, VaeParts.Encoder])
        {
            Console.Write($"{part} {model} {width}x{height}: whole {VaeMemory.Peak(config, part, h, w, null) >> 20} MiB");
            foreach (int tile in (int[])[48, 32, 24, 16])
            {
                var tiling = new VaeTiling { TileHeight = tile, TileWidth = tile };
                Console.Write($", tiles of {tile} {VaeMemory.Peak(config, part, h, w, tiling) >> 20}");
            }

            Console.WriteLine();
        }
    }

    static VaeConfig Config(string model) => model switch
    {
        "wan21" => Wan21,
        "wan22" => Wan22,
        _ => Checkpoint.Open(Folder(model)).Vae!,
    };

    static VaeConfig Wan21 => Wide(new VaeConfig { BaseDim = 96, DecoderBaseDim = 96, ZDim = 16, LatentsMean = [], LatentsStd = [] });

    static VaeConfig Wan22 => Wide(new VaeConfig
    {
        BaseDim = 160,
        DecoderBaseDim = 256,
        ZDim = 48,
        InChannels = 12,
        OutChannels = 12,
        PatchSize = 2,
        IsResidual = true,
        LatentsMean = [],
        LatentsStd = [],
    });

    static VaeConfig Wide(VaeConfig config) => config with
    {
        LatentsMean = new float[config.ZDim],
        LatentsStd = Enumerable.Repeat(1f, config.ZDim).ToArray(),
    };

    static string Folder(string model) => model == "builtin" ? Repository.BuiltinModel : model;

    internal static WanVae Load(string model, Device device, VaeParts parts)
    {
        var config = Config(model);
        using var source = model.StartsWith("wan2", StringComparison.Ordinal)
            ? new RandomWeights(store => WanVae.Load(store.Root, config, store.Device, parts))
            : Checkpoint.Open(Folder(model)).OpenVae();
        return WanVae.Load(source, config, device, parts);
    }

    static void Decode(WanVae vae, int width, int height, int frames, List<double> seconds)
    {
        int h = height / vae.Config.SpatialFactor, w = width / vae.Config.SpatialFactor;
        using var decoder = vae.OpenDecoder(h, w);
        using var latent = vae.Device.NewTensor([vae.Config.ZDim, 1, h, w]);
        var random = new Random(1);
        for (int t = 0; t < vae.Config.LatentFrames(frames); t++)
        {
            Fill(latent, random);
            long start = Stopwatch.GetTimestamp();
            decoder.Push(latent, _ => { });
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    static void Encode(WanVae vae, int width, int height, int frames, List<double> seconds)
    {
        int h = height / vae.Config.SpatialFactor, w = width / vae.Config.SpatialFactor;
        using var encoder = vae.OpenEncoder(height, width);
        using var latent = vae.Device.NewTensor([vae.Config.ZDim, 1, h, w]);
        var random = new Random(1);
        for (int t = 0; t < vae.Config.LatentFrames(frames); t++)
        {
            using var group = vae.Device.NewTensor([t == 0 ? 1 : vae.Config.TemporalFactor, height, width, 3]);
            Fill(group, random);
            long start = Stopwatch.GetTimestamp();
            encoder.Push(group, latent);
            seconds.Add(Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
    }

    // What the network is defined to do, whatever shortcuts the kernels take; earlier frames count even where they are zero.
    static double Flops(string model, bool decode, int width, int height, int frames)
    {
        using var dry = new DryDevice();
        using var vae = Load(model, dry, decode ? VaeParts.Decoder : VaeParts.Encoder);
        dry.ClearWork();
        if (decode)
        {
            Decode(vae, width, height, frames, []);
        }
        else
        {
            Encode(vae, width, height, frames, []);
        }

        return dry.Work.Sum(work => work.Value.Flops * (work.Key == "ConvDouble" ? 9.0 / 4 : 1));
    }

    static void Fill(Tensor tensor, Random random)
    {
        if (!tensor.Device.IsDry)
        {
            foreach (ref float value in tensor.Span)
            {
                value = (random.NextSingle() * 2) - 1;
            }
        }
    }
}
