using System.Globalization;

namespace Engine.Model.Text.Cleaning;

/// <summary>What a character can mean where text was decoded in the wrong encoding; one character can have several.</summary>
[Flags]
enum Letters
{
    /// <summary>None of the characters that mojibake is made of.</summary>
    None = 0,

    /// <summary>Appears in many contexts.</summary>
    Common = 1 << 0,

    /// <summary>C1 control characters.</summary>
    C1 = 1 << 1,

    /// <summary>Hardly ever meant.</summary>
    Bad = 1 << 2,

    /// <summary>Pilcrow and section sign.</summary>
    Law = 1 << 3,

    /// <summary>Currency signs.</summary>
    Currency = 1 << 4,

    /// <summary>Punctuation that begins something.</summary>
    StartPunctuation = 1 << 5,

    /// <summary>Punctuation that ends something.</summary>
    EndPunctuation = 1 << 6,

    /// <summary>Signs that stand among numbers.</summary>
    Numeric = 1 << 7,

    /// <summary>Letters that are drawn into faces.</summary>
    Kaomoji = 1 << 8,

    /// <summary>Accented capitals.</summary>
    UpperAccented = 1 << 9,

    /// <summary>Accented small letters.</summary>
    LowerAccented = 1 << 10,

    /// <summary>Capitals that often end words.</summary>
    UpperCommon = 1 << 11,

    /// <summary>Small letters of Greek and Cyrillic.</summary>
    LowerCommon = 1 << 12,

    /// <summary>Box drawing.</summary>
    Box = 1 << 13,

    /// <summary>Stands for the first byte of a two-byte UTF-8 sequence.</summary>
    Lead2 = 1 << 14,

    /// <summary>Stands for the first byte of a three-byte UTF-8 sequence.</summary>
    Lead3 = 1 << 15,

    /// <summary>Stands for the first byte of a four-byte UTF-8 sequence.</summary>
    Lead4 = 1 << 16,

    /// <summary>Stands for a continuation byte of UTF-8 (a space included: it may have been U+00A0).</summary>
    Continuation = 1 << 17,

    /// <summary>A continuation that seldom stands for itself next to mojibake.</summary>
    StrictContinuation = 1 << 18,
}

/// <summary>Which <see cref="Letters"/> each character is.</summary>
/// <remarks>The ranges are those of ftfy/badness.py and ftfy/chardata.py of rspeer/python-ftfy
/// @ 74dd0452b48286a3770013b3a02755313bd5575e (Apache-2.0).</remarks>
sealed class LetterTable
{
    const int Size = 0x2600;

    static readonly Lazy<LetterTable> s_instance = new(() => new LetterTable());

    readonly Letters[] _low = new Letters[Size];
    readonly Dictionary<char, Letters> _high = [];

    LetterTable()
    {
        Set(Letters.Common,
            "00A0 00AD 00B4 00B7 2013-2015 2019 2026");
        Set(Letters.C1,
            "0080-009F");
        Set(Letters.Bad,
            "00A4 00A6 00A8 00AA 00AC 00AF 00B8 00BA 0192 02C6-02C7 02D8 02DB-02DC 2020-2021 2030 2310 25CA FFFD");
        Set(Letters.Law,
            "00A7 00B6");
        Set(Letters.Currency,
            "00A2-00A3 00A5 20A7 20AC");
        Set(Letters.StartPunctuation,
            "00A1 00A9 00AB 00BF 0384-0385 2018 201A 201C 201E 2022 2039 F8FF");
        Set(Letters.EndPunctuation,
            "00AE 00BB 02DD 201D 203A 2122");
        Set(Letters.Numeric,
            "00B1-00B3 00B5 00B9 00BC-00BE 00D7 00F7 2044 2116 2202 2206 220F 2211 221A 221E 2229 222B 2248 " +
            "2260-2261 2264-2265");
        Set(Letters.Kaomoji,
            "00B0 00D2-00D6 00D9-00DC 00F2-00F6 00F8-00FC 014C 0150 016A 0172");
        Set(Letters.UpperAccented,
            "00C0-00D1 00D8 00DC-00DD 0100 0102 0104 0106 010C 010E 0110 0112 0116 0118 011A 011E 0122 012A 0130 " +
            "0136 0139 013B 013D 0141 0143 0145 0147 0152 0158 015A 015E 0160 0162 0164 016E 0170 0178-0179 017B " +
            "017D 0490");
        Set(Letters.LowerAccented,
            "00DF-00F1 00FC 0101 0103 0105 0107 010D 010F 0111 0113 0117 0119 011B 011F 0123 012B 012F 0137 013A " +
            "013C 013E 0142 0153 0155 015B 015F 0161 0165 017A 017C 017E 0491 FB01-FB02");
        Set(Letters.UpperCommon,
            "00DE 0386 0388-038A 038C 038E-038F 0391-03AB 0401-042F");
        Set(Letters.LowerCommon,
            "03AC-03C9 0430-045F");
        Set(Letters.Box,
            "2502 250C 2510 2518 251C 2524 252C 253C 2550-256C 2580 2584 2588 258C 2590-2593");
        Set(Letters.Lead2,
            "00C2-00DF 0100 0102 0106 010C 010E 0110 0112 0116 0118 011A 011E 0122 012A 0130 0136 0139 013B 0141 " +
            "0143 0145 0147 014C 0150 0158 015A 015E 0160 0162 016A 016E 0170 0172 0179 017B 017D 0392-03A1 " +
            "03A3-03AF 0412-042F");
        Set(Letters.Lead3,
            "00E0-00EF 0101 0103 0105 0107 010D 010F 0113 0117 0119 011B 0123 012B 012F 0137 013A 013C 0155 017A " +
            "03B0-03BF 0430-043F");
        Set(Letters.Lead4,
            "00F0 00F3 0111 011F 0161 03C0 03C3 0440 0443");
        Set(Letters.Continuation,
            "0020 0080-00BF 00C6 00D8 00E6 00F8 0104-0105 013D-013E 0141-0142 0152-0153 0156-0157 015A-015B " +
            "015E-0161 0164-0165 0178-017E 0192 02C6-02C7 02D8 02DB-02DD 0384-0386 0388-038A 038C 038E-038F " +
            "0401-040C 040E-040F 0451-045C 045E-045F 0490-0491 2013-2015 2018-201A 201C-201E 2020-2022 2026 2030 " +
            "2039-203A 20AC 2116 2122");
        Set(Letters.StrictContinuation,
            "0080-00BF 00C6 00D8 00E6 00F8 0104-0105 013D-013E 0141-0142 0152-0153 0156-0157 015A-015B 015E-0161 " +
            "0164-0165 0178-017E 0192 02C6-02C7 02D8 02DB-02DD 0384-0386 0388-038A 038C 038E-038F 0401-040C " +
            "040E-040F 0451-045C 045E-045F 0490-0491 2020-2021 2030 2039-203A 20AC 2116 2122");
    }

    /// <summary>The table, made on first use.</summary>
    public static LetterTable Instance => s_instance.Value;

    /// <summary>What the character can mean.</summary>
    public Letters this[char c] => c < Size ? _low[c] : _high.GetValueOrDefault(c);

    void Set(Letters letters, string ranges)
    {
        foreach (string range in ranges.Split(' '))
        {
            int first = int.Parse(range.AsSpan(0, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            int last = int.Parse(range.AsSpan(range.Length - 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            for (int c = first; c <= last; c++)
            {
                if (c < Size)
                {
                    _low[c] |= letters;
                }
                else
                {
                    _high[(char)c] = _high.GetValueOrDefault((char)c) | letters;
                }
            }
        }
    }
}
