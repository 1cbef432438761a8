using Engine.Kernels;
using Engine.Model.Schedulers;

namespace Engine.Testing;

/// <summary>Samplers on plain arrays, on a device of their own.</summary>
public static class SchedulerArrays
{
    static readonly CpuDevice s_device = new(threads: 1);

    /// <summary>One step on an array.</summary>
    public static void Step(this IScheduler scheduler, int step, ReadOnlySpan<float> velocity, Span<float> latent)
    {
        using var v = Sent(velocity);
        using var x = Sent(latent);
        scheduler.Step(step, v, x);
        x.CopyTo(latent);
    }

    /// <summary>Mixes noise into an array.</summary>
    public static void AddNoise(this IScheduler scheduler, int step, ReadOnlySpan<float> clean, ReadOnlySpan<float> noise, Span<float> result)
    {
        using var c = Sent(clean);
        using var n = Sent(noise);
        scheduler.AddNoise(step, c, n, n);
        n.CopyTo(result);
    }

    /// <summary>Restores a sampler's history.</summary>
    public static void Restore(this IScheduler scheduler, BinaryReader reader) => scheduler.Restore(reader, s_device);

    static Tensor Sent(ReadOnlySpan<float> values)
    {
        var tensor = s_device.NewTensor([values.Length]);
        tensor.CopyFrom(values);
        return tensor;
    }
}
