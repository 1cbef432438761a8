using Engine.Kernels;
using Engine.Kernels.Profiling;

namespace Engine.Runtime.Profiling;

/// <summary>A part of a job, for traces.</summary>
/// <param name="Name">What the job was doing: "step 3", "Decoding".</param>
/// <param name="Start">Seconds since the recording began, on the host's clock.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record ProfileStage(string Name, double Start, double Seconds);

/// <summary>What a device did during a piece of work.</summary>
public sealed record ProfileReport
{
    /// <summary>The work in words.</summary>
    public required string What { get; init; }

    /// <summary>The device, as it names itself.</summary>
    public required string Device { get; init; }

    /// <summary>How the times came about, in words.</summary>
    public required string Method { get; init; }

    /// <summary>What the device does at most, measured just before.</summary>
    public required Roofline Peak { get; init; }

    /// <summary>How often the work was done while it was recorded.</summary>
    public required int Runs { get; init; }

    /// <summary>Seconds on the clock from the first operation asked for to the last one done.</summary>
    public required double Seconds { get; init; }

    /// <summary>Operations and kernels by time.</summary>
    public required IReadOnlyList<ProfileRow> Rows { get; init; }

    /// <summary>Everything that ran, in order.</summary>
    public required IReadOnlyList<ProfileSpan> Spans { get; init; }

    /// <summary>Parts of the job; empty where the work has none.</summary>
    public IReadOnlyList<ProfileStage> Stages { get; init; } = [];

    /// <summary>Kernels that were started.</summary>
    public long Launches { get; init; }

    /// <summary>Kernels that one sampler step starts (the middle one of all steps); null where there were no steps.</summary>
    public long? LaunchesPerStep { get; init; }

    /// <summary>Managed bytes that one sampler step allocates on its thread, its progress report included (the middle one of all
    /// steps of a run that was not recorded); null where there were no steps.</summary>
    public long? BytesPerStep { get; init; }

    /// <summary>Seconds that operations kept the device busy.</summary>
    public double BusySeconds => Rows.Where(r => !r.IsKernel).Sum(r => r.Seconds);
}
