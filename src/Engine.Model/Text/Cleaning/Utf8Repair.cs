using System.Buffers;
using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Repairs to bytes that are nearly UTF-8.</summary>
/// <remarks>
/// The sequences are those of ALTERED_UTF8_RE, LOSSY_UTF8_RE and utf8_variants.py of rspeer/python-ftfy
/// @ 74dd0452b48286a3770013b3a02755313bd5575e (Apache-2.0).
/// </remarks>
static class Utf8Repair
{
    const byte Space = 0x20;
    const byte NoBreakSpace = 0xA0;

    /// <summary>Puts byte A0 back where a program made it a plain space inside a UTF-8 sequence.</summary>
    public static byte[] RestoreNoBreakSpaces(byte[] bytes)
    {
        if (!Contains(bytes, AlteredLength))
        {
            return bytes;
        }

        bytes = SeparateAGrave(bytes);
        for (int at = 0; at < bytes.Length;)
        {
            int length = AlteredLength(bytes.AsSpan(at));
            bytes.AsSpan(at, length).Replace(Space, NoBreakSpace);
            at += Math.Max(1, length);
        }

        return bytes;
    }

    /// <summary>Writes U+FFFD for sequences that lost a byte to the substitute control (or to a question mark).</summary>
    public static byte[] ReplaceLossySequences(byte[] bytes)
    {
        if (!Contains(bytes, LossyLength))
        {
            return bytes;
        }

        var result = new ArrayBufferWriter<byte>(bytes.Length + 16);
        for (int at = 0; at < bytes.Length;)
        {
            int length = LossyLength(bytes.AsSpan(at));
            result.Write(length > 0 ? [0xEF, 0xBF, 0xBD] : bytes.AsSpan(at, 1));
            at += Math.Max(1, length);
        }

        return result.WrittenSpan.ToArray();
    }

    /// <summary>Strict UTF-8, but for Java's two-byte NUL and surrogate pairs that were encoded one by one; null when it is not.</summary>
    public static string? TryDecode(ReadOnlySpan<byte> bytes)
    {
        var result = new StringBuilder(bytes.Length);
        for (int at = 0; at < bytes.Length;)
        {
            var rest = bytes[at..];
            if (rest[0] < 0x80)
            {
                result.Append((char)rest[0]);
                at++;
            }
            else if (rest is [0xC0, 0x80, ..])
            {
                result.Append('\0');
                at += 2;
            }
            else if (rest is [0xED, >= 0xA0 and <= 0xAF, >= 0x80 and <= 0xBF, 0xED, >= 0xB0 and <= 0xBF, >= 0x80 and <= 0xBF, ..])
            {
                result.Append((char)(0xD000 | ((rest[1] & 0x3F) << 6) | (rest[2] & 0x3F)));
                result.Append((char)(0xD000 | ((rest[4] & 0x3F) << 6) | (rest[5] & 0x3F)));
                at += 6;
            }
            else if (Rune.DecodeFromUtf8(rest, out var rune, out int used) == OperationStatus.Done)
            {
                result.Append(rune);
                at += used;
            }
            else
            {
                return null;
            }
        }

        return result.ToString();
    }

    static bool Contains(ReadOnlySpan<byte> bytes, Func<ReadOnlySpan<byte>, int> length)
    {
        for (int at = 0; at < bytes.Length; at++)
        {
            if (length(bytes[at..]) > 0)
            {
                return true;
            }
        }

        return false;
    }

    // "Ã la" is "à la" whose no-break space was merged with the space after it, so that both are put back, unless
    // the letter is the start of a Portuguese word.
    static byte[] SeparateAGrave(byte[] bytes)
    {
        var result = new ArrayBufferWriter<byte>(bytes.Length + 16);
        for (int at = 0; at < bytes.Length; at++)
        {
            result.Write(bytes.AsSpan(at, 1));
            if (bytes.AsSpan(at) is [0xC3, Space, .. var after] && !(after.StartsWith(" "u8) || after.StartsWith("quele"u8) ||
                after.StartsWith("quela"u8) || after.StartsWith("quilo"u8) || after.StartsWith("s "u8)))
            {
                result.Write([NoBreakSpace]);
            }
        }

        return result.WrittenSpan.ToArray();
    }

    static int AlteredLength(ReadOnlySpan<byte> at) => at switch
    {
        [0xC2 or 0xC3 or 0xC5 or 0xCE or 0xD0 or 0xD9, Space, ..] => 2,
        [0xE2 or 0xE3, Space, >= 0x80 and <= 0xBF and not (0x85 or NoBreakSpace), ..] => 3,
        [>= 0xE0 and <= 0xE3, >= 0x80 and <= 0xBF and not (0x85 or NoBreakSpace), Space, ..] => 3,
        [0xF0, Space, >= 0x80 and <= 0xBF, >= 0x80 and <= 0xBF, ..] => 4,
        [0xF0, >= 0x80 and <= 0xBF, Space, >= 0x80 and <= 0xBF, ..] => 4,
        [0xF0, >= 0x80 and <= 0xBF, >= 0x80 and <= 0xBF, Space, ..] => 4,
        _ => 0,
    };

    static int LossyLength(ReadOnlySpan<byte> at) => at switch
    {
        [>= 0xC2 and <= 0xDF, 0x1A, ..] => 2,
        [0xC2 or 0xC3, (byte)'?', ..] => 2,
        [0xED, >= 0xA0 and <= 0xAF, 0x1A or (byte)'?', 0xED, >= 0xB0 and <= 0xBF, 0x1A or (byte)'?' or (>= 0x80 and <= 0xBF), ..] => 6,
        [0xED, >= 0xA0 and <= 0xAF, 0x1A or (byte)'?' or (>= 0x80 and <= 0xBF), 0xED, >= 0xB0 and <= 0xBF, 0x1A or (byte)'?', ..] => 6,
        [>= 0xE0 and <= 0xEF, 0x1A or (byte)'?', 0x1A or (>= 0x80 and <= 0xBF), ..] => 3,
        [>= 0xE0 and <= 0xEF, 0x1A or (>= 0x80 and <= 0xBF), 0x1A or (byte)'?', ..] => 3,
        [>= 0xF0 and <= 0xF4, 0x1A or (byte)'?', 0x1A or (>= 0x80 and <= 0xBF), 0x1A or (>= 0x80 and <= 0xBF), ..] => 4,
        [>= 0xF0 and <= 0xF4, 0x1A or (>= 0x80 and <= 0xBF), 0x1A or (byte)'?', 0x1A or (>= 0x80 and <= 0xBF), ..] => 4,
        [>= 0xF0 and <= 0xF4, 0x1A or (>= 0x80 and <= 0xBF), 0x1A or (>= 0x80 and <= 0xBF), 0x1A or (byte)'?', ..] => 4,
        [0x1A, ..] => 1,
        _ => 0,
    };
}
