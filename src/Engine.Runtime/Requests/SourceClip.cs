using Engine.Kernels;
using Engine.Runtime.Media;

namespace Engine.Runtime;

/// <summary>A source clip that is read frame by frame, so that it never sits in memory whole.</summary>
sealed class SourceClip
{
    readonly ClipInput _input;
    readonly VideoReader? _reader;

    SourceClip(ClipInput input, VideoReader? reader, int count)
    {
        _input = input;
        _reader = reader;
        Count = count;
    }

    /// <summary>Frames in the clip.</summary>
    public int Count { get; }

    /// <summary>Frames a second, where the clip says.</summary>
    public double? Fps => _reader?.Info.Fps is >= 1 and <= 240 ? _reader.Info.Fps : null;

    /// <summary>Opens a clip and finds out how long it is; only files that do not say are decoded for that.</summary>
    /// <exception cref="EngineException">It cannot be read.</exception>
    public static SourceClip Open(ClipInput input)
    {
        if (input.Path is null)
        {
            return new SourceClip(input, null, input.Frames.Count);
        }

        var reader = VideoReader.Open(input.Path);
        int count = reader.Info.Frames ?? reader.ReadAsync().ToBlockingEnumerable().Count();
        return count > 0 ? new SourceClip(input, reader, count) : throw new EngineException(ErrorKind.BadInput, $"The clip '{input.Path}' has no frames.");
    }

    /// <summary>Size of its frames.</summary>
    public (int Width, int Height) Size()
    {
        // A header may tell the size before a rotation.
        var first = First();
        return (first.Width, first.Height);
    }

    /// <summary>Its first frame, at its own size.</summary>
    public Image First() => _reader is null ? Pictures.Load(_input.Frames[0]) : _reader.ReadAsync(count: 1).ToBlockingEnumerable().First();

    /// <summary>Frames in order, brought to a size.</summary>
    /// <param name="start">First frame.</param>
    /// <param name="count">How many.</param>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="fitted">Told once what was done to the frames.</param>
    /// <param name="margins">Pixels added around each frame first.</param>
    /// <param name="fill">Their value.</param>
    /// <exception cref="EngineException">The clip is damaged or shorter than it said.</exception>
    public IEnumerable<Image> Read(int start, int count, int width, int height, Action<string>? fitted = null, Margins margins = default, byte fill = Canvas.Grey)
    {
        var frames = _reader is null
            ? _input.Frames.Skip(start).Take(count).Select(Pictures.Load)
            : _reader.ReadAsync(start: start, count: count).ToBlockingEnumerable();
        int read = 0;
        foreach (var frame in frames)
        {
            var (image, done) = ImageFit.Cover(margins == default ? frame : Canvas.Around(frame, margins, fill), width, height, _input.ToString());
            if (read++ == 0 && done is not null)
            {
                fitted?.Invoke(done);
            }

            yield return image;
        }

        if (read < count)
        {
            throw new EngineException(ErrorKind.BadInput, $"The clip '{_input}' ends after {start + read} frames; its header promises {Count}.");
        }
    }
}
