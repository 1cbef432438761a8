using System.Text;
using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Text;
using Engine.Model.Text.SentencePiece;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Text;

public sealed class SentencePieceTokenizerTests : IDisposable
{
    readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("tokenizer", 34)]
    [InlineData("builtin-tokenizer", 7)]
    public void Golden_ids_come_out_equal(string name, int count)
    {
        string folder = Path.Combine(Repository.Goldens, name);
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        var root = document.RootElement;
        var tokenizer = SentencePieceTokenizer.Load(Path.Combine(folder, root.GetProperty("spiece").GetString()!));
        Assert.Equal(count, root.GetProperty("rows").GetArrayLength());
        foreach (var row in root.GetProperty("rows").EnumerateArray())
        {
            Assert.Equal(Ids(row), tokenizer.Encode(row.GetProperty("text").GetString()!, 100_000));
        }

        if (root.TryGetProperty("truncated", out var truncated))
        {
            foreach (var row in truncated.EnumerateArray())
            {
                Assert.Equal(Ids(row), tokenizer.Encode(row.GetProperty("text").GetString()!, row.GetProperty("max_length").GetInt32()));
            }
        }
    }

    [Fact]
    public void A_length_of_one_leaves_only_the_end_mark()
    {
        var tokenizer = Load(Vocabulary());
        Assert.Equal([1], tokenizer.Encode("a b a b", 1));
        Assert.Equal([1], tokenizer.Encode("", 5));
        Assert.Equal([1], tokenizer.Encode("   ", 5));
    }

    // The library throws on such a model.
    [Fact]
    public void A_model_needs_no_begin_mark() => Assert.Equal([4, 1], Load(Vocabulary()).Encode("a", 9));

    // The library would give one id each.
    [Fact]
    public void A_run_of_unknown_characters_is_one_id() =>
        Assert.Equal([4, 2, 5, 2, 1], Load(Vocabulary()).Encode("a猫🐈中b一", 9));

    // The library's ids would be higher by 255.
    [Fact]
    public void Unknown_characters_are_spelt_in_bytes()
    {
        var pieces = Vocabulary();
        int first = pieces.Count;
        pieces.AddRange(Enumerable.Range(0, 256).Select(b => ($"<0x{b:X2}>", 0f, PieceType.Byte)));
        int[] ids = Load(pieces, byteFallback: true).Encode("a猫b", 9);
        Assert.Equal([4, first + 0xE7, first + 0x8C, first + 0xAB, 5, 1], ids);
    }

    // The library's normaliser would not return.
    [Fact]
    public void Extra_spaces_are_dropped() => Assert.Equal([4, 6, 4, 1], Load(Vocabulary()).Encode("  a   a  ", 9));

    // "ee" + "e" and "e" + "ee" score the same; the original's rounding decides, position by position. Recorded from it.
    [Theory]
    [InlineData("rain and wind eee a", new[] { 324, 260, 316, 293, 270, 273, 292, 260, 403, 268, 263, 1 })]
    [InlineData("a red ball a red ball eee", new[] { 263, 260, 342, 292, 300, 275, 263, 260, 342, 292, 300, 275, 260, 403, 268, 1 })]
    public void Ties_are_settled_as_the_original_settles_them(string text, int[] ids)
    {
        var tokenizer = SentencePieceTokenizer.Load(Path.Combine(Repository.Goldens, "tokenizer", "spiece.model"));
        Assert.Equal(ids, tokenizer.Encode(text, 1000));
    }

    [Fact]
    public void Pieces_the_user_defined_are_never_cut_or_rewritten()
    {
        var pieces = Vocabulary();
        pieces.Add(("ab", -50, PieceType.UserDefined));
        pieces.Add(("＜x＞", -50, PieceType.UserDefined));
        Assert.Equal([4, 7, 4, 8, 1], Load(pieces).Encode("aaba＜x＞", 9));
    }

    [Fact]
    public void Unused_and_control_pieces_are_not_found_in_text()
    {
        var pieces = Vocabulary();
        pieces.Add(("aa", 0, PieceType.Unused));
        Assert.Equal([4, 4, 1], Load(pieces).Encode("aa", 9));
        Assert.Equal([2, 1], Load(pieces).Encode("</s>", 9));
    }

    [Fact]
    public void A_long_text_is_cut_up_whole()
    {
        var tokenizer = SentencePieceTokenizer.Load(Path.Combine(Repository.BuiltinModel, "tokenizer", "spiece.model"));
        string text = string.Concat(Enumerable.Repeat("A red ball rolls to the left. ", 3000));
        Assert.True(tokenizer.Encode(text, int.MaxValue).Length > 30_000);
        Assert.Equal(512, tokenizer.Encode(text, 512).Length);
    }

    [Fact]
    public void Unpaired_surrogates_are_unknown_characters() => Assert.Equal([4, 2, 1], Load(Vocabulary()).Encode("a\uD83D", 9));

    [Fact]
    public void A_missing_file_is_named()
    {
        var error = Assert.Throws<EngineException>(() => SentencePieceTokenizer.Load("/nowhere/spiece.model"));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
        Assert.Contains("/nowhere/spiece.model", error.Message, StringComparison.Ordinal);
    }

    public static TheoryData<string, string> BrokenModels => new()
    {
        { "", "no piece for unknown text" },
        { "FF", "ends inside a number" },
        { "0A0C0A", "runs past the end" },
        { "0B", "wire type" },
        { "0A030A01FF", "not valid UTF-8" },
        { "0A020A00", "no text" },
        { "0A050A0161180A", "unknown type" },
        { "12021802", "not unigram" },
        { "0A050A0161" + "1802" + "0A050A0162" + "1802", "two pieces for unknown" },
    };

    [Theory]
    [MemberData(nameof(BrokenModels))]
    public void A_broken_model_is_refused_in_one_sentence(string hex, string why)
    {
        File.WriteAllBytes(_file, Convert.FromHexString(hex));
        var error = Assert.Throws<EngineException>(() => SentencePieceTokenizer.Load(_file));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
        Assert.Contains(why, error.Message, StringComparison.Ordinal);
        Assert.Contains(_file, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_models_are_refused_or_work()
    {
        byte[] good = File.ReadAllBytes(Path.Combine(Repository.BuiltinModel, "tokenizer", "spiece.model"));
        var random = new Random(5);
        for (int i = 0; i < 400; i++)
        {
            byte[] bad = good[..random.Next(good.Length)];
            bad = i % 2 == 0 ? bad : [.. good];
            for (int n = random.Next(1, 4); n > 0 && bad.Length > 0; n--)
            {
                // Half of the changes go to the vocabulary at the start, the rest is mostly rules.
                bad[random.Next(i % 4 < 2 ? Math.Min(bad.Length, 1500) : bad.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(_file, bad);
            try
            {
                SentencePieceTokenizer.Load(_file).Encode("A red ball ① ﬁ ｱ rolls", 64);
            }
            catch (EngineException e)
            {
                Assert.Equal(ErrorKind.BadInput, e.Kind);
            }
        }
    }

    static int[] Ids(JsonElement row) => [.. row.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];

    // Ids 4, 5 and 6 are "a", "b" and an escaped space before "a"; 0 to 3 are marks.
    static List<(string Text, float Score, PieceType Type)> Vocabulary() =>
    [
        ("<pad>", 0, PieceType.Control), ("</s>", 0, PieceType.Control), ("<unk>", 0, PieceType.Unknown),
        ("<ctl>", 0, PieceType.Control), ("a", -1, PieceType.Normal), ("b", -2, PieceType.Normal),
        ("\u2581", -3, PieceType.Normal),
    ];

    SentencePieceTokenizer Load(List<(string Text, float Score, PieceType Type)> pieces, bool byteFallback = false)
    {
        var file = new ProtoWriter();
        foreach (var (text, score, type) in pieces)
        {
            var piece = new ProtoWriter();
            piece.Bytes(1, Encoding.UTF8.GetBytes(text));
            piece.Single(2, score);
            piece.Integer(3, (int)type);
            file.Bytes(1, piece.Written);
        }

        var trainer = new ProtoWriter();
        trainer.Integer(3, 1);
        trainer.Integer(35, byteFallback ? 1 : 0);
        trainer.Integer(40, 2);
        trainer.Integer(41, -1);
        trainer.Integer(42, 1);
        file.Bytes(2, trainer.Written);
        var normalizer = new ProtoWriter();
        normalizer.Integer(3, 0);
        file.Bytes(3, normalizer.Written);
        File.WriteAllBytes(_file, file.Written);
        return SentencePieceTokenizer.Load(_file);
    }
}
