namespace Engine.Runtime.Media;

/// <summary>Numbered PNG files: gathered in a temporary folder, moved to their place at the end.</summary>
sealed class PngSequenceEncoder : IFrameEncoder
{
    readonly string _temporary;
    readonly SequenceName _name;
    readonly int _width;
    readonly int _height;
    readonly Dictionary<string, string> _text = [];
    int _frames;

    public PngSequenceEncoder(string temporary, SequenceName name, int width, int height, string? metadata)
    {
        (_temporary, _name, _width, _height) = (temporary, name, width, height);
        if (metadata is not null)
        {
            _text["Comment"] = metadata;
        }

        Directory.CreateDirectory(temporary);
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> rgb24, CancellationToken cancel)
    {
        cancel.ThrowIfCancellationRequested();
        using var file = new FileStream(Path.Combine(_temporary, _name.File(_frames)), FileMode.CreateNew, FileAccess.Write);
        PngFile.Write(file, _width, _height, channels: 3, rgb24.Span, _text);
        _frames++;
        return ValueTask.CompletedTask;
    }

    public ValueTask FinishAsync(CancellationToken cancel) => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Moves the finished files to their folder, and takes away those of a longer clip that had the same name.</summary>
    public void Publish()
    {
        if (!Directory.Exists(_name.Folder))
        {
            Directory.Move(_temporary, _name.Folder);
            return;
        }

        for (int i = 0; i < _frames; i++)
        {
            File.Move(Path.Combine(_temporary, _name.File(i)), Path.Combine(_name.Folder, _name.File(i)), overwrite: true);
        }

        for (int i = _frames; File.Exists(Path.Combine(_name.Folder, _name.File(i))); i++)
        {
            File.Delete(Path.Combine(_name.Folder, _name.File(i)));
        }

        Directory.Delete(_temporary);
    }
}

/// <summary>Folder and numbered names of a sequence, such as frames/ or out/ball_%04d.png.</summary>
readonly record struct SequenceName(string Folder, string Before, int Digits, string After)
{
    /// <summary>Numbers begin here.</summary>
    public const int First = 0;

    public static SequenceName Parse(string path)
    {
        if (Path.EndsInDirectorySeparator(path) || Directory.Exists(path))
        {
            return new SequenceName(Path.GetFullPath(Path.TrimEndingDirectorySeparator(path)), "frame_", 4, ".png");
        }

        string name = Path.GetFileName(path);
        var field = VideoFormats.NumberField().Match(name);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? ".";
        int digits = field.Groups["width"].Success ? field.Groups["width"].Value[0] - '0' : 1;
        return new SequenceName(folder, name[..field.Index], digits, name[(field.Index + field.Length)..]);
    }

    /// <summary>Name of frame <paramref name="index"/>, counted from 0.</summary>
    public string File(int index) => Before + (First + index).ToString($"D{Digits}") + After;
}
