using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary>The program where the built-in model's folder is missing.</summary>
public sealed class WithoutBuiltinTests : IDisposable
{
    readonly TempFolder _folder = new();

    // The program looks for the model beside and above itself, so that it is put where there is none.
    public WithoutBuiltinTests()
    {
        foreach (string file in Directory.EnumerateFiles(AppContext.BaseDirectory).Where(f => Path.GetExtension(f) is ".dll" or ".json"))
        {
            File.Copy(file, _folder[Path.GetFileName(file)]);
        }
    }

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("generate x -o clip.y4m")]
    [InlineData("plan x")]
    [InlineData("plan x --vae vae.safetensors")]
    public async Task With_nothing_given_one_sentence_says_what_is_missing(string line)
    {
        var run = await RunAsync(line.Split(' '));

        Assert.StartsWith("error: The built-in model is missing: no weights/builtin at or above", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(2, run.ExitCode);
    }

    [Fact]
    public async Task A_tier_with_nothing_installed_is_one_sentence()
    {
        var run = await RunAsync("plan", "x", "--tier", "pro");

        Assert.StartsWith("error: --model: no model was named, and none is installed", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public async Task A_model_in_parts_needs_no_other()
    {
        string model = Testing.Repository.BuiltinModel;
        var run = await RunAsync(
            "generate", "A red ball", "-o", _folder["clip.y4m"], "--steps", "1", "--frames", "5", "--size", "64x64", "--seed", "1", "--json",
            "--transformer", Path.Combine(model, "transformer", "diffusion_pytorch_model.safetensors"),
            "--vae", Path.Combine(model, "vae", "diffusion_pytorch_model.safetensors"),
            "--text-encoder", Path.Combine(model, "text_encoder", "model.safetensors"),
            "--tokenizer", Path.Combine(model, "tokenizer", "spiece.model"));

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(5, JsonDocument.Parse(run.Out).RootElement.GetProperty("frames").GetInt32());
    }

    [Fact]
    public async Task Installed_models_are_listed_without_it()
    {
        var run = await RunAsync("models", "--models", Path.Combine(Testing.Repository.Goldens, "models"), "--json");

        Assert.Equal(0, run.ExitCode);
        var models = JsonDocument.Parse(run.Out).RootElement.GetProperty("models").EnumerateArray().ToDictionary(m => m.GetProperty("name").GetString()!);
        Assert.Equal(JsonValueKind.Null, models["wan21-t2v"].GetProperty("problem").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, models["loras"].GetProperty("problem").ValueKind);
    }

    async Task<CliResult> RunAsync(params string[] arguments)
    {
        using var process = EngineProcess.StartProgram(
            "dotnet", _folder.Root, new Dictionary<string, string> { ["ENGINE_MODELS"] = _folder["models"] }, [_folder["Engine.Cli.dll"], .. arguments]);
        return await EngineProcess.FinishAsync(process);
    }
}
