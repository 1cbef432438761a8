using System.Text.Json;
using Engine.Model.Checkpoints;
using Engine.Testing;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine models</c>, models by name, and tiers that take one.</summary>
public sealed class ModelsCommandTests : IDisposable
{
    readonly PublishedModels _models = new();
    readonly TempFolder _folder = new();

    // Small enough to run: what a tier takes does not depend on the size.
    static readonly string[] s_small = ["--size", "64x64", "--frames", "5", "--steps", "1", "--seed", "1"];

    public void Dispose()
    {
        _models.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public async Task Models_are_listed_and_what_is_none_is_one_line()
    {
        _models.Add("Wan2.1-T2V-1.3B", KnownModels.T2V13B);
        await File.WriteAllTextAsync(Path.Combine(_models.Folder, "notes.txt"), "x", TestContext.Current.CancellationToken);
        var run = await EngineProcess.RunAsync("models", "--models", _models.Folder);

        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Error);
        Assert.Matches(@"(?m)^Wan2\.1-T2V-1\.3B +1\.42 G +\d+\.\d\d GB +Wan 2\.1 T2V 1\.3B$", run.Out);
        Assert.Matches(@"(?m)^standard +Wan2\.1-T2V-1\.3B +builtin$", run.Out);
        Assert.Contains("cannot be used: notes.txt is neither a folder nor a file that ends with", run.Out, StringComparison.Ordinal);
        Assert.Contains($"models lie in {_models.Folder}\n", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_environment_names_the_folder_and_json_has_it_all()
    {
        _models.Add("Wan2.2-TI2V-5B", KnownModels.Ti2V5B, KnownModels.Vae22);
        var run = await InFolderAsync("models", "--json", "--memory", "1GB");

        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal(_models.Folder, json.GetProperty("folder").GetString());
        var model = json.GetProperty("models")[1];
        Assert.Equal("Wan 2.2 TI2V 5B", model.GetProperty("identity").GetString());
        Assert.Equal(["text", "first frame", "restyle a clip"], model.GetProperty("abilities").EnumerateArray().Select(a => a.GetString()!));
        var choice = json.GetProperty("tiers")[0].GetProperty("choice");
        Assert.Equal("builtin", choice.GetProperty("model").GetString());
        Assert.True(choice.GetProperty("passed_over")[0].GetProperty("for_memory").GetBoolean());
    }

    [Fact]
    public async Task Without_installed_models_the_builtin_one_is_listed_and_the_folder_named()
    {
        var run = await EngineProcess.RunAsync(
            Testing.Repository.Root, new Dictionary<string, string> { ["ENGINE_MODELS"] = "", ["XDG_DATA_HOME"] = _folder.Root }, "models");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"(?m)^master +builtin +builtin$", run.Out);
        Assert.Contains($"{_folder["engine/models"]}, which does not exist yet", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tier_takes_a_model_says_so_and_the_clip_tells()
    {
        _models.Link("tiny-5b", Path.Combine(Testing.Repository.Goldens, "models", "wan22-ti2v-5b"));
        string clip = _folder["a.apng"];
        var run = await InFolderAsync(["generate", "A red ball", "--tier", "pro", "-o", clip, "--json", .. s_small]);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("tiny-5b was chosen", run.Error, StringComparison.Ordinal);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal("tiny-5b", json.GetProperty("model_choice").GetProperty("model").GetString());
        Assert.StartsWith("tiny-5b was chosen", json.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);

        var told = JsonDocument.Parse((await EngineProcess.RunAsync("inspect", clip, "--json")).Out).RootElement.GetProperty("metadata");
        Assert.StartsWith("tiny-5b was chosen", told.GetProperty("model_choice").GetString(), StringComparison.Ordinal);
        Assert.Equal(("tiny-5b", "pro"), (told.GetProperty("settings").GetProperty("model").GetString(), told.GetProperty("settings").GetProperty("tier").GetString()));
        Assert.DoesNotContain(_models.Folder, told.ToString(), StringComparison.Ordinal);

        // The settings of the clip are a request that makes it again.
        await File.WriteAllTextAsync(_folder["again.json"], told.GetProperty("settings").ToString(), TestContext.Current.CancellationToken);
        var again = JsonDocument.Parse((await InFolderAsync("generate", "--config", _folder["again.json"], "-o", clip, "--json")).Out).RootElement;
        Assert.Equal(json.GetProperty("frames_sha256").GetString(), again.GetProperty("frames_sha256").GetString());
        Assert.Equal(JsonValueKind.Null, again.GetProperty("model_choice").ValueKind);
    }

    [Theory]
    [InlineData("--tier pro", 0, "Wan2.1-T2V-1.3B was chosen (1.42 G parameters): tier pro takes models of 3 to 10 G")]
    [InlineData("--tier pro --image weights/builtin/samples/prompts.png", 0, "passed over: Wan2.1-T2V-1.3B (Wan 2.1 T2V 1.3B cannot work from a first frame)")]
    [InlineData("-m Wan2.1-T2V-1.3B", 0, "Wan 2.1 T2V 1.3B")]
    [InlineData("-m wan2.1-t2v-1.3b --tier master", 0, "1280x720")]
    [InlineData("-m builtin", 0, "builtin")]
    [InlineData("-m Wan2.1", 2, "error: Wan2.1: there is no such model folder or file, and no installed model of that name")]
    [InlineData("--models nowhere", 2, "error: --models: there is no folder 'nowhere'")]
    [InlineData("--tier pro --frames 6", 1, "--frames: 6 is not 4n + 1")]
    public async Task A_plan_tells_the_model(string arguments, int code, string expected)
    {
        _models.Add("Wan2.1-T2V-1.3B", KnownModels.T2V13B);
        var run = await InFolderAsync(["plan", "A cat", .. arguments.Split(' ')]);

        Assert.Contains(expected, code == 0 ? run.Out : Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(code, run.ExitCode);
    }

    [Fact]
    public async Task An_installed_model_is_inspected_by_name()
    {
        _models.Add("Wan2.1-T2V-1.3B", KnownModels.T2V13B);
        var run = await InFolderAsync("inspect", "Wan2.1-T2V-1.3B");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("Wan 2.1 T2V 1.3B", run.Out, StringComparison.Ordinal);
    }

    Task<CliResult> InFolderAsync(params string[] arguments) =>
        EngineProcess.RunAsync(Testing.Repository.Root, new Dictionary<string, string> { ["ENGINE_MODELS"] = _models.Folder }, arguments);
}
