using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Pictures that make a clip: all of a folder, in the order of their numbers, or those of a numbered name.</summary>
sealed class PictureSequence
{
    static readonly string[] s_extensions = [".png", ".jpg", ".jpeg", ".webp", ".bmp"];

    readonly string _path;
    readonly string[] _files;

    PictureSequence(string path, string[] files) => (_path, _files) = (path, files);

    /// <summary>Whether a name means a sequence.</summary>
    public static bool Matches(string path) =>
        Directory.Exists(path) || Path.EndsInDirectorySeparator(path) || (VideoFormats.NumberField().IsMatch(Path.GetFileName(path)) && !File.Exists(path));

    /// <exception cref="EngineException">There is no such folder, or no picture in it.</exception>
    public static PictureSequence Open(string path)
    {
        string[] files;
        try
        {
            files = Directory.Exists(path) || Path.EndsInDirectorySeparator(path)
                ? [.. Directory.EnumerateFiles(path).Where(f => s_extensions.Contains(Path.GetExtension(f).ToLowerInvariant()) && !Path.GetFileName(f).StartsWith('.'))
                    .OrderBy(f => NumberOf(Path.GetFileNameWithoutExtension(f))).ThenBy(f => f, StringComparer.Ordinal)]
                : Numbered(SequenceName.Parse(path));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"The folder of {path} cannot be read: {e.Message}", e);
        }

        return files.Length > 0 ? new PictureSequence(path, files) : throw new EngineException(ErrorKind.BadInput, $"There is no picture under {path}.");
    }

    /// <summary>Describes it by its first picture.</summary>
    public ClipInfo Describe()
    {
        var first = ClipInfo.Read(_files[0], ffmpeg: "none");
        return first with { Path = _path, Container = "pictures", Codec = first.Container, Frames = _files.Length, Fps = null, Duration = null };
    }

    /// <summary>The pictures, which must be of one size.</summary>
    /// <exception cref="EngineException">A picture cannot be read, or is of another size.</exception>
    public IEnumerable<Image> Frames()
    {
        Image? first = null;
        foreach (string file in _files)
        {
            var image = Image.Load(file);
            first ??= image;
            if ((image.Width, image.Height) != (first.Width, first.Height))
            {
                throw new EngineException(
                    ErrorKind.BadInput, $"The picture {file} is {image.Width}x{image.Height}, but the first of its clip is {first.Width}x{first.Height}; make them one size.");
            }

            yield return image;
        }
    }

    static string[] Numbered(SequenceName name) => Directory.Exists(name.Folder)
        ? [.. Directory.EnumerateFiles(name.Folder)
            .Select(f => (File: f, Name: Path.GetFileName(f)))
            .Where(f => f.Name.Length > name.Before.Length + name.After.Length
                && f.Name.StartsWith(name.Before, StringComparison.Ordinal) && f.Name.EndsWith(name.After, StringComparison.Ordinal)
                && f.Name[name.Before.Length..^name.After.Length].All(char.IsAsciiDigit))
            .OrderBy(f => NumberOf(f.Name[..^name.After.Length])).Select(f => f.File)]
        : [];

    // The last run of digits of a name; names without one come first.
    static long NumberOf(string name)
    {
        int end = name.Length;
        while (end > 0 && !char.IsAsciiDigit(name[end - 1]))
        {
            end--;
        }

        int start = end;
        while (start > 0 && end - start < 18 && char.IsAsciiDigit(name[start - 1]))
        {
            start--;
        }

        return start == end ? -1 : long.Parse(name.AsSpan(start, end - start));
    }
}
