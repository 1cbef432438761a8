using System.Text.Json;
using Engine.Model.Text;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "tokenizer": token ids and the prompt clean-up, compared exactly.</summary>
static class TokenizerCases
{
    // Long enough that no row is cut.
    const int Uncut = 1 << 20;

    public static void Run(CaseRun run)
    {
        var json = run.Golden.Json;
        var tokenizer = SentencePieceTokenizer.Load(run.Golden.FilePath(run.Golden.Text("spiece")));
        foreach (string field in (string[])["rows", "truncated"])
        {
            int index = 0;
            foreach (var row in Rows(json, field))
            {
                string text = row.GetProperty("text").GetString()!;
                int length = row.TryGetProperty("max_length", out var max) ? max.GetInt32() : Uncut;
                int[] want = [.. row.GetProperty("ids").EnumerateArray().Select(i => i.GetInt32())];
                int[] got = tokenizer.Encode(text, length);
                run.Equal($"{field}[{index++}]", got.AsSpan().SequenceEqual(want), $"'{text}' gives [{string.Join(",", got)}], not [{string.Join(",", want)}]");
            }
        }

        int clean = 0;
        foreach (var row in Rows(json, "prompt_clean"))
        {
            string text = row.GetProperty("text").GetString()!;
            string want = row.GetProperty("clean").GetString()!;
            string got = PromptCleaner.Clean(text);
            run.Equal($"prompt_clean[{clean++}]", string.Equals(got, want, StringComparison.Ordinal), $"'{text}' becomes '{got}', not '{want}'");
        }
    }

    static JsonElement.ArrayEnumerator Rows(JsonElement json, string field) =>
        json.TryGetProperty(field, out var rows) ? rows.EnumerateArray() : default;
}
