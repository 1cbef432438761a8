using System.Text.Json;
using Engine.Runtime.Media;
using Engine.Testing;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine generate --turbo</c> with files of distilled LoRAs, from the command line to the clip.</summary>
public sealed class TurboCommandTests : IDisposable
{
    readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("wan21-t2v", 4)]
    [InlineData("wan21-t2v", 8)]
    [InlineData("wan22-t2v-a14b", 4)]
    public async Task A_clip_is_that_of_the_merged_model_in_few_steps_without_guidance(string name, int steps)
    {
        string model = Path.Combine(Repository.Goldens, "models", name);
        string merged = _folder["merged"];
        Copy(model, merged);
        string[] parts = [.. new[] { "transformer", "transformer_2" }.Where(part => Directory.Exists(Path.Combine(model, part)))];
        var options = new List<string>();
        foreach (var (i, part) in parts.Index())
        {
            var lora = new DistilledLora(Path.Combine(model, part), rank: 4, seed: i + 1);
            lora.MergeInto(Path.Combine(merged, part), strength: 0.75);
            options.AddRange(["--lora", $"{lora.Write(_folder[$"lightning-{part}.safetensors"])}:0.75{(parts.Length == 1 ? "" : i == 0 ? ":high" : ":low")}"]);
        }

        // Four steps are what --turbo takes by itself.
        string[] turbo = steps == 4 ? ["--turbo"] : ["--turbo", "--steps", $"{steps}"];
        var (json, got) = await RunAsync(model, "got", [.. options, .. turbo]);
        var (_, want) = await RunAsync(merged, "want", turbo);
        var (_, plain) = await RunAsync(model, "plain", turbo);

        var request = json.GetProperty("request");
        Assert.Equal(steps, json.GetProperty("steps").GetInt32());
        Assert.Equal((1, "turbo", 5), (request.GetProperty("guidance").GetDouble(), request.GetProperty("scheduler").GetString(), request.GetProperty("shift").GetDouble()));
        Assert.Equal(parts.Length, json.GetProperty("notes").EnumerateArray().Count(n => n.GetString()!.Contains("change with strength 0.75", StringComparison.Ordinal)));
        Assert.InRange(Difference(got, want), 0, 0.05);
        Assert.True(Difference(got, plain) > 1, $"{Difference(got, plain)} of 255");
    }

    [Fact]
    public async Task A_file_for_another_model_is_refused_before_a_weight_is_read()
    {
        string lora = new DistilledLora(Path.Combine(Repository.Goldens, "models", "wan21-t2v", "transformer"), 4, 1).Write(_folder["lightning.safetensors"]);
        var run = await EngineProcess.RunAsync("generate", "A red ball", "--turbo", "--lora", lora, "-o", _folder["a.y4m"]);
        Assert.Equal(2, run.ExitCode);
        Assert.Single(run.ErrorLines);
        Assert.Contains("lightning.safetensors", run.Error, StringComparison.Ordinal);
        Assert.Equal(["lightning.safetensors"], _folder.Names);
    }

    async Task<(JsonElement Json, byte[] Frames)> RunAsync(string model, string into, string[] options)
    {
        var run = await EngineProcess.RunAsync(
            ["generate", "A red ball rolls to the left", "-m", model, "--size", "48x32", "--frames", "5", "--seed", "1", "--text-length", "40", "-o", _folder[into] + "/", "--json", "-q", .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
        string[] files = [.. Directory.EnumerateFiles(_folder[into]).Order(StringComparer.Ordinal)];
        Assert.Equal(5, files.Length);
        return (JsonDocument.Parse(run.Out).RootElement, [.. files.SelectMany(file => Image.Load(file).Rgb)]);
    }

    static double Difference(byte[] a, byte[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average();

    static void Copy(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string into = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(into)!);
            File.Copy(file, into);
        }
    }
}
