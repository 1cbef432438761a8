using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary><c>engine inspect</c>.</summary>
public sealed class InspectCommandTests
{
    [Fact]
    public async Task The_builtin_model_is_whole()
    {
        var run = await EngineProcess.RunAsync("inspect", "weights/builtin");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("builtin", run.Out, StringComparison.Ordinal);
        Assert.Contains("first and last frame", run.Out, StringComparison.Ordinal);
        Assert.DoesNotContain("problem:", run.Out, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_that_lacks_a_part_says_which()
    {
        using var folder = new TempFolder();
        CopyModel(folder, except: "vae");
        var run = await EngineProcess.RunAsync("inspect", folder.Root);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("The folder vae is missing", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("diffusers.wan2.1-t2v-1.3b.tsv", "Wan 2.1 T2V 1.3B")]
    [InlineData("official.wan2.2-ti2v-5b.tsv", "Wan 2.2 TI2V 5B")]
    [InlineData("official.umt5-xxl.tsv", "UMT5-XXL")]
    public async Task Published_models_are_named(string list, string name)
    {
        var run = await EngineProcess.RunAsync("inspect", Path.Combine(Testing.Repository.Goldens, "manifests", list), "--json");

        Assert.Equal(0, run.ExitCode);
        var json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Contains(name, json.GetProperty("name").GetString(), StringComparison.Ordinal);
        Assert.True(json.GetProperty("complete").GetBoolean());
    }

    [Fact]
    public async Task A_file_lists_its_tensors()
    {
        var run = await EngineProcess.RunAsync("inspect", "weights/builtin/vae/diffusion_pytorch_model.safetensors", "--json");

        var part = JsonDocument.Parse(run.Out).RootElement.GetProperty("parts")[0];
        Assert.Equal(part.GetProperty("tensors").GetInt32(), part.GetProperty("list").GetArrayLength());
        Assert.Equal("F16", part.GetProperty("list")[0].GetProperty("type").GetString());
    }

    [Theory]
    [InlineData("nowhere.safetensors")]
    [InlineData("nowhere.mp4")]
    [InlineData("README.md")]
    public async Task What_cannot_be_read_is_one_sentence(string path)
    {
        var run = await EngineProcess.RunAsync("inspect", path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains(path, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    static void CopyModel(TempFolder to, string except)
    {
        string from = Testing.Repository.BuiltinModel;
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string name = Path.GetRelativePath(from, file);
            if (!name.StartsWith(except + Path.DirectorySeparatorChar, StringComparison.Ordinal) && !name.StartsWith("samples", StringComparison.Ordinal))
            {
                Directory.CreateDirectory(Path.GetDirectoryName(to[name])!);
                File.Copy(file, to[name]);
            }
        }
    }
}
