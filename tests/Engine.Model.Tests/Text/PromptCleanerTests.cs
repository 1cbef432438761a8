using System.Text.Json;
using Engine.Model.Text;
using Engine.Model.Text.Cleaning;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Text;

public sealed class PromptCleanerTests
{
    [Fact]
    public void Golden_rows_come_out_equal()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(Repository.Goldens, "tokenizer", "case.json")));
        var rows = document.RootElement.GetProperty("prompt_clean").EnumerateArray().ToList();
        Assert.Equal(18, rows.Count);
        foreach (var row in rows)
        {
            Assert.Equal(row.GetProperty("clean").GetString(), PromptCleaner.Clean(row.GetProperty("text").GetString()!));
        }
    }

    // Random mixtures of languages, wrong encodings (up to three deep), losses, entities and controls, with what
    // ftfy 6.3.1 and Python's html.unescape make of them.
    [Fact]
    public void Recorded_accidents_come_out_as_upstream_leaves_them()
    {
        string path = Path.Combine(Repository.Root, "tests", "Engine.Model.Tests", "Text", "prompt-clean.json");
        string[][] rows = JsonSerializer.Deserialize<string[][]>(File.ReadAllText(path))!;
        Assert.Equal(320, rows.Length);
        Assert.All(rows, row => Assert.Equal(row[1], PromptCleaner.Clean(row[0])));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData(" \t\n\u3000\u00A0 ", "")]
    [InlineData("voilÃ le travail", "voilà le travail")]
    [InlineData("A\u0303\u00A9 stays", "é stays")] // composed first, then seen to be mojibake
    [InlineData("l’humanitÃ©", "l'humanité")]
    [InlineData("âœ” No problems", "✔ No problems")]
    [InlineData("(à¸‡'âŒ£')à¸‡", "(ง'⌣')ง")]
    [InlineData("Ä°stanbul", "İstanbul")]
    [InlineData("×‘×”×•×“×¢×”", "בהודעה")]
    [InlineData("РїСЂРёРІРµС‚", "привет")]
    [InlineData("ＬＯＵＤ　ＮＯＩＳＥＳ", "LOUD NOISES")]
    [InlineData("Ｕﾀｰﾝ", "Uターン")]
    [InlineData("e\u0301 \u1112\u1161\u11AB", "é 한")]
    [InlineData("&lt;b&gt; <i> &amp;amp;", "<b> <i> &")] // a literal '<' keeps ftfy's hands off, html.unescape runs all the same
    [InlineData("P&EACUTE;REZ stra&SZLIG;e", "PÉREZ straSSe")]
    [InlineData("&notit; &not; &#x80; &#0;", "¬it; ¬ € �")]
    [InlineData("tea &amp tea", "tea & tea")]
    [InlineData("a\u001cb", "ab")]
    [InlineData("\ufeffbom", "bom")]
    public void Cleans(string text, string clean) => Assert.Equal(clean, PromptCleaner.Clean(text));

    [Fact]
    public void A_lone_surrogate_becomes_a_replacement_character()
    {
        Assert.Equal("a\uFFFDb", PromptCleaner.Clean("a\uD83Db"));
        Assert.Equal("a\U0001F63Ab", PromptCleaner.Clean("a\U0001F63Ab"));
    }

    [Fact]
    public void Cleaning_twice_changes_nothing_more_for_plain_text()
    {
        string clean = PromptCleaner.Clean("  Une  Å“uvre â€” “déjà vu” ① ﬁn  ");
        Assert.Equal(clean, PromptCleaner.Clean(clean));
    }

    [Theory]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("\u212B", "\u00C5")]
    [InlineData("\u0344", "\u0308\u0301")] // never composed again
    [InlineData("a\u0302\u0323", "\u1EAD")] // marks are put in order first
    [InlineData("a\u0301\u0300", "\u00E1\u0300")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\U0001D15E", "\U0001D157\U0001D165")]
    public void Normalisation_form_c(string text, string composed) => Assert.Equal(composed, Nfc.Normalize(text));
}
