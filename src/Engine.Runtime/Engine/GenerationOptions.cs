namespace Engine.Runtime;

/// <summary>How a job runs (a <see cref="VideoRequest"/> says what it makes).</summary>
public sealed record GenerationOptions
{
    /// <summary>File that the job's state is written to while it runs, so that it can go on after a kill; null writes none.</summary>
    public string? StatePath { get; init; }

    /// <summary>Write the state after every so many steps.</summary>
    public int StateEverySteps { get; init; } = 1;

    /// <summary>Go on from <see cref="StatePath"/> where it exists; the clip comes out bit-identical to one that never stopped.</summary>
    /// <remarks>Without the file the job starts from the beginning. A state of another request or model is refused.</remarks>
    public bool Resume { get; init; }

    /// <summary>Where the state of a round is kept, of a clip that is made in rounds: the first in <see cref="StatePath"/>, the others beside it.</summary>
    /// <param name="path"><see cref="StatePath"/>.</param>
    /// <param name="round">From 0.</param>
    public static string StatePathOf(string path, int round) => round == 0 ? path : $"{path}.{round}";

    /// <summary>Decode a small picture of the clip after every so many steps; 0 makes none.</summary>
    public int PreviewEverySteps { get; init; }

    /// <summary>Receives previews, on the job's thread; the pixels are valid during the call.</summary>
    public Action<PreviewPicture>? OnPreview { get; init; }

    /// <summary>Sees the tensors of the pipeline as they come about.</summary>
    public IPipelineObserver? Observer { get; init; }
}

/// <summary>What the clip looks like so far: its middle frame.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Rgb24">Width x Height x 3 bytes; valid during the call.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
public readonly record struct PreviewPicture(int Step, ReadOnlyMemory<byte> Rgb24, int Width, int Height);
