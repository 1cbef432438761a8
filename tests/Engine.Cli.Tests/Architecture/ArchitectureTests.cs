using System.Reflection;
using System.Xml.Linq;

namespace Engine.Cli.Tests.Architecture;

/// <summary>Dependencies run one way: Kernels, Model, Runtime, Cli; each knows only those before it.</summary>
public sealed class ArchitectureTests
{
    static readonly string[] s_order = ["Engine.Kernels", "Engine.Model", "Engine.Runtime", "Engine.Cli"];

    // What a layer may lean on beyond the base library; anything else is a decision to be made here.
    static readonly Dictionary<string, string[]> s_packages = new()
    {
        ["Engine.Kernels"] = ["ILGPU", "ILGPU.Algorithms", "System.Numerics.Tensors"],
        ["Engine.Model"] = ["Microsoft.ML.Tokenizers"],
        ["Engine.Runtime"] =
        [
            "FFMpegCore", "Microsoft.Extensions.DependencyInjection.Abstractions", "Microsoft.Extensions.Logging.Abstractions",
            "Microsoft.Extensions.Options", "SkiaSharp", "SkiaSharp.NativeAssets.Linux.NoDependencies",
        ],
        ["Engine.Cli"] = ["Spectre.Console", "System.CommandLine"],
    };

    public static TheoryData<string> Projects => [.. s_order];

    [Theory, MemberData(nameof(Projects))]
    public void Assemblies_refer_to_earlier_layers_only(string project)
    {
        var assembly = Assembly.Load(project);
        var engine = assembly.GetReferencedAssemblies().Select(r => r.Name!).Where(n => n.StartsWith("Engine.", StringComparison.Ordinal));

        Assert.Empty(engine.Except(Earlier(project)));
    }

    [Theory, MemberData(nameof(Projects))]
    public void Projects_refer_to_earlier_layers_and_known_packages_only(string project)
    {
        var file = XDocument.Load(Path.Combine(Testing.Repository.Root, "src", project, $"{project}.csproj"));
        var projects = file.Descendants("ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r.Attribute("Include")!.Value));
        var packages = file.Descendants("PackageReference").Where(r => r.Attribute("PrivateAssets")?.Value != "all").Select(r => r.Attribute("Include")!.Value);

        Assert.Empty(projects.Except(Earlier(project)));
        Assert.Empty(packages.Except(s_packages[project]));
    }

    [Fact]
    public void Every_project_has_its_place_in_the_order()
    {
        var folders = Directory.GetDirectories(Path.Combine(Testing.Repository.Root, "src")).Select(Path.GetFileName);

        Assert.Equal(s_order.Order(StringComparer.Ordinal), folders.Order(StringComparer.Ordinal)!);
    }

    [Fact]
    public void Package_versions_are_exact_and_central()
    {
        var versions = XDocument.Load(Path.Combine(Testing.Repository.Root, "Directory.Packages.props")).Descendants("PackageVersion");

        Assert.All(versions, v => Assert.Matches(@"^\[\d+\.\d+\.\d+\]$", v.Attribute("Version")!.Value));
    }

    static IEnumerable<string> Earlier(string project) => s_order.TakeWhile(p => p != project);
}
