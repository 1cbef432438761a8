using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Cli.Rendering;

/// <summary>Writes results to stdout.</summary>
static class Output
{
    static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>One JSON document.</summary>
    public static void Json(JsonNode node) => Console.Out.WriteLine(node.ToJsonString(s_json));

    /// <summary>Rows of name and value, aligned.</summary>
    public static void Fields(params (string Name, string? Value)[] fields)
    {
        var shown = fields.Where(f => f.Value is not null).ToArray();
        int width = shown.Length == 0 ? 0 : shown.Max(f => f.Name.Length);
        foreach (var (name, value) in shown)
        {
            Console.Out.WriteLine($"{name.PadRight(width)}  {Printable(value!)}");
        }
    }

    /// <summary>Columns under headings, aligned with spaces; columns whose heading starts with '>' to the right.</summary>
    public static void Table(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        string[] titles = [.. headings.Select(h => h.TrimStart('>'))];
        var all = rows.Prepend(titles).ToArray();
        int[] widths = [.. Enumerable.Range(0, titles.Length).Select(c => all.Max(r => r[c].Length))];
        foreach (var row in all)
        {
            var cells = row.Select((cell, c) => headings[c].StartsWith('>') ? cell.PadLeft(widths[c]) : cell.PadRight(widths[c]));
            Console.Out.WriteLine(Printable(string.Join("  ", cells).TrimEnd()));
        }
    }

    /// <summary>A text after a heading, broken between words so that it fits the terminal; later lines start below the first's third letter.</summary>
    public static void Wrapped(string heading, string text)
    {
        int width = Console.IsOutputRedirected ? int.MaxValue : Math.Max(40, Console.WindowWidth - 1);
        string line = Printable(heading);
        bool empty = true;
        foreach (string word in Printable(text).Split(' '))
        {
            if (!empty && line.Length + 1 + word.Length > width)
            {
                Console.Out.WriteLine(line);
                (line, empty) = ("  ", true);
            }

            line += empty ? word : $" {word}";
            empty = false;
        }

        Console.Out.WriteLine(line);
    }

    /// <summary>Text without control characters: names and comments come from files, and a terminal would obey them.</summary>
    public static string Printable(string text) =>
        text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? (c is '\n' or '\t' ? ' ' : '?') : c)) : text;
}
