using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Finds and undoes text that was encoded in one way and decoded in another.</summary>
/// <remarks>
/// Does what fix_encoding does, ftfy/__init__.py and ftfy/fixes.py of rspeer/python-ftfy
/// @ 74dd0452b48286a3770013b3a02755313bd5575e (Apache-2.0). Text that its heuristic (<see cref="Badness"/>) finds in order
/// is never touched.
/// </remarks>
static class Mojibake
{
    /// <summary>The text as it was meant; layers of mojibake are peeled off one by one.</summary>
    public static string Fix(string text)
    {
        while (true)
        {
            if (Characters.IsAscii(text) || !Badness.IsBad(text))
            {
                return text;
            }

            string before = text;
            text = FixOnce(text);
            if (text == before)
            {
                return text;
            }
        }
    }

    /// <summary>C1 controls as the Windows-1252 characters of the same bytes.</summary>
    public static string FixC1Controls(string text)
    {
        if (!text.AsSpan().ContainsAnyInRange('\u0080', '\u009F'))
        {
            return text;
        }

        return string.Create(text.Length, text, static (span, source) =>
        {
            for (int i = 0; i < span.Length; i++)
            {
                char c = source[i];
                span[i] = c is >= '\u0080' and <= '\u009F' ? Charmaps.SloppyWindows1252.Decode((byte)c) : c;
            }
        });
    }

    static string FixOnce(string text)
    {
        // UTF-8 read in a single-byte encoding: the usual case, and the safest to undo.
        foreach (var charmap in Charmaps.All)
        {
            if (charmap.TryEncode(text) is { } bytes && TryDecode(bytes, charmap) is { } decoded)
            {
                return decoded;
            }
        }

        string repaired = FixEmbedded(text);
        if (repaired != text)
        {
            return repaired;
        }

        // Latin-1 with C1 controls is Windows-1252; so are C1 controls among other characters.
        return FixC1Controls(text);
    }

    static string? TryDecode(byte[] bytes, Charmap charmap)
    {
        // In MacRoman a lead byte before a space is an en dash, so that spaces prove nothing there.
        if (charmap != Charmaps.MacRoman)
        {
            bytes = Utf8Repair.RestoreNoBreakSpaces(bytes);
        }

        if (charmap.IsSloppy)
        {
            bytes = Utf8Repair.ReplaceLossySequences(bytes);
        }

        return Utf8Repair.TryDecode(bytes);
    }

    /// <summary>Fixes the stretches that look like UTF-8 read wrongly, where the whole text cannot be decoded.</summary>
    static string FixEmbedded(string text)
    {
        var result = new StringBuilder(text.Length);
        int kept = 0;
        for (int at = 0; at < text.Length;)
        {
            int length = DetectUtf8(text, at);
            if (length == 0)
            {
                at++;
                continue;
            }

            // A match of the whole text would recurse for ever.
            string part = text.Substring(at, length);
            if (length < text.Length && Badness.IsBad(part))
            {
                result.Append(text, kept, at - kept).Append(Fix(part));
                kept = at + length;
            }

            at += length;
        }

        return kept == 0 ? text : result.Append(text, kept, text.Length - kept).ToString();
    }

    /// <summary>Length of the run of wrongly read UTF-8 sequences at <paramref name="start"/>; 0 when there is none.</summary>
    static int DetectUtf8(string text, int start)
    {
        var table = LetterTable.Instance;
        if (start > 0 && (table[text[start - 1]] & Letters.StrictContinuation) != 0)
        {
            return 0;
        }

        int at = start;
        while (at < text.Length)
        {
            var lead = table[text[at]];
            int following = (lead & Letters.Lead2) != 0 ? 1 : (lead & Letters.Lead3) != 0 ? 2 : (lead & Letters.Lead4) != 0 ? 3 : 0;
            if (following == 0 || at + following >= text.Length)
            {
                break;
            }

            bool complete = true;
            for (int i = 1; i <= following; i++)
            {
                complete &= (table[text[at + i]] & Letters.Continuation) != 0;
            }

            if (!complete)
            {
                break;
            }

            at += 1 + following;
        }

        return at - start;
    }
}
