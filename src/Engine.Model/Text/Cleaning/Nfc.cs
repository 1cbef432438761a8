using System.Globalization;
using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Unicode normalisation form C, without the system's tables.</summary>
/// <remarks>
/// <see cref="string.Normalize()"/> changes nothing where globalisation is invariant, as it is in this program. The data
/// (<c>unicode-canonical.txt</c>, Unicode 14) holds the canonical decompositions as <c>code=code+code</c>, with <c>!</c>
/// after those that are never composed again, and the combining classes as <c>first-last:class</c>.
/// The method is that of Unicode Standard Annex #15.
/// </remarks>
static class Nfc
{
    const int HangulSyllables = 0xAC00, HangulLead = 0x1100, HangulVowel = 0x1161, HangulTail = 0x11A7;
    const int Leads = 19, Vowels = 21, Tails = 28;

    static readonly Lazy<Tables> s_tables = new(Tables.Load);

    /// <summary>The text with letters and their marks composed.</summary>
    public static string Normalize(string text)
    {
        // Below U+0300 nothing combines and nothing is a decomposition of its own.
        if (!text.AsSpan().ContainsAnyInRange('\u0300', '\uFFFF'))
        {
            return text;
        }

        var tables = s_tables.Value;
        var points = new List<int>(text.Length + 8);
        foreach (var rune in text.EnumerateRunes())
        {
            tables.Decompose(rune.Value, points);
        }

        Order(points, tables);
        Compose(points, tables);
        var result = new StringBuilder(points.Count);
        foreach (int point in points)
        {
            result.Append(new Rune(point));
        }

        return result.ToString();
    }

    /// <summary>Sorts runs of marks by combining class, keeping the order within a class.</summary>
    static void Order(List<int> points, Tables tables)
    {
        for (int start = 0; start < points.Count;)
        {
            if (tables.Class(points[start]) == 0)
            {
                start++;
                continue;
            }

            int end = start;
            while (end < points.Count && tables.Class(points[end]) != 0)
            {
                end++;
            }

            if (end - start > 1)
            {
                // OrderBy is stable, and n log n however long a pile of marks gets.
                int[] sorted = [.. points.GetRange(start, end - start).OrderBy(tables.Class)];
                for (int i = 0; i < sorted.Length; i++)
                {
                    points[start + i] = sorted[i];
                }
            }

            start = end;
        }
    }

    static void Compose(List<int> points, Tables tables)
    {
        int starter = -1;
        int lastClass = 0;
        int written = 0;
        for (int i = 0; i < points.Count; i++)
        {
            int point = points[i];
            int combining = tables.Class(point);
            bool blocked = starter < 0 || (lastClass >= combining && written - starter > 1);
            if (!blocked && Pair(points[starter], point, tables) is { } composed)
            {
                points[starter] = composed;
                continue;
            }

            if (combining == 0)
            {
                starter = written;
            }

            lastClass = combining;
            points[written++] = point;
        }

        points.RemoveRange(written, points.Count - written);
    }

    static int? Pair(int first, int second, Tables tables)
    {
        int lead = first - HangulLead;
        int vowel = second - HangulVowel;
        if (lead is >= 0 and < Leads && vowel is >= 0 and < Vowels)
        {
            return HangulSyllables + (((lead * Vowels) + vowel) * Tails);
        }

        int syllable = first - HangulSyllables;
        int tail = second - HangulTail;
        if (syllable is >= 0 and < Leads * Vowels * Tails && syllable % Tails == 0 && tail is > 0 and < Tails)
        {
            return first + tail;
        }

        return tables.Compose(first, second);
    }

    sealed class Tables
    {
        readonly Dictionary<int, int[]> _decompositions = [];
        readonly Dictionary<(int First, int Second), int> _compositions = [];
        readonly Dictionary<int, int> _classes = [];

        public static Tables Load()
        {
            var tables = new Tables();
            foreach (string line in DataFile.Lines("unicode-canonical.txt"))
            {
                int at = line.IndexOf('=', StringComparison.Ordinal);
                if (at >= 0)
                {
                    tables.AddDecomposition(Hex(line.AsSpan(0, at)), line.AsSpan(at + 1));
                }
                else
                {
                    tables.AddClass(line);
                }
            }

            return tables;
        }

        public int Class(int point) => _classes.GetValueOrDefault(point);

        public int? Compose(int first, int second) => _compositions.TryGetValue((first, second), out int composed) ? composed : null;

        public void Decompose(int point, List<int> result)
        {
            int syllable = point - HangulSyllables;
            if (syllable is >= 0 and < Leads * Vowels * Tails)
            {
                result.Add(HangulLead + (syllable / (Vowels * Tails)));
                result.Add(HangulVowel + (syllable / Tails % Vowels));
                if (syllable % Tails != 0)
                {
                    result.Add(HangulTail + (syllable % Tails));
                }
            }
            else if (_decompositions.TryGetValue(point, out int[]? parts))
            {
                foreach (int part in parts)
                {
                    Decompose(part, result);
                }
            }
            else
            {
                result.Add(point);
            }
        }

        static int Hex(ReadOnlySpan<char> text) => int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

        void AddDecomposition(int point, ReadOnlySpan<char> parts)
        {
            bool composes = parts[^1] != '!';
            parts = parts.TrimEnd('!');
            int plus = parts.IndexOf('+');
            int[] points = plus < 0 ? [Hex(parts)] : [Hex(parts[..plus]), Hex(parts[(plus + 1)..])];
            _decompositions.Add(point, points);
            if (composes)
            {
                _compositions.Add((points[0], points[1]), point);
            }
        }

        void AddClass(string line)
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            int dash = line.IndexOf('-', StringComparison.Ordinal);
            int first = Hex(line.AsSpan(0, dash < 0 ? colon : dash));
            int last = dash < 0 ? first : Hex(line.AsSpan(dash + 1, colon - dash - 1));
            int combining = int.Parse(line.AsSpan(colon + 1), CultureInfo.InvariantCulture);
            for (int point = first; point <= last; point++)
            {
                _classes.Add(point, combining);
            }
        }
    }
}
