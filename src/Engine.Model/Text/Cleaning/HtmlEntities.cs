using System.Globalization;
using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>HTML character references, read as Python's <c>html.unescape</c> reads them.</summary>
/// <remarks>
/// The names are HTML 5's, in <c>html5-entities.txt</c>: one <c>name=code+code</c> a line, with a star after names that
/// also count without their semicolon.
/// </remarks>
static class HtmlEntities
{
    /// <summary>Longest reference that <see cref="UnescapeStrict"/> takes, between ampersand and semicolon.</summary>
    const int MaxStrictName = 24;

    static readonly Lazy<Names> s_names = new(Names.Load);

    /// <summary>Every character reference replaced, with or without semicolon, longest name first.</summary>
    public static string Unescape(string text)
    {
        int at = text.IndexOf('&');
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        int kept = 0;
        for (; at >= 0; at = text.IndexOf('&', Math.Max(at + 1, kept)))
        {
            var rest = text.AsSpan(at + 1);
            int length = 0;
            string? value = rest.StartsWith("#") ? Numeric(rest, out length) : s_names.Value.LongestPrefix(rest, out length);
            if (value is not null)
            {
                result.Append(text, kept, at - kept).Append(value);
                kept = at + 1 + length;
            }

            if (kept >= text.Length)
            {
                break;
            }
        }

        return result.Append(text, kept, text.Length - kept).ToString();
    }

    /// <summary>
    /// Only unambiguous references replaced: those with a semicolon, and upper-cased forms of lower-case names
    /// ("&amp;NTILDE;") where HTML has none of its own.
    /// </summary>
    public static string UnescapeStrict(string text)
    {
        int at = text.IndexOf('&');
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        int kept = 0;
        for (; at >= 0; at = text.IndexOf('&', at + 1))
        {
            int start = at + 1;
            bool numeric = start < text.Length && text[start] == '#';
            int end = numeric ? start + 1 : start;
            int letters = 0;
            for (; end < text.Length && letters < MaxStrictName && char.IsAsciiLetterOrDigit(text[end]); end++)
            {
                letters++;
            }

            if (letters == 0 || end == text.Length || text[end] != ';')
            {
                continue;
            }

            var body = text.AsSpan(start, end - start);
            string? value = numeric ? StrictNumeric(body) : s_names.Value.Strict(body);
            if (value is not null)
            {
                result.Append(text, kept, at - kept).Append(value);
                kept = end + 1;
            }
        }

        return result.Append(text, kept, text.Length - kept).ToString();
    }

    // A reference that only partly reads as a number is left alone; so, oddly, is the one that means a semicolon.
    static string? StrictNumeric(ReadOnlySpan<char> body)
    {
        string? value = Numeric($"{body};", out int length);
        return length == body.Length + 1 && value is not ";" ? value : null;
    }

    /// <summary>Reads <c>#123;</c> or <c>#x7B;</c> (semicolon optional); null when no digit follows.</summary>
    static string? Numeric(ReadOnlySpan<char> text, out int length)
    {
        bool hex = text.Length > 1 && text[1] is 'x' or 'X';
        int at = hex ? 2 : 1;
        int first = at;
        int value = 0;
        for (; at < text.Length && (hex ? char.IsAsciiHexDigit(text[at]) : char.IsAsciiDigit(text[at])); at++)
        {
            // Saturates: everything past the last code point is the same.
            value = Math.Min((value * (hex ? 16 : 10)) + Convert.ToInt32(text[at].ToString(), 16), 0x110000);
        }

        length = at < text.Length && text[at] == ';' ? at + 1 : at;
        return at == first ? null : FromNumber(value);
    }

    static string FromNumber(int value) => value switch
    {
        0 or > 0x10FFFF or (>= 0xD800 and <= 0xDFFF) => "\uFFFD",
        '\r' => "\r",
        >= 0x80 and <= 0x9F => Charmaps.SloppyWindows1252.Decode((byte)value).ToString(),
        (>= 1 and <= 8) or 0xB or (>= 0xE and <= 0x1F) or 0x7F or (>= 0xFDD0 and <= 0xFDEF) => "",
        _ when (value & 0xFFFE) == 0xFFFE => "",
        _ => new Rune(value).ToString(),
    };

    sealed class Names
    {
        readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);
        readonly HashSet<string> _bare = new(StringComparer.Ordinal);
        int _longest;

        public static Names Load()
        {
            var names = new Names();
            foreach (string line in DataFile.Lines("html5-entities.txt"))
            {
                int equals = line.IndexOf('=', StringComparison.Ordinal);
                bool bare = line[equals - 1] == '*';
                string name = line[..(bare ? equals - 1 : equals)];
                names._values.Add(name, DataFile.Decode(line.AsSpan(equals + 1)));
                names._longest = Math.Max(names._longest, name.Length);
                if (bare)
                {
                    names._bare.Add(name);
                }
            }

            return names;
        }

        /// <summary>The longest name at the start of <paramref name="text"/>: with its semicolon, or one that needs none.</summary>
        public string? LongestPrefix(ReadOnlySpan<char> text, out int length)
        {
            int letters = 0;
            while (letters < text.Length && letters < _longest && char.IsAsciiLetterOrDigit(text[letters]))
            {
                letters++;
            }

            var values = _values.GetAlternateLookup<ReadOnlySpan<char>>();
            if (letters < text.Length && text[letters] == ';' && values.TryGetValue(text[..letters], out string? value))
            {
                length = letters + 1;
                return value;
            }

            var bare = _bare.GetAlternateLookup<ReadOnlySpan<char>>();
            for (length = letters; length > 1; length--)
            {
                if (bare.Contains(text[..length]))
                {
                    return values[text[..length]];
                }
            }

            return null;
        }

        /// <summary>The value of a name that was written with its semicolon, or null.</summary>
        public string? Strict(ReadOnlySpan<char> name)
        {
            if (_values.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(name, out string? value))
            {
                return value;
            }

            if (name.ContainsAnyInRange('a', 'z') || !_values.TryGetValue(name.ToString().ToLowerInvariant(), out value))
            {
                return null;
            }

            // "&LTRI;" already means "<RI;" to a browser, so it is not taken for an upper-cased "&ltri;".
            return LongestPrefix(name, out _) is null ? Upper(value) : null;
        }

        static string Upper(string value) => value switch
        {
            "\u00DF" => "SS",
            "\u0149" => "\u02BCN",
            "\u0131" => "I",
            _ => LetterForms.Ligature(value[0])?.ToUpperInvariant() ?? value.ToUpper(CultureInfo.InvariantCulture),
        };
    }
}
