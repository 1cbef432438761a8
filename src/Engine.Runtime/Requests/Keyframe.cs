using System.Globalization;
using System.Text.Json.Serialization;

namespace Engine.Runtime;

/// <summary>A picture that a clip passes through at a time.</summary>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record Keyframe
{
    /// <summary>The picture.</summary>
    public required PictureInput Image { get; init; }

    /// <summary>Frame it shows, from 0; negative numbers count from the end (-1 is the last). Give this or <see cref="Seconds"/>.</summary>
    public int? Frame { get; init; }

    /// <summary>Time it shows at, seconds from the start; the nearest frame is taken.</summary>
    public double? Seconds { get; init; }

    /// <summary>Reads <c>12:b.png</c> (a frame), <c>2.5s:b.png</c> (seconds) or <c>end:b.png</c> (the last frame); null for anything else.</summary>
    /// <param name="text">Time, colon, path.</param>
    public static Keyframe? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 1 || colon == text.Length - 1)
        {
            return null;
        }

        var image = PictureInput.FromFile(text[(colon + 1)..]);
        string time = text[..colon];
        if (time == "end")
        {
            return new Keyframe { Image = image, Frame = -1 };
        }

        if (time[^1] == 's')
        {
            return double.TryParse(time.AsSpan(0, time.Length - 1), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds)
                ? new Keyframe { Image = image, Seconds = seconds }
                : null;
        }

        return int.TryParse(time, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int frame)
            ? new Keyframe { Image = image, Frame = frame }
            : null;
    }

    /// <summary>The frame of a clip it falls on; may lie outside.</summary>
    /// <param name="frames">Frames of the clip.</param>
    /// <param name="fps">Its frames a second.</param>
    internal int Place(int frames, double fps) => Seconds is { } seconds
        ? (int)Math.Round(Math.Min(seconds * fps, int.MaxValue), MidpointRounding.AwayFromZero)
        : Frame is { } frame ? (frame < 0 ? frames + frame : frame) : 0;

    /// <summary>The time as it was given.</summary>
    public override string ToString() => Seconds is { } seconds ? string.Create(CultureInfo.InvariantCulture, $"{seconds:0.###}s") : $"frame {Frame}";
}

/// <summary>Pixels added around a picture.</summary>
/// <param name="Left">Columns before the first.</param>
/// <param name="Top">Rows before the first.</param>
/// <param name="Right">Columns after the last.</param>
/// <param name="Bottom">Rows after the last.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public readonly record struct Margins(int Left, int Top, int Right, int Bottom);

/// <summary>A keyframe with its place in the clip settled.</summary>
/// <param name="Frame">Frame of the clip, from 0.</param>
/// <param name="Image">The picture.</param>
public sealed record PlacedPicture(int Frame, PictureInput Image);
