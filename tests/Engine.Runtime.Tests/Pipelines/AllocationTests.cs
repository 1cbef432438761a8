using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Runtime.Pipelines;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>A step of the sampler allocates nothing, on the heap or the device, once the first ones are done.</summary>
public sealed class AllocationTests
{
    const int Steps = 12;

    [Theory]
    [InlineData(1, false, false, false, SchedulerKind.UniPc)]
    [InlineData(2, true, false, false, SchedulerKind.UniPc)]
    [InlineData(2, true, true, false, SchedulerKind.Euler)]
    [InlineData(1, false, true, false, SchedulerKind.DpmPlusPlus)]
    [InlineData(2, true, false, true, SchedulerKind.UniPc)]
    public void A_step_allocates_nothing(int threads, bool given, bool cached, bool windows, SchedulerKind kind)
    {
        using var device = new CpuDevice(threads);
        using var parts = new ModelParts(Checkpoint.Open(Repository.BuiltinModel), device);
        using var lease = parts.Transformer.Rent();
        var transformer = lease.Value;
        Shape shape = [transformer.Config.OutChannels, 3, 8, 8];
        using var latent = device.NewTensor(shape);
        new TorchRandom(1).Normal(latent);
        using var conditioning = new Conditioning
        {
            Prompt = Noise(device, [7, transformer.Config.TextDim]),
            NegativePrompt = Noise(device, [2, transformer.Config.TextDim]),
            TextLength = 64,
            Given = given ? Given(device, shape) : null,
        };
        using var cache = cached ? new StepCache(device, shape, bound: 0.1) : null;
        using var sampler = new Sampler(
            transformer, conditioning, Scheduler.Create(kind, Steps, 2), latent, new SamplerOptions(Pair: true, KeepKeyValues: true),
            windows ? new LatentWindows(frames: 3, window: 2, overlap: 1, lead: 0) : null, cache);

        // The first steps size the workspace and the sampler's history, and with a cache the first skipped one compiles its path.
        for (int step = 0; step < Steps - 3; step++)
        {
            sampler.Step(step, 4, CancellationToken.None);
        }

        long onDevice = device.Allocated;
        device.ResetPeak();
        long onHeap = GC.GetAllocatedBytesForCurrentThread();
        for (int step = Steps - 3; step < Steps; step++)
        {
            sampler.Step(step, 4, CancellationToken.None);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - onHeap);
        Assert.Equal(onDevice, device.Peak);
        Assert.Equal(cached, cache?.Skipped > 0);
    }

    static Tensor Noise(Device device, Shape shape)
    {
        var tensor = device.NewTensor(shape);
        new TorchRandom(2).Normal(tensor);
        return tensor;
    }

    static GivenLatents Given(Device device, Shape shape)
    {
        var given = new GivenLatents(device, shape);
        using var frame = Noise(device, [shape[0], 1, shape[2], shape[3]]);
        given.Give(0, frame);
        return given;
    }
}
