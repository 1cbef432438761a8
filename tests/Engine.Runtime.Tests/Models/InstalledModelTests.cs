using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Models;

/// <summary>What lies in the folder of models, by name.</summary>
public sealed class InstalledModelTests : IDisposable
{
    readonly PublishedModels _models = new();

    public void Dispose() => _models.Dispose();

    [Fact]
    public void Models_are_listed_with_what_they_are_and_the_engines_own_comes_first()
    {
        _models.Add("a14b", KnownModels.T2V14B, experts: true).Link("tiny", Golden("wan22-ti2v-5b"));
        File.Copy(Path.Combine(Repository.BuiltinModel, "vae", "diffusion_pytorch_model.safetensors"), Path.Combine(_models.Folder, "vae.safetensors"));

        var list = InstalledModels.List(Repository.BuiltinModel, _models.Folder);

        Assert.Equal(["builtin", "a14b", "tiny", "vae.safetensors"], list.Select(m => m.Name));
        Assert.Equal([true, false, false, false], list.Select(m => m.IsDefault));
        Assert.Equal("Wan 2.2 T2V A14B", list[1].Identity);
        Assert.Equal(14_288_491_584, list[1].WorkingParameters);
        Assert.Equal(2 * list[1].WorkingParameters, list[1].Parameters);
        Assert.True(list[1].Bytes > 2 * list[1].Parameters);
        Assert.All(list.Take(3), m => Assert.Null(m.Problem));
        Assert.Contains("no transformer and no text encoder", list[3].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_model_says_so_in_one_line()
    {
        File.WriteAllText(Path.Combine(_models.Folder, "README.md"), "hello");
        File.WriteAllText(Path.Combine(_models.Folder, "broken.safetensors"), "not at all");
        File.WriteAllText(Path.Combine(_models.Folder, "broken.gguf"), "GGUF and nothing after it");
        File.WriteAllText(Path.Combine(_models.Folder, "broken.pth"), "PK");
        File.WriteAllText(Path.Combine(_models.Folder, ".hidden"), "");
        File.CreateSymbolicLink(Path.Combine(_models.Folder, "gone.safetensors"), "/nowhere/at/all.safetensors");
        Directory.CreateSymbolicLink(Path.Combine(_models.Folder, "lost"), "/nowhere");
        Directory.CreateDirectory(Path.Combine(_models.Folder, "empty"));
        Directory.CreateDirectory(Path.Combine(_models.Folder, "odd", "transformer"));
        File.WriteAllText(Path.Combine(_models.Folder, "odd", "model_index.json"), "[1, 2]");
        File.WriteAllText(Path.Combine(_models.Folder, "odd", "transformer", "config.json"), """{ "num_attention_heads": 0, "num_layers": 99999999999 }""");

        var list = InstalledModels.List(null, _models.Folder);

        Assert.Equal(["README.md", "broken.gguf", "broken.pth", "broken.safetensors", "empty", "gone.safetensors", "lost", "odd"], list.Select(m => m.Name));
        Assert.All(list, m =>
        {
            Assert.Null(m.Checkpoint);
            Assert.DoesNotContain('\n', m.Problem!);
            Assert.InRange(m.Problem!.Length, 10, 250);
        });
    }

    [Fact]
    public void A_part_that_is_not_whole_is_told()
    {
        string path = Path.Combine(_models.Folder, "half");
        foreach (string file in Directory.EnumerateFiles(Golden("wan21-t2v"), "*", SearchOption.AllDirectories).Where(f => !f.Contains("/vae/diffusion", StringComparison.Ordinal)))
        {
            string target = Path.Combine(path, Path.GetRelativePath(Golden("wan21-t2v"), file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }

        Assert.StartsWith("has a VAE that cannot be read", InstalledModel.At(path).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void An_entry_with_the_name_of_the_engines_own_model_is_told_and_the_same_folder_is_listed_once()
    {
        _models.Link("builtin", Golden("wan21-t2v"));
        Assert.Contains("rename it", InstalledModels.List(Repository.BuiltinModel, _models.Folder)[1].Problem, StringComparison.Ordinal);

        string weights = Path.Combine(Repository.Root, "weights");
        Assert.Single(InstalledModels.List(Path.Combine(weights, "builtin"), weights), m => m.Name == "builtin");
    }

    [Theory]
    [InlineData("tiny", "tiny")]
    [InlineData("TINY", "tiny")]
    [InlineData("alone", "alone.gguf")]
    [InlineData("alone.gguf", "alone.gguf")]
    [InlineData("two", null)]
    [InlineData("two.gguf", "two.gguf")]
    public void A_name_finds_its_entry(string name, string? entry)
    {
        _models.Link("tiny", Golden("wan21-t2v"));
        foreach (string file in (string[])["alone.gguf", "two.gguf", "two.safetensors"])
        {
            File.WriteAllText(Path.Combine(_models.Folder, file), "");
        }

        Assert.Equal(entry is null ? null : Path.Combine(_models.Folder, entry), ModelsFolder.Find(_models.Folder, name));
    }

    [Fact]
    public async Task Requests_name_models_and_an_unknown_name_lists_those_that_there_are()
    {
        _models.Link("tiny", Golden("wan21-t2v"));
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel, ModelsFolder = _models.Folder });
        var tiny = new VideoRequest("x") { Model = "tiny", Width = 64, Height = 64 };

        Assert.Equal(Path.Combine(_models.Folder, "tiny"), (await engine.ResolveAsync(tiny, TestContext.Current.CancellationToken)).ModelPath);
        Assert.Equal(Repository.BuiltinModel, (await engine.ResolveAsync(tiny with { Model = "builtin" }, TestContext.Current.CancellationToken)).ModelPath);
        Assert.Equal("tiny", VideoRequestJson.Parse(VideoRequestJson.Write(tiny)).Model);
        var error = await Assert.ThrowsAnyAsync<EngineException>(() => engine.ResolveAsync(tiny with { Model = "tony" }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
        Assert.Contains("installed are tiny", error.Message, StringComparison.Ordinal);
    }

    static string Golden(string name) => Path.Combine(Repository.Goldens, "models", name);
}
