using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine bench</c> on sizes that take no time.</summary>
public sealed class BenchCommandTests
{
    public static TheoryData<string> Kinds => ["gemm", "attention", "conv", "dit", "vae-decode", "vae-encode", "text", "e2e"];

    [Theory, MemberData(nameof(Kinds))]
    public async Task Every_kind_prints_its_figures(string kind)
    {
        var run = await EngineProcess.RunAsync("bench", kind, "--size", "32x32", "--frames", "5", "--runs", "1", "--json");

        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.True(json.GetProperty("seconds").GetDouble() > 0);
        Assert.True(json.GetProperty("gflops").GetDouble() > 0);
        Assert.InRange(json.GetProperty("peak_fraction").GetDouble(), 0, 2);
        Assert.True(json.GetProperty("peak_memory_mb").GetDouble() > 1);
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("bf16")]
    [InlineData("f16")]
    [InlineData("fp8")]
    [InlineData("q8_0")]
    [InlineData("q4_k")]
    public async Task Every_type_of_weights_runs(string weights)
    {
        foreach (string kind in new[] { "dit", "gemm", "vae-decode" })
        {
            var run = await EngineProcess.RunAsync("bench", kind, "--size", "32x32", "--frames", "1", "--runs", "1", "--threads", "1", "--weights", weights, "--json");

            Assert.Equal("", run.Error);
            Assert.Equal(0, run.ExitCode);
            Assert.True(JsonDocument.Parse(run.Out).RootElement.GetProperty("seconds").GetDouble() > 0);
        }
    }

    [Theory]
    [InlineData("dit", "load 0.0")]
    [InlineData("text", "plain read of 0.0")]
    public async Task Weights_come_from_a_file_that_is_gone_afterwards(string kind, string part)
    {
        string[] Files() => Directory.GetFiles(Path.GetTempPath(), "engine-bench-*");
        int before = Files().Length;
        var run = await EngineProcess.RunAsync("bench", kind, "--size", "32x32", "--frames", "1", "--runs", "1", "--tokens", "2", "--from-disk", "--json");

        Assert.Equal("", run.Error);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Contains("from disk", json.GetProperty("what").GetString(), StringComparison.Ordinal);
        Assert.Contains(json.GetProperty("parts").EnumerateObject(), p => p.Name.StartsWith(part, StringComparison.Ordinal));
        Assert.Equal(before, Files().Length);
    }

    [Theory]
    [InlineData("--size 100x100", "--size: 100x100 is not possible; builtin takes multiples of 32x32")]
    [InlineData("--frames 4", "--frames: 4 is not possible; it takes 4n+1")]
    [InlineData("--steps 0", "--steps: 0 is not possible")]
    [InlineData("--model gpt", "--model: 'gpt' has no benchmark; it takes builtin, wan2.1-1.3b, wan2.2-5b, wan-14b")]
    [InlineData("--weights int4", "--weights is 'int4'; it takes one of f32, bf16, f16, fp8, q8_0, q4_k")]
    [InlineData("--threads -1", "--threads: -1 is not possible")]
    [InlineData("--tokens 65", "--tokens: 65 is not possible; it takes 2 to 64")]
    [InlineData("--runs x", "--runs is 'x'; it takes a whole number")]
    public async Task A_bad_value_is_named(string arguments, string expected)
    {
        var run = await EngineProcess.RunAsync(["bench", "e2e", .. arguments.Split(' ')]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }
}
