using System.Globalization;
using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Tables that travel inside the assembly.</summary>
static class DataFile
{
    /// <summary>Lines of an embedded text file.</summary>
    public static IEnumerable<string> Lines(string name)
    {
        using var stream = typeof(DataFile).Assembly.GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly lacks its table {name}.");
        using var reader = new StreamReader(stream, Encoding.ASCII);
        while (reader.ReadLine() is { } line)
        {
            yield return line;
        }
    }

    /// <summary>Reads code points written as <c>3E+20D2</c>.</summary>
    public static string Decode(ReadOnlySpan<char> codes)
    {
        var result = new StringBuilder(2);
        foreach (var part in codes.Split('+'))
        {
            result.Append(new Rune(int.Parse(codes[part], NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        }

        return result.ToString();
    }
}
