namespace Engine.Runtime.Planning;

/// <summary>What one stage of a job takes.</summary>
/// <param name="Stage">Which one.</param>
/// <param name="Bytes">Most memory the process holds during it, the runtime included.</param>
/// <param name="Seconds">Estimated time; null where it was not estimated.</param>
/// <param name="Holds">What the memory is for, e.g. "weights 312 MB, activations 40 MB".</param>
public sealed record PlannedStage(GenerationStage Stage, long Bytes, double? Seconds, string Holds);

/// <summary>Another way of running a request, which takes another file.</summary>
/// <param name="How">What it is, and how to come by the file.</param>
/// <param name="Bytes">Most memory the process would hold.</param>
/// <param name="Seconds">Estimated time; null where it was not estimated.</param>
public sealed record PlanAlternative(string How, long Bytes, double? Seconds);

/// <summary>How a request will be run and what that takes, worked out before anything is allocated.</summary>
/// <remarks>Made by running the model's own code on a device that only counts.</remarks>
public sealed record MemoryPlan
{
    /// <summary>The request with nothing left open.</summary>
    public required ResolvedRequest Request { get; init; }

    /// <summary>The device, as <c>engine devices</c> names it.</summary>
    public required string Device { get; init; }

    /// <summary>Most memory the process may hold, bytes.</summary>
    public required long Limit { get; init; }

    /// <summary>What the process holds before the job, bytes: the runtime, its code, and models loaded earlier.</summary>
    public required long Baseline { get; init; }

    /// <summary>Most memory the process will hold at one time (VmHWM), bytes.</summary>
    public required long Peak { get; init; }

    /// <summary>Stages in order.</summary>
    public required IReadOnlyList<PlannedStage> Stages { get; init; }

    /// <summary>True when the text encoder's layers are read one after the other instead of all at once.</summary>
    public required bool StreamsTextEncoder { get; init; }

    /// <summary>True when each part of the model is released before the next is read; false when all stay in memory.</summary>
    public required bool ReleasesParts { get; init; }

    /// <summary>Side of the tiles that frames are encoded and decoded in, pixels; 0 when a frame is done whole.</summary>
    public required int TileSize { get; init; }

    /// <summary>Estimated seconds for the whole job; null where it was not estimated.</summary>
    public double? Seconds { get; init; }

    /// <summary>True when the transformer's blocks are read from disk in every step.</summary>
    public required bool StreamsTransformer { get; init; }

    /// <summary>Bytes a second that the transformer's file was measured to be read with; null where it was not.</summary>
    public double? DiskSpeed { get; init; }

    /// <summary>Ways that would do without reading blocks in every step.</summary>
    public IReadOnlyList<PlanAlternative> Alternatives { get; init; } = [];

    /// <summary>What was chosen and why, in sentences for the user.</summary>
    public required IReadOnlyList<string> Notes { get; init; }
}
