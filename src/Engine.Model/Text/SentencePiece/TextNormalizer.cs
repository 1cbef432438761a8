using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Engine.Model.Text.SentencePiece;

/// <summary>Rewrites text by a model's own rules before it is cut into pieces.</summary>
/// <remarks>
/// Does what Normalizer::Normalize does, src/normalizer.cc of google/sentencepiece @ 273449044caa593c2fd7eb7550cb3ab2cff93f1a:
/// the longest rule at each position (rules are a double-array trie over UTF-8), pieces the user defined are left alone, and
/// spaces are collapsed and escaped.
/// </remarks>
sealed class TextNormalizer
{
    const byte Space = (byte)' ';

    readonly SentencePieceModel _model;
    readonly uint[] _trie;
    readonly byte[] _replacements;
    readonly byte[][] _userDefined;

    /// <summary>Reads the rules of a model.</summary>
    /// <exception cref="FormatException">They are damaged.</exception>
    public TextNormalizer(SentencePieceModel model)
    {
        _model = model;
        _userDefined = [.. model.Pieces.Where(p => p.Type == PieceType.UserDefined)
            .Select(p => Encoding.UTF8.GetBytes(p.Text)).OrderByDescending(b => b.Length)];
        (_trie, _replacements) = ReadRules(model.Charsmap);
    }

    static ReadOnlySpan<byte> EscapedSpace => "\u2581"u8;

    /// <summary>The text as the pieces spell it; empty when nothing is left.</summary>
    public string Normalize(string text)
    {
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(text);
        if (_model.RemoveExtraWhitespaces)
        {
            while (!input.IsEmpty && Rewrite(input, out int used) is [Space])
            {
                input = input[used..];
            }
        }

        if (input.IsEmpty)
        {
            return "";
        }

        var output = new List<byte>(input.Length + (input.Length / 2) + 8);
        if (_model.AddDummyPrefix && !_model.TreatWhitespaceAsSuffix)
        {
            AddSpace(output);
        }

        bool afterSpace = _model.RemoveExtraWhitespaces;
        while (!input.IsEmpty)
        {
            var rewritten = Rewrite(input, out int used);
            input = input[used..];
            if (afterSpace)
            {
                rewritten = rewritten.TrimStart(Space);
            }

            if (rewritten.IsEmpty)
            {
                continue;
            }

            foreach (byte b in rewritten)
            {
                if (b == Space)
                {
                    AddSpace(output);
                }
                else
                {
                    output.Add(b);
                }
            }

            afterSpace = _model.RemoveExtraWhitespaces && rewritten[^1] == Space;
        }

        if (_model.RemoveExtraWhitespaces)
        {
            TrimEnd(output, _model.EscapeWhitespaces ? EscapedSpace : " "u8);
        }

        if (_model.AddDummyPrefix && _model.TreatWhitespaceAsSuffix)
        {
            AddSpace(output);
        }

        return Encoding.UTF8.GetString(CollectionsMarshal.AsSpan(output));
    }

    static void TrimEnd(List<byte> output, ReadOnlySpan<byte> space)
    {
        while (CollectionsMarshal.AsSpan(output).EndsWith(space))
        {
            output.RemoveRange(output.Count - space.Length, space.Length);
        }
    }

    void AddSpace(List<byte> output)
    {
        if (_model.EscapeWhitespaces)
        {
            output.AddRange(EscapedSpace);
        }
        else
        {
            output.Add(Space);
        }
    }

    /// <summary>What stands for the first characters of <paramref name="input"/>, and how many of its bytes that is.</summary>
    ReadOnlySpan<byte> Rewrite(ReadOnlySpan<byte> input, out int used)
    {
        foreach (byte[] kept in _userDefined)
        {
            if (input.StartsWith(kept))
            {
                used = kept.Length;
                return input[..used];
            }
        }

        int rule = LongestRule(input, out used);
        if (used == 0)
        {
            Rune.DecodeFromUtf8(input, out _, out used);
            return input[..used];
        }

        var replacement = _replacements.AsSpan(rule);
        int end = replacement.IndexOf((byte)0);
        return end < 0 ? replacement : replacement[..end];
    }

    // Units of the double array: bits 0-7 the label, bit 8 "a value hangs here", bits 10-30 the offset to the children
    // (times 256 where bit 9 is set), bit 31 "this is a value" (bits 0-30).
    int LongestRule(ReadOnlySpan<byte> input, out int length)
    {
        length = 0;
        int rule = 0;
        if (_trie.Length == 0)
        {
            return rule;
        }

        uint node = Offset(_trie[0]);
        for (int i = 0; i < input.Length; i++)
        {
            node ^= input[i];
            if (node >= _trie.Length || (_trie[node] & 0x800000FF) != input[i])
            {
                break;
            }

            uint unit = _trie[node];
            node ^= Offset(unit);
            if ((unit & 0x100) != 0 && node < _trie.Length)
            {
                uint value = _trie[node] & 0x7FFFFFFF;
                if (value < _replacements.Length)
                {
                    rule = (int)value;
                    length = i + 1;
                }
            }
        }

        return rule;
    }

    static uint Offset(uint unit) => (unit >> 10) << (int)((unit & 0x200) >> 6);

    // <trie size, 4 bytes> <trie> <replacements, each ended by a zero>
    static (uint[] Trie, byte[] Replacements) ReadRules(byte[] charsmap)
    {
        if (charsmap.Length == 0)
        {
            return ([], []);
        }

        uint size = charsmap.Length > 4 ? BinaryPrimitives.ReadUInt32LittleEndian(charsmap) : uint.MaxValue;
        if (size >= charsmap.Length - 4 || size % 4 != 0 || size == 0)
        {
            throw new FormatException("its normalisation rules are damaged");
        }

        var trie = new uint[size / 4];
        for (int i = 0; i < trie.Length; i++)
        {
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(charsmap.AsSpan(4 + (i * 4)));
        }

        return (trie, charsmap[(4 + (int)size)..]);
    }
}
