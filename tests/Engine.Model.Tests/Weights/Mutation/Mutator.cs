using System.Buffers.Binary;
using System.Text;

namespace Engine.Model.Tests.Weights.Mutation;

/// <summary>Damages files at random, the same way for the same seed.</summary>
sealed class Mutator(int seed)
{
    static readonly ulong[] s_edges =
    [
        0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000,
        100_000_000, 100_000_001, 0x3fffffffffffffff, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffff8, 0xffffffffffffffff,
    ];

    static readonly string[] s_words =
    [
        "{", "}", "[", "]", "\"", ":", ",", " ", "\n", "0", "-0", "-1", "1.0", "1e2", "9223372036854775807", "9223372036854775808",
        "18446744073709551615", "18446744073709551616", "99999999999999999999999", "null", "true", "{}", "[]", "\"\"", "\"\\ud800\"",
        "\"\\u0000\"", "\\", "\"dtype\"", "\"shape\"", "\"data_offsets\"", "\"__metadata__\"", "\"F32\"", "\"F4\"", "\"BOOL\"", "\"C64\"",
        "\"F6_E2M3\"", "\"a\"", "[0,0]", "[[[[[[[[[[[[[[[[", "/*x*/", "NaN", "\u00e9", "\0",
    ];

    readonly Random _random = new(seed);

    /// <summary>A whole number below <paramref name="limit"/>.</summary>
    public int Next(int limit) => _random.Next(limit);

    /// <summary>One to six blind changes anywhere.</summary>
    public byte[] Bytes(byte[] file)
    {
        List<byte> bytes = [.. file];
        for (int n = _random.Next(1, 7); n > 0; n--)
        {
            Change(bytes);
        }

        return [.. bytes];
    }

    /// <summary>A safetensors file whose header's text is changed word by word and whose length fits again.</summary>
    public byte[] Header(byte[] file)
    {
        int length = (int)BinaryPrimitives.ReadUInt64LittleEndian(file);
        var tokens = Tokens(Encoding.UTF8.GetString(file, 8, length));
        for (int n = _random.Next(1, 4); n > 0 && tokens.Count > 0; n--)
        {
            ChangeWord(tokens);
        }

        return SafetensorsBuilder.File(string.Concat(tokens), file[(8 + length)..]);
    }

    void ChangeWord(List<string> tokens)
    {
        int at = _random.Next(tokens.Count);
        switch (_random.Next(7))
        {
            case 0:
                tokens.RemoveAt(at);
                break;
            case 1:
                tokens.Insert(at, tokens[_random.Next(tokens.Count)]);
                break;
            case 2:
                tokens.Insert(at, s_words[_random.Next(s_words.Length)]);
                break;
            case 3:
                int other = _random.Next(tokens.Count);
                (tokens[at], tokens[other]) = (tokens[other], tokens[at]);
                break;
            case 4:
                // A run of words again: whole entries occur twice.
                tokens.InsertRange(at, tokens.GetRange(at, Math.Min(_random.Next(1, 30), tokens.Count - at)));
                break;
            case 5:
                tokens[at] = long.TryParse(tokens[at], out long number) ? (number + _random.Next(-8, 9)).ToString() : tokens[at];
                break;
            default:
                tokens[at] = s_words[_random.Next(s_words.Length)];
                break;
        }
    }

    void Change(List<byte> bytes)
    {
        if (bytes.Count == 0)
        {
            bytes.Add((byte)_random.Next(256));
            return;
        }

        int at = _random.Next(bytes.Count);
        int length = Math.Min(_random.Next(1, 33), bytes.Count - at);
        switch (_random.Next(9))
        {
            case 0:
                bytes[at] ^= (byte)(1 << _random.Next(8));
                break;
            case 1:
                bytes[at] = (byte)_random.Next(256);
                break;
            case 2:
                bytes.RemoveRange(at, length);
                break;
            case 3:
                bytes.InsertRange(at, bytes.GetRange(at, length));
                break;
            case 4:
                bytes.RemoveRange(at, bytes.Count - at);
                break;
            case 5:
                bytes.InsertRange(_random.Next(bytes.Count), bytes.GetRange(at, length));
                break;
            case 6:
                bytes.AddRange(bytes.GetRange(at, length));
                break;
            default:
                // A length, a count or an offset at the edge of what its width holds.
                byte[] edge = BitConverter.GetBytes(s_edges[_random.Next(s_edges.Length)]);
                int width = 1 << _random.Next(4);
                for (int i = 0; i < width && at + i < bytes.Count; i++)
                {
                    bytes[at + i] = edge[i];
                }

                break;
        }
    }

    static List<string> Tokens(string text)
    {
        var tokens = new List<string>();
        for (int at = 0; at < text.Length;)
        {
            int end = at + 1;
            if (text[at] == '"')
            {
                while (end < text.Length && text[end] != '"')
                {
                    end++;
                }

                end = Math.Min(end + 1, text.Length);
            }
            else if (char.IsAsciiLetterOrDigit(text[at]))
            {
                while (end < text.Length && char.IsAsciiLetterOrDigit(text[end]))
                {
                    end++;
                }
            }

            tokens.Add(text[at..end]);
            at = end;
        }

        return tokens;
    }
}
