using Engine.Kernels;
using Engine.Runtime.Media;

namespace Engine.Runtime;

/// <summary>Which pixels of a clip are made anew: one mask for all frames, or one for each, read as they are needed.</summary>
sealed class MaskClip
{
    /// <summary>Least value that counts as white.</summary>
    public const int White = 128;

    readonly byte[]? _still;
    readonly SourceClip? _clip;
    readonly int _width;
    readonly int _height;
    readonly Margins _margins;
    readonly Action<string>? _fitted;

    MaskClip(byte[]? still, SourceClip? clip, int width, int height, Margins margins, Action<string>? fitted)
    {
        _still = still;
        _clip = clip;
        _width = width;
        _height = height;
        _margins = margins;
        _fitted = fitted;
    }

    /// <summary>Frames that it has; null when it is one picture for all.</summary>
    public int? Count => _clip?.Count;

    /// <summary>Opens a mask.</summary>
    /// <param name="input">A picture, or a clip as long as the source; null for a frame that is kept whole.</param>
    /// <param name="source">Size of the source's frames, of which a missing mask is made.</param>
    /// <param name="width">Width of the clip to make.</param>
    /// <param name="height">Its height.</param>
    /// <param name="margins">Pixels added around the source, all of them white.</param>
    /// <param name="fitted">Told once what was done to it.</param>
    /// <exception cref="EngineException">It cannot be read.</exception>
    public static MaskClip Open(
        ClipInput? input, (int Width, int Height) source, int width, int height, Margins margins = default, Action<string>? fitted = null)
    {
        if (input is null)
        {
            return Still(new Mask(source.Width, source.Height, new byte[source.Width * source.Height]), "the source", width, height, margins, null);
        }

        var clip = SourceClip.Open(input);
        if (clip.Count > 1)
        {
            return new MaskClip(null, clip, width, height, margins, fitted);
        }

        // Of a picture what is transparent is not masked; a clip's frames have no transparency.
        var mask = input.Path is { } path && File.Exists(path) ? Mask.Load(path) : Pictures.Grey(clip.First());
        return Still(mask, input.ToString(), width, height, margins, fitted);
    }

    /// <summary>Masks in the order of the frames, 0 to 255 for each pixel [H, W]; valid until the next.</summary>
    /// <param name="count">Frames of the clip to make.</param>
    public IEnumerable<byte[]> Read(int count) => _still is not null
        ? Enumerable.Repeat(_still, count)
        : _clip!.Read(0, count, _width, _height, _fitted, _margins, byte.MaxValue).Select(frame => Pictures.Grey(frame).Values);

    /// <summary>Masks as <see cref="Read"/> gives them: true where the clip is made anew.</summary>
    public IEnumerable<bool[]> ReadFlags(int count)
    {
        byte[]? last = null;
        bool[] flags = [];
        foreach (byte[] mask in Read(count))
        {
            if (mask != last)
            {
                flags = Array.ConvertAll(mask, v => v >= White);
                last = mask;
            }

            yield return flags;
        }
    }

    static MaskClip Still(Mask mask, string name, int width, int height, Margins margins, Action<string>? fitted)
    {
        if (margins != default)
        {
            mask = Canvas.Around(mask, margins);
        }

        var (image, done) = ImageFit.Cover(mask, width, height, name);
        if (done is not null)
        {
            fitted?.Invoke(done);
        }

        return new MaskClip(image.Values, null, width, height, default, null);
    }
}
