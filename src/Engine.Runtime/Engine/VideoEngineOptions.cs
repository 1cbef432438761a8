namespace Engine.Runtime;

/// <summary>How an engine is set up.</summary>
public sealed class VideoEngineOptions
{
    /// <summary>Folder or file of the model that requests use when they name none.</summary>
    public string? ModelPath { get; set; }

    /// <summary>
    /// Folder of installed models, which requests may name, and from which a <see cref="VideoRequest.Tier"/> takes one; null means none.
    /// <see cref="Engine.Runtime.ModelsFolder.Default"/> is the user's own.
    /// </summary>
    public string? ModelsFolder { get; set; }

    /// <summary>Where to run.</summary>
    public DeviceChoice Device { get; set; } = DeviceChoice.Auto;

    /// <summary>CPU threads; 0 means one per core.</summary>
    public int Threads { get; set; }

    /// <summary>Most memory to use, bytes; null means what is free when a request starts.</summary>
    public long? MemoryLimit { get; set; }

    /// <summary>
    /// Use large weights where they lie in their files, on the host's cores, rather than copies: loading is quicker, but a file that someone
    /// cuts short while it is in use ends the process. Null means what <see cref="Kernels.CpuDevice.MapVariable"/> says, or true.
    /// </summary>
    public bool? MapWeights { get; set; }

    /// <summary>Requests that run side by side; more wait in order. One uses the cores best; the others share the weights.</summary>
    public int MaxConcurrentRequests { get; set; } = 1;

    /// <summary>Keep weights loaded between requests as far as the memory limit allows.</summary>
    public bool KeepLoaded { get; set; } = true;

    /// <summary>Folder for text embeddings of large encoders, by prompt and model; null keeps none.</summary>
    public string? EmbeddingCache { get; set; }

    /// <summary>Told each device when it is opened; for profiles.</summary>
    internal Action<Kernels.Device>? OnDevice { get; set; }

    internal void Validate()
    {
        var problems = new List<RequestProblem>();
        if (MaxConcurrentRequests < 1)
        {
            problems.Add(new("max_concurrent_requests", $"{MaxConcurrentRequests} is not possible; it takes 1 or more."));
        }

        if (Threads is < 0 or > RequestRules.MaxThreads)
        {
            problems.Add(new("threads", $"{Threads} is not possible; it takes 0 (one per core) to {RequestRules.MaxThreads}."));
        }

        if (MemoryLimit is < RequestRules.MinMemory)
        {
            problems.Add(new("memory_limit", $"{MemoryLimit} bytes is too little; it takes {RequestRules.MinMemory >> 20} MiB or more."));
        }

        if (problems.Count > 0)
        {
            throw new RequestException(problems);
        }
    }
}
