namespace Engine.Runtime;

/// <summary>What a job is doing.</summary>
public enum GenerationStage
{
    /// <summary>Waiting for another request to finish.</summary>
    Queued,

    /// <summary>Working out what fits where.</summary>
    Planning,

    /// <summary>Reading the prompt.</summary>
    EncodingText,

    /// <summary>Reading pictures and clips.</summary>
    EncodingInputs,

    /// <summary>Reading the transformer's weights.</summary>
    Loading,

    /// <summary>Walking from noise to the clip.</summary>
    Denoising,

    /// <summary>Making pixels.</summary>
    Decoding,

    /// <summary>All frames were handed over.</summary>
    Done,
}

/// <summary>How far a job has come.</summary>
public sealed record GenerationProgress
{
    /// <summary>What it is doing.</summary>
    public required GenerationStage Stage { get; init; }

    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>Steps to do.</summary>
    public int Steps { get; init; }

    /// <summary>Frames handed over.</summary>
    public int FramesDone { get; init; }

    /// <summary>Frames to hand over.</summary>
    public int Frames { get; init; }

    /// <summary>Seconds since the job began to run.</summary>
    public double Elapsed { get; init; }

    /// <summary>Seconds that one step takes; null before the first is done.</summary>
    public double? SecondsPerStep { get; init; }

    /// <summary>Estimated seconds until the last frame; null while unknown.</summary>
    public double? SecondsLeft { get; init; }

    /// <summary>Something the user should know: how an input was cropped, which seed was drawn, what is released or streamed.</summary>
    public string? Note { get; init; }
}
