using System.Globalization;
using System.Text;

namespace Engine.Model.Text.Cleaning;

/// <summary>Character classes as Python's <c>str</c> and <c>re</c> define them.</summary>
static class Characters
{
    /// <summary>What <c>\s</c> matches: .NET's white space and the four information separators.</summary>
    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\u001C' and <= '\u001F';

    /// <summary>What <c>\w</c> matches: letters, everything numeric, and the underscore (no combining marks).</summary>
    public static bool IsWord(Rune rune) => rune.Value == '_' || Rune.GetUnicodeCategory(rune) is
        UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter or
        UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or
        UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber;

    /// <summary>The code point at <paramref name="index"/>; a lone surrogate reads as U+FFFD, one char long.</summary>
    public static Rune RuneAt(string text, int index) =>
        Rune.TryGetRuneAt(text, index, out var rune) ? rune : Rune.ReplacementChar;

    /// <summary>True when every char is below U+0080.</summary>
    public static bool IsAscii(ReadOnlySpan<char> text) => System.Text.Ascii.IsValid(text);
}
