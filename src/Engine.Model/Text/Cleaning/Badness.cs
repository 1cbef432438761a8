namespace Engine.Model.Text.Cleaning;

/// <summary>Tells whether text looks like mojibake, by neighbours that hardly ever stand together on purpose.</summary>
/// <remarks>
/// The rules are BADNESS_RE's, ftfy/badness.py of rspeer/python-ftfy @ 74dd0452b48286a3770013b3a02755313bd5575e
/// (Apache-2.0), in its order; <see cref="Letters"/> are its classes.
/// </remarks>
static class Badness
{
    const Letters Accented = Letters.LowerAccented | Letters.UpperAccented;
    const Letters Punctuation = Letters.StartPunctuation | Letters.EndPunctuation;
    const Letters Signs = Letters.Currency | Letters.Numeric;

    /// <summary>True when some of the text seems to be mojibake.</summary>
    public static bool IsBad(string text)
    {
        var table = LetterTable.Instance;
        for (int i = 0; i < text.Length; i++)
        {
            if (StartsClassRule(text, i, table) || StartsLiteralRule(text, i, table))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Rules on classes of characters.</summary>
    static bool StartsClassRule(string text, int i, LetterTable table)
    {
        Letters a = table[text[i]];
        if (Has(a, Letters.C1))
        {
            return true;
        }

        Letters b = At(text, i + 1, table);
        if (b == Letters.None)
        {
            return false;
        }

        Letters c = At(text, i + 2, table);
        return (Has(a, Letters.Bad | Accented | Letters.Box | Punctuation | Signs | Letters.Law) && Has(b, Letters.Bad))
            || (char.IsAsciiLetter(text[i]) && Has(b, Letters.LowerCommon | Letters.UpperCommon) && Has(c, Letters.Bad))
            || (Has(a, Letters.Bad) && Has(b, Accented | Letters.Box | Punctuation | Signs | Letters.Law))
            || (Has(a, Letters.LowerAccented | Letters.LowerCommon | Letters.Box | Letters.EndPunctuation | Signs) && Has(b, Letters.UpperAccented))
            || (Has(a, Letters.Box | Letters.EndPunctuation | Signs) && Has(b, Letters.LowerAccented))
            || (Has(a, Letters.LowerAccented | Letters.Box | Letters.EndPunctuation) && Has(b, Letters.Currency))
            || (Characters.IsSpace(text[i]) && Has(b, Letters.UpperAccented) && Has(c, Letters.Currency))
            || (Has(a, Letters.UpperAccented | Letters.Box) && Has(b, Letters.Numeric | Letters.Law))
            || (Has(a, Accented | Letters.Box | Letters.Currency | Letters.EndPunctuation) && Has(b, Letters.StartPunctuation) && Has(c, Letters.Numeric))
            || (Has(a, Accented | Signs | Letters.Box | Letters.Law) && Has(b, Letters.EndPunctuation) && Has(c, Letters.StartPunctuation))
            || (Has(a, Signs | Letters.Box) && Has(b, Letters.StartPunctuation))
            || (char.IsAsciiLetterLower(text[i]) && Has(b, Letters.UpperAccented) && Has(c, Letters.StartPunctuation | Letters.Currency))
            || (Has(a, Letters.Box) && Has(b, Letters.Kaomoji | Letters.EndPunctuation))
            || (Has(a, Accented | Signs | Punctuation | Letters.Law) && Has(b, Letters.Box))
            || (Has(a, Accented) && Has(b, Punctuation) && i + 2 < text.Length && Characters.IsWord(Characters.RuneAt(text, i + 2)));
    }

    /// <summary>Rules on particular characters: what single letters of common scripts turn into.</summary>
    static bool StartsLiteralRule(string text, int i, LetterTable table)
    {
        var at = text.AsSpan(i);
        if (at.Length < 2)
        {
            return false;
        }

        char next = at[1];
        Letters b = table[next];
        switch (at[0])
        {
            // The ligature oe before anything but a plain Latin letter.
            case '\u0152' or '\u0153' when !char.IsAsciiLetter(next):
            // Windows-1252 for two-byte letters.
            case '\u00C2' or '\u00C3' or '\u00CE' or '\u00D0' when Has(b, Punctuation)
                || "\u20AC\u0153\u0160\u0161\u00A2\u00A3\u0178\u017E\u00A0\u00AD\u00AE\u00A9\u00B0\u00B7\u00BB\u2013\u2014\u00B4".Contains(next):
            case '\u00C3' when next is '\u00A0' or '\u00A1':
            case '\u00C3' or '\u00C2' when i == 0 && next == ' ':
            case '\u00D7' when next is '\u00B2' or '\u00B3':
            // ... for Arabic, in pairs because its characters are common ones.
            case '\u00D8' or '\u00D9' when at.Length >= 4 && IsArabicTail(next, table)
                && at[2] is '\u00D8' or '\u00D9' && IsArabicTail(at[3], table):
            // ... for South Asian scripts.
            case '\u00E0' when "\u00B2\u00B5\u00B9\u00BC\u00BD\u00BE".Contains(next):
            // MacRoman.
            case '\u221A' when "\u00B1\u2202\u2020\u2260\u00AE\u2122\u00B4\u2264\u2265\u00A5\u00B5\u00F8".Contains(next):
            case '\u2248' when next is '\u00B0' or '\u00A2':
            case '\u201A' when next == '\u00C4' && at.Length >= 3
                && "\u00EC\u00EE\u00EF\u00F2\u00F4\u00FA\u00F9\u00FB\u2020\u00B0\u00A2\u03C0".Contains(at[2]):
            case '\u201A' when next is '\u00E2' or '\u00F3' && at.Length >= 3 && at[2] is '\u00E0' or '\u00E4' or '\u00B0' or '\u00EA':
            // Windows-1251: punctuation, then letters (three characters, since two are common), then twice over.
            case '\u0432' when next == '\u0402':
            case '\u0412' or '\u0413' or '\u0420' or '\u0421' when at.Length >= 3 && at[2] is '\u0412' or '\u0413' or '\u0420' or '\u0421'
                && (IsForeignTail(next, b) || next == '\u00B5'):
            case '\u0413' when IsTwiceRead(at):
            // Windows-1253 and Windows-1257: the same.
            case '\u03B2' when next == '\u20AC' && at.Length >= 3 && "\u2122\u00A0\u0386\u00AD\u00AE\u00B0".Contains(at[2]):
            case '\u0392' or '\u0393' or '\u039E' or '\u039F' when at.Length >= 3 && at[2] is '\u0392' or '\u0393' or '\u039E' or '\u039F'
                && IsForeignTail(next, b):
            case '\u0101' when next == '\u20AC':
                return true;
        }

        return (next == '\u00B0' && Has(table[at[0]], Letters.UpperAccented)) || StartsAGraveRule(at, table);
    }

    // A-tilde and A-circumflex before a space, near small letters: an accented letter or space that lost its second byte.
    static bool StartsAGraveRule(ReadOnlySpan<char> at, LetterTable table)
    {
        if (char.IsAsciiLetterLower(at[0]))
        {
            var rest = at[(Characters.IsSpace(at[1]) ? 2 : 1)..];
            if (rest is ['\u00C3' or '\u00C2', ' ', ..])
            {
                return true;
            }
        }

        return at is [_, '\u00C2', var last, ..]
            && (char.IsAsciiLetterLower(at[0]) || at[0] is '.' or ',' or '?' or '!' || Has(table[at[0]], Letters.EndPunctuation))
            && (last == ' ' || Has(table[last], Punctuation));
    }

    static bool IsArabicTail(char c, LetterTable table) =>
        Has(table[c], Letters.Common | Letters.Currency | Letters.Bad | Letters.Numeric | Letters.StartPunctuation)
        || c is '\u0178' or '\u0160' or '\u00AE' or '\u00B0' or '\u00B5' or '\u00BB';

    static bool IsForeignTail(char c, Letters letters) =>
        c == '\u00B0' || Has(letters, Letters.C1 | Letters.Bad | Punctuation | Letters.Currency);

    // Windows-1251 on top of Latin-1 on top of Windows-1252, next to a Latin letter.
    static bool IsTwiceRead(ReadOnlySpan<char> at)
    {
        if (!at.StartsWith("\u0413\u045E\u0412\u0402\u0412") || at.Length < 7 || at[5] == '\n')
        {
            return false;
        }

        int last = char.IsSurrogatePair(at[5], at[6]) ? 7 : 6;
        return last < at.Length && (at[last] == ' ' || char.IsAsciiLetter(at[last]));
    }

    static Letters At(string text, int i, LetterTable table) => i < text.Length ? table[text[i]] : Letters.None;

    static bool Has(Letters letters, Letters any) => (letters & any) != 0;
}
