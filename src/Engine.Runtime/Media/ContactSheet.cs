namespace Engine.Runtime.Media;

/// <summary>One picture with frames of a clip side by side, evenly spaced from the first to the last.</summary>
/// <remarks>Only the frames that are shown are kept, and those scaled down, so that memory does not grow with the clip.</remarks>
public sealed class ContactSheet
{
    const int MostWidth = 320;
    const int Gap = 4;

    readonly int _width;
    readonly int _height;
    readonly int _columns;
    readonly int[] _wanted;
    readonly List<Image> _cells = [];

    /// <summary>Makes an empty sheet.</summary>
    /// <param name="width">Width of a frame, pixels.</param>
    /// <param name="height">Height of a frame, pixels.</param>
    /// <param name="frames">Frames that the clip will have, 1 or more.</param>
    /// <param name="columns">Most frames in a row.</param>
    /// <param name="mostFrames">Most frames on the sheet.</param>
    public ContactSheet(int width, int height, int frames, int columns = 6, int mostFrames = 12)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(frames, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(columns, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(mostFrames, 1);
        _columns = columns;
        _width = width;
        _height = height;
        int shown = Math.Min(frames, mostFrames);
        _wanted = [.. Enumerable.Range(0, shown).Select(i => shown == 1 ? 0 : (int)Math.Round((double)i * (frames - 1) / (shown - 1)))];
    }

    /// <summary>Takes a frame; those that are not shown are ignored.</summary>
    /// <param name="index">Counted from 0.</param>
    /// <param name="rgb24">[height, width, 3], 8 bits each; may be reused after the call.</param>
    public void Add(int index, ReadOnlyMemory<byte> rgb24)
    {
        if (!_wanted.Contains(index))
        {
            return;
        }

        var frame = new Image(_width, _height, rgb24.ToArray());
        _cells.Add(_width <= MostWidth ? frame : ImageFit.Stretch(frame, MostWidth, Math.Max(1, (int)((long)_height * MostWidth / _width))));
    }

    /// <summary>The sheet: rows of frames, with white gaps.</summary>
    public Image ToImage()
    {
        int columns = Math.Min(_columns, Math.Max(1, _cells.Count));
        int rows = Math.Max(1, (_cells.Count + columns - 1) / columns);
        int cellWidth = Math.Min(_width, MostWidth);
        int cellHeight = _cells.Count == 0 ? 1 : _cells[0].Height;
        int width = (columns * (cellWidth + Gap)) + Gap;
        int height = (rows * (cellHeight + Gap)) + Gap;
        byte[] pixels = new byte[width * height * 3];
        Array.Fill(pixels, (byte)255);
        for (int i = 0; i < _cells.Count; i++)
        {
            int left = Gap + (i % columns * (cellWidth + Gap));
            int top = Gap + (i / columns * (cellHeight + Gap));
            for (int y = 0; y < cellHeight; y++)
            {
                _cells[i].Rgb.AsSpan(y * cellWidth * 3, cellWidth * 3).CopyTo(pixels.AsSpan((((top + y) * width) + left) * 3));
            }
        }

        return new Image(width, height, pixels);
    }
}
