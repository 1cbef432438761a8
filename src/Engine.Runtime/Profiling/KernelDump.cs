using Engine.Kernels;

namespace Engine.Runtime.Profiling;

/// <summary>Writes the text of kernels to files.</summary>
public static class KernelDump
{
    /// <summary>Writes one file for each kernel; the folder is made where it is missing.</summary>
    /// <param name="kernels">Names and texts, made one after the other.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="extension">With its dot.</param>
    /// <returns>The files, in order.</returns>
    /// <exception cref="EngineException">No kernel is left, or a file cannot be written.</exception>
    public static IReadOnlyList<string> Write(IEnumerable<(string Name, string Text)> kernels, string folder, string extension)
    {
        var written = new List<string>();
        try
        {
            Directory.CreateDirectory(folder);
            foreach (var (name, text) in kernels)
            {
                string file = Path.Combine(folder, string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')) + extension);
                File.WriteAllText(file, text);
                written.Add(file);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadOutput, $"The kernels cannot be written to '{folder}': {e.Message}", e);
        }

        return written.Count > 0 ? written : throw new EngineException(ErrorKind.BadRequest, "No kernel has that name; leave --kernel out to write all of them.");
    }
}
