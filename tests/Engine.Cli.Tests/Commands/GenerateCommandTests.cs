using System.Diagnostics;
using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine generate</c> and <c>engine plan</c> with the built-in model at few steps.</summary>
public sealed class GenerateCommandTests
{
    const string Prompt = "A red ball rolls to the left in a meadow";

    [Fact]
    public async Task A_clip_a_sheet_and_previews_come_out_and_the_clip_says_how_it_was_made()
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync(
            "generate", Prompt, "-o", folder["ball.apng"], "--steps", "2", "--frames", "5", "--seed", "3", "--sheet", folder["sheet.png"], "--preview", "1", "--json");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["ball.apng", "ball.apng.preview.png", "sheet.png"], folder.Names);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(3, json.GetProperty("seed").GetInt64());
        Assert.Equal(5, json.GetProperty("frames").GetInt32());
        Assert.Equal(64, json.GetProperty("frames_sha256").GetString()!.Length);
        Assert.Contains("preview of step 1", run.Error, StringComparison.Ordinal);

        var inspected = JsonDocument.Parse((await EngineProcess.RunAsync("inspect", folder["ball.apng"], "--json")).Out).RootElement;
        Assert.Equal(Prompt, inspected.GetProperty("metadata").GetProperty("prompt").GetString());
        Assert.DoesNotContain(Testing.Repository.Root, inspected.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plain_lines_tell_stage_step_speed_and_time_left()
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync("generate", Prompt, "-o", folder["ball.y4m"], "--steps", "2", "--frames", "5", "--seed", "3");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal($"{folder["ball.y4m"]}\n", run.Out);
        Assert.Matches(@"denoising  step 2/2  \d+\.\d\d s/step", run.Error);
        Assert.Contains("decoding  frame 5/5", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', run.Error);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_frames_for_any_number_of_threads()
    {
        using var folder = new TempFolder();
        var hashes = new List<string?>();
        foreach (string threads in (string[])["1", "2", "4"])
        {
            var run = await EngineProcess.RunAsync("generate", Prompt, "-o", folder["a.y4m"], "--steps", "2", "--frames", "5", "--seed", "3", "--threads", threads, "--json", "-q");
            Assert.Equal("", run.Error);
            hashes.Add(JsonDocument.Parse(run.Out).RootElement.GetProperty("frames_sha256").GetString());
        }

        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public async Task A_request_file_is_a_whole_request_and_options_win_over_it()
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(
            folder["request.json"], """{ "prompt": "A blue cube", "steps": 3, "frames": 5, "seed": 9 }""", TestContext.Current.CancellationToken);
        var run = await EngineProcess.RunAsync("generate", "--config", folder["request.json"], "--steps", "1", "-o", folder["a.y4m"], "--json");

        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(1, json.GetProperty("steps").GetInt32());
        Assert.Equal(9, json.GetProperty("seed").GetInt64());
        Assert.Equal("A blue cube", json.GetProperty("request").GetProperty("prompt").GetString());
    }

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    public async Task A_signal_stops_it_and_leaves_nothing(string signal)
    {
        using var folder = new TempFolder();
        using var process = EngineProcess.Start(Testing.Repository.Root, null, "generate", Prompt, "-o", folder["ball.mp4"], "--steps", "1000");
        await WaitForAsync(process, "denoising  step 2");
        using var kill = EngineProcess.StartProgram("kill", "/", null, $"-{signal}", $"{process.Id}");
        var run = await EngineProcess.FinishAsync(process);

        Assert.Equal(130, run.ExitCode);
        Assert.Contains("stopped", run.Error, StringComparison.Ordinal);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task A_killed_job_goes_on_to_the_same_clip()
    {
        using var folder = new TempFolder();
        string[] line = ["generate", Prompt, "-o", folder["a.y4m"], "--steps", "30", "--frames", "5", "--seed", "4", "--json"];
        string whole = Hash(await EngineProcess.RunAsync(line));

        using (var process = EngineProcess.Start(Testing.Repository.Root, null, [.. line, "--resume"]))
        {
            await WaitForAsync(process, "denoising  step ");
            while (!File.Exists(folder["a.y4m.state"]) && !process.HasExited)
            {
                await Task.Delay(5, TestContext.Current.CancellationToken);
            }

            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.Contains("a.y4m.state", folder.Names);
        var resumed = await EngineProcess.RunAsync([.. line, "--resume"]);

        Assert.Equal(whole, Hash(resumed));
        Assert.DoesNotContain("a.y4m.state", folder.Names);
    }

    [Fact]
    public async Task A_plan_says_memory_and_stages()
    {
        var run = await EngineProcess.RunAsync("plan", Prompt, "--json");

        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.True(json.GetProperty("peak_bytes").GetInt64() > 10_000_000);
        Assert.True(json.GetProperty("stages").GetArrayLength() >= 3);
    }

    static string Hash(CliResult run) => JsonDocument.Parse(run.Out).RootElement.GetProperty("frames_sha256").GetString()!;

    static async Task WaitForAsync(Process process, string text)
    {
        while (await process.StandardError.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return;
            }
        }

        Assert.Fail($"It ended before it said '{text}'.");
    }
}
