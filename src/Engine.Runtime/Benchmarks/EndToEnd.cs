using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime.Benchmarks;

/// <summary>Steps and decode with random weights, in the order of a job: the transformer is gone before the VAE comes.</summary>
static class EndToEnd
{
    const double FlowShift = 5;

    /// <summary>Runs it: once to warm up and then the timed runs; a run that takes long is its own warm-up.</summary>
    public static BenchResult Run(BenchRequest request, CancellationToken cancel)
    {
        if (request.Steps < 1)
        {
            throw new RequestException("steps", $"{request.Steps} is not possible; it takes 1 or more.");
        }

        var size = BenchSize.Of(request);
        double flops = (request.Steps * Benchmark.CountFlops(ModelWork.Transformer(request))) + Benchmark.CountFlops(ModelWork.VaeDecode(request));
        using var device = new CpuDevice(request.Threads);
        double machinePeak = MachinePeak.Measure(device);
        List<List<(string Name, double Seconds)>> runs = [];
        var clock = BenchClock.Time(request.Runs, () => runs.Add(Once(request, size, device, cancel)), cancel);

        // The first is the warm-up where there are more.
        var timed = runs.Skip(runs.Count > 1 ? 1 : 0).ToArray();
        var totals = timed.Select(r => r.Where(p => !p.Name.StartsWith("load", StringComparison.Ordinal)).Sum(p => p.Seconds)).ToArray();
        var parts = timed[0].Select((p, i) => (p.Name, BenchClock.Median(timed.Select(r => r[i].Seconds)))).ToArray();
        string what = $"{size}, {request.Steps} {(request.Steps == 1 ? "step" : "steps")} without guidance, then decode, {request.Weights}";
        return new BenchResult(
            request, what, device.Name, BenchClock.Median(totals), totals.Min(), totals.Length, flops, machinePeak,
            BenchClock.Median(clock.Select(c => c.Processor)), Machine.PeakMemoryBytes, parts);
    }

    static List<(string Name, double Seconds)> Once(BenchRequest request, BenchSize size, CpuDevice device, CancellationToken cancel)
    {
        var parts = new List<(string Name, double Seconds)>();
        using var pieces = new Pieces(device);
        var latent = pieces.Noise(size.LatentShape(request.Model.Transformer.OutChannels));
        Denoise(request, device, latent, parts, cancel);
        Decode(request, size, device, latent, parts, cancel);
        return parts;
    }

    static void Denoise(BenchRequest request, CpuDevice device, Tensor latent, List<(string Name, double Seconds)> parts, CancellationToken cancel)
    {
        using var pieces = new Pieces(device);
        WanTransformer transformer = null!;
        parts.Add(("load transformer", BenchClock.Once(() => transformer = pieces.Keep(ModelWork.LoadTransformer(request, device)))));
        var scratch = pieces.Workspace();
        var context = pieces.Keep(ModelWork.Context(request, transformer, scratch, pieces));
        using var scheduler = Scheduler.Create(SchedulerKind.UniPc, request.Steps, FlowShift);
        var timesteps = pieces.Keep(TimestepMap.Single(0));
        var velocity = pieces.Tensor(latent.Shape);
        for (int step = 0; step < request.Steps; step++)
        {
            cancel.ThrowIfCancellationRequested();
            parts.Add(($"step {step + 1}", BenchClock.Once(() =>
            {
                timesteps.Values[0] = scheduler.Timesteps[step];
                transformer.Forward(latent, timesteps, context, velocity, scratch);
                scheduler.Step(step, velocity, latent);
            })));
        }
    }

    static void Decode(BenchRequest request, BenchSize size, CpuDevice device, Tensor latent, List<(string Name, double Seconds)> parts, CancellationToken cancel)
    {
        using var pieces = new Pieces(device);
        WanVae vae = null!;
        parts.Add(("load VAE", BenchClock.Once(() => vae = pieces.Keep(ModelWork.LoadVae(request, device, VaeParts.Decoder)))));
        var decoder = pieces.Keep(vae.OpenDecoder(size.LatentHeight, size.LatentWidth));
        var frame = pieces.Tensor([vae.Config.ZDim, 1, size.LatentHeight, size.LatentWidth]);
        parts.Add(("decode", BenchClock.Once(() =>
        {
            for (int i = 0; i < size.LatentFrames; i++)
            {
                cancel.ThrowIfCancellationRequested();
                Latents.Take(latent, i, frame);
                decoder.Push(frame, static _ => { });
            }
        })));
    }
}
