using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Undoes the usual accidents of text: mojibake, HTML entities, curly quotes, ligatures, width forms, controls.</summary>
/// <remarks>
/// Does what fix_text does with its default configuration, ftfy/__init__.py and ftfy/fixes.py of rspeer/python-ftfy
/// @ 74dd0452b48286a3770013b3a02755313bd5575e (version 6.3.1, Apache-2.0), including its order and its quirks.
/// Text is fixed line by line, each until it no longer changes.
/// </remarks>
static class TextFixer
{
    /// <summary>Longest piece fixed at once, in code units; ftfy's <c>max_decode_length</c>.</summary>
    const int MaxSegment = 1_000_000;

    /// <summary>The repaired text.</summary>
    public static string Fix(string text)
    {
        var result = new StringBuilder(text.Length);
        bool unescape = true;
        for (int at = 0; at < text.Length;)
        {
            int end = text.IndexOf('\n', at) + 1;
            end = end == 0 ? text.Length : end;
            end = Math.Min(end, at + MaxSegment);
            string segment = text[at..end];

            // A literal '<' means that this is HTML; its entities, and those of all later lines, are meant.
            unescape &= !segment.Contains('<');
            result.Append(FixSegment(segment, unescape));
            at = end;
        }

        return result.ToString();
    }

    static string FixSegment(string text, bool unescape)
    {
        while (true)
        {
            // Nothing below can change printable ASCII and spaces (entities need their ampersand).
            if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~') && !text.Contains('&'))
            {
                return text;
            }

            string before = text;
            text = unescape ? HtmlEntities.UnescapeStrict(text) : text;
            text = Mojibake.Fix(text);
            text = Mojibake.FixC1Controls(text);
            text = FixLetters(text);
            text = FixLineBreaks(text);
            text = FixSurrogates(text);
            text = RemoveTerminalEscapes(text);
            text = RemoveControls(text);
            text = Nfc.Normalize(text);
            if (text == before)
            {
                return text;
            }
        }
    }

    /// <summary>Takes Latin ligatures apart, then width forms to their usual width, then straightens quotes.</summary>
    static string FixLetters(string text)
    {
        if (Characters.IsAscii(text))
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        foreach (char c in text)
        {
            if (c < '\u0132')
            {
                result.Append(c);
            }
            else if (LetterForms.Ligature(c) is { } letters)
            {
                foreach (char letter in letters)
                {
                    result.Append(LetterForms.Straighten(letter));
                }
            }
            else if (c == LetterForms.FullWidthMacron)
            {
                result.Append(" \u0304");
            }
            else
            {
                result.Append(LetterForms.Straighten(LetterForms.UsualWidth(c)));
            }
        }

        return result.ToString();
    }

    static string FixLineBreaks(string text) => text.AsSpan().ContainsAny("\r\u2028\u2029\u0085")
        ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')
            .Replace('\u2028', '\n').Replace('\u2029', '\n').Replace('\u0085', '\n')
        : text;

    // Pairs are whole characters in UTF-16 already; what is left alone stands for nothing.
    static string FixSurrogates(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (!char.IsSurrogate(text[i]))
            {
                continue;
            }

            if (i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]))
            {
                i++;
                continue;
            }

            return string.Concat(text.EnumerateRunes().Select(r => r.ToString()));
        }

        return text;
    }

    /// <summary>Drops <c>ESC [ digits-and-semicolons letter</c>.</summary>
    static string RemoveTerminalEscapes(string text)
    {
        int at = text.IndexOf('\u001B');
        if (at < 0)
        {
            return text;
        }

        var result = new StringBuilder(text.Length);
        int kept = 0;
        for (; at >= 0; at = text.IndexOf('\u001B', at))
        {
            int end = at + 1;
            if (end < text.Length && text[end] == '[')
            {
                // Any decimal digit counts, as it does for \d there.
                for (end++; end < text.Length && (text[end] == ';' || char.IsDigit(text[end])); end++)
                {
                }

                if (end < text.Length && char.IsAsciiLetter(text[end]))
                {
                    result.Append(text, kept, at - kept);
                    kept = end + 1;
                    at = kept;
                    continue;
                }
            }

            at++;
        }

        return result.Append(text, kept, text.Length - kept).ToString();
    }

    static string RemoveControls(string text)
    {
        int first = 0;
        while (first < text.Length && !IsUnwanted(text[first]))
        {
            first++;
        }

        if (first == text.Length)
        {
            return text;
        }

        var result = new StringBuilder(text, 0, first, text.Length);
        foreach (char c in text.AsSpan(first))
        {
            if (!IsUnwanted(c))
            {
                result.Append(c);
            }
        }

        return result.ToString();
    }

    // Controls but for white space, deprecated Arabic ones, annotation marks, object replacement, byte order mark.
    static bool IsUnwanted(char c) => c < ' '
        ? c is not ('\t' or '\n' or '\f' or '\r')
        : c is '\u007F' or (>= '\u206A' and <= '\u206F') or '\uFEFF' or (>= '\uFFF9' and <= '\uFFFC');
}
