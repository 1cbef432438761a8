namespace Engine.Model.Schedulers;

/// <summary>Makes samplers.</summary>
public static class Scheduler
{
    /// <summary>Timesteps that the models were trained on.</summary>
    public const int TrainTimesteps = 1000;

    /// <summary>A sampler that stands before its first step.</summary>
    /// <param name="kind">Which sampler.</param>
    /// <param name="steps">Number of steps, 1 or more.</param>
    /// <param name="flowShift">How far the noise levels lean towards noise, above 0; 1 leaves them evenly spaced.</param>
    public static IScheduler Create(SchedulerKind kind, int steps, double flowShift)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        if (!(flowShift > 0) || !double.IsFinite(flowShift))
        {
            throw new ArgumentOutOfRangeException(nameof(flowShift), flowShift, "The flow shift must be a number above 0.");
        }

        return kind switch
        {
            SchedulerKind.UniPc => new UniPcScheduler(steps, flowShift),
            SchedulerKind.Euler => new FlowMatchEulerScheduler(steps, flowShift),
            SchedulerKind.DpmPlusPlus => new DpmSolverScheduler(steps, flowShift),
            SchedulerKind.Turbo => new TurboScheduler(steps, flowShift),
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "There is no such scheduler."),
        };
    }

    /// <summary>The shifted noise level: shift s / (1 + (shift - 1) s).</summary>
    internal static double Shifted(double sigma, double shift) => shift * sigma / (1 + ((shift - 1) * sigma));

    /// <summary>Evenly spaced values from <paramref name="start"/> to <paramref name="stop"/>, both included, rounded as numpy does.</summary>
    internal static double[] Linspace(double start, double stop, int count)
    {
        var values = new double[count];
        double step = count > 1 ? (stop - start) / (count - 1) : 0;
        for (int i = 0; i < count; i++)
        {
            values[i] = (i * step) + start;
        }

        if (count > 1)
        {
            values[^1] = stop;
        }

        return values;
    }
}
