using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine verify</c>: how the outcome is shown. The cases themselves are run by the tests of the verifier.</summary>
public sealed class VerifyCommandTests
{
    [Fact]
    public async Task Each_tensor_gets_a_line_and_the_last_line_counts()
    {
        var run = await EngineProcess.RunAsync("verify", "tests/goldens", "--only", "scheduler-unipc-10-5,builtin-tokenizer");

        Assert.Equal(0, run.ExitCode);
        string[] lines = run.Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.StartsWith("scheduler-unipc-10-5", StringComparison.Ordinal) && l.EndsWith("  ok", StringComparison.Ordinal));
        Assert.Equal($"{lines.Length - 1} passed, 0 failed", lines[^1]);
    }

    [Fact]
    public async Task Json_has_a_row_for_each_tensor()
    {
        var run = await EngineProcess.RunAsync("verify", "tests/goldens/noise-torch-cpu", "--json");

        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(json.GetProperty("passed").GetInt32(), json.GetProperty("rows").GetArrayLength());
        Assert.All(json.GetProperty("rows").EnumerateArray(), r => Assert.True(r.GetProperty("error").GetDouble() <= r.GetProperty("limit").GetDouble()));
    }

    [Fact]
    public async Task A_broken_case_fails_the_run()
    {
        using var folder = new TempFolder();
        string from = Path.Combine(Testing.Repository.Goldens, "scheduler-unipc-10-5");
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, folder[Path.GetFileName(file)]);
        }

        string text = await File.ReadAllTextAsync(folder["case.json"], TestContext.Current.CancellationToken);
        await File.WriteAllTextAsync(folder["case.json"], text.Replace("unipc", "dpm++", StringComparison.Ordinal), TestContext.Current.CancellationToken);
        var run = await EngineProcess.RunAsync("verify", folder.Root);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("FAILED", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain(" 0 failed", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("verify nowhere", 2, "nowhere")]
    [InlineData("verify tests/goldens --only no-such-case", 2, "no-such-case")]
    [InlineData("verify tests/goldens --only-from nowhere.txt", 2, "nowhere.txt")]
    [InlineData("verify tests/goldens --device cuda:250", 3, "There is no device cuda:250")]
    [InlineData("verify", 1, "<folder> is missing")]
    public async Task What_cannot_run_is_one_sentence(string line, int code, string expected)
    {
        var run = await EngineProcess.RunAsync(line.Split(' '));

        // Which device runs is said before; what went wrong is one sentence.
        string sentence = Assert.Single(run.ErrorLines, l => !l.StartsWith("running on ", StringComparison.Ordinal));
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.Equal(code, run.ExitCode);
    }
}
