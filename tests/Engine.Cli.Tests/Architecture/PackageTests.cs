using System.IO.Compression;
using System.Text.Json;
using System.Xml.Linq;

namespace Engine.Cli.Tests.Architecture;

/// <summary>What <c>dotnet pack</c> makes of the projects as they were built for the tests.</summary>
public sealed class PackageTests
{
    public static TheoryData<string> Projects => ["Engine.Kernels", "Engine.Model", "Engine.Runtime"];

    [Theory, MemberData(nameof(Projects))]
    public async Task A_library_packs_with_licence_description_and_readme(string project)
    {
        using var folder = new TempFolder();
        await PackAsync(project, folder);

        using var package = await ZipFile.OpenReadAsync(folder[$"{project}.{CommandLine.Version}.nupkg"], TestContext.Current.CancellationToken);
        CheckDescription(package, project);
        Assert.NotNull(package.GetEntry($"lib/net10.0/{project}.dll"));
        Assert.NotNull(package.GetEntry($"lib/net10.0/{project}.xml"));
    }

    [Fact]
    public async Task The_tool_installs_runs_and_brings_its_model()
    {
        using var folder = new TempFolder();
        await PackAsync("Engine.Cli", folder);
        using (var package = await ZipFile.OpenReadAsync(folder[$"Engine.Cli.{CommandLine.Version}.nupkg"], TestContext.Current.CancellationToken))
        {
            CheckDescription(package, "Engine.Cli");
            Assert.NotNull(package.GetEntry("LICENSE"));
            Assert.DoesNotContain(package.Entries, e => e.Name == "libSkiaSharp.pdb");
        }

        // A package folder of its own: another build of the same version must not be taken from the user's.
        var environment = new Dictionary<string, string> { ["NUGET_PACKAGES"] = folder["packages"] };
        using var install = EngineProcess.StartProgram(
            "dotnet", folder.Root, environment, "tool", "install", "Engine.Cli", "--tool-path", folder["tools"], "--source", folder.Root, "--version", CommandLine.Version);
        var installed = await EngineProcess.FinishAsync(install);
        Assert.True(installed.ExitCode == 0, installed.Out + installed.Error);

        using var version = EngineProcess.StartProgram(folder["tools/engine"], folder.Root, null, "--version");
        Assert.Equal($"{CommandLine.Version}\n", (await EngineProcess.FinishAsync(version)).Out);
        using var generate = EngineProcess.StartProgram(
            folder["tools/engine"], folder.Root, null, "generate", "A red ball", "-o", "ball.y4m", "--steps", "1", "--frames", "1", "--json");
        var clip = await EngineProcess.FinishAsync(generate);
        Assert.True(clip.ExitCode == 0, clip.Error);
        Assert.Equal("builtin", JsonDocument.Parse(clip.Out).RootElement.GetProperty("model").GetString());
    }

    static async Task PackAsync(string project, TempFolder to)
    {
        string configuration = AppContext.BaseDirectory.Contains("Release", StringComparison.Ordinal) ? "Release" : "Debug";
        using var pack = EngineProcess.StartProgram(
            "dotnet", Testing.Repository.Root, null, "pack", $"src/{project}", "-c", configuration, "--no-build", "-o", to.Root, "-nodeReuse:false");
        var run = await EngineProcess.FinishAsync(pack);
        Assert.True(run.ExitCode == 0, run.Out + run.Error);
    }

    static void CheckDescription(ZipArchive package, string id)
    {
        using var stream = package.GetEntry($"{id}.nuspec")!.Open();
        var metadata = XDocument.Load(stream).Root!.Elements().First(e => e.Name.LocalName == "metadata").Elements().ToDictionary(e => e.Name.LocalName);

        Assert.Equal(id, metadata["id"].Value);
        Assert.Equal("Apache-2.0", metadata["license"].Value);
        Assert.Equal("README.md", metadata["readme"].Value);
        Assert.True(metadata["description"].Value.Length > 20);
        Assert.NotNull(package.GetEntry("README.md"));
    }
}
