using Engine.Kernels;

namespace Engine.Cli.Parsing;

/// <summary>Small text files that options name.</summary>
static class InputFile
{
    /// <summary>The lines that are not empty and no comment (<c>#</c>), trimmed.</summary>
    /// <exception cref="EngineException">The file cannot be read.</exception>
    public static IReadOnlyList<string> Lines(string option, string path)
    {
        try
        {
            return [.. File.ReadLines(path).Select(l => l.Trim()).Where(l => l.Length > 0 && !l.StartsWith('#'))];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"{option}: cannot read '{path}'; {e.Message}", e);
        }
    }
}
