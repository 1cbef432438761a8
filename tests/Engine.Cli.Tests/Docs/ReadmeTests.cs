using System.Text.RegularExpressions;
using System.Xml.Linq;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;

namespace Engine.Cli.Tests.Docs;

/// <summary>What the README and the list of third-party material say is so.</summary>
public sealed class ReadmeTests
{
    // Made of a small one with one transformer.
    const string TwoExperts = "wan21-vace, twice";

    // A small checkpoint with the architecture of each row of the table.
    static readonly (string Row, string Model)[] s_rows =
    [
        ("the built-in model", Testing.Repository.BuiltinModel),
        ("Wan2.1-T2V-1.3B, -14B", GoldenModel("wan21-t2v")),
        ("Wan2.1-I2V-14B (480P, 720P)", GoldenModel("wan21-i2v")),
        ("Wan-Move-14B", GoldenModel("wan21-i2v")),
        ("Wan2.1-FLF2V-14B", GoldenModel("wan21-flf2v")),
        ("Wan2.1-VACE-1.3B, -14B", GoldenModel("wan21-vace")),
        ("Wan2.2-VACE-Fun-A14B (two experts)", TwoExperts),
        ("Wan2.2-TI2V-5B", GoldenModel("wan22-ti2v-5b")),
        ("Wan2.2-T2V-A14B (two experts)", GoldenModel("wan22-t2v-a14b")),
        ("Wan2.2-I2V-A14B (two experts)", GoldenModel("wan22-i2v-a14b")),
        ("Wan2.1-Fun-Control-Camera, Wan2.2-Fun-Control-Camera", GoldenModel("fun-camera")),
    ];

    static readonly Abilities[] s_columns =
    [
        Abilities.Text, Abilities.FirstFrame, Abilities.FirstLastFrame, Abilities.Keyframes, Abilities.Extend, Abilities.ExtendBackward,
        Abilities.Mask, Abilities.Video, Abilities.References, Abilities.Control, Abilities.Camera,
        Abilities.Tracks,
    ];

    static string Readme { get; } = File.ReadAllText(Path.Combine(Testing.Repository.Root, "README.md"));

    [Fact]
    public void The_table_of_checkpoints_says_what_the_code_says()
    {
        string[] table = [.. Lines().SkipWhile(l => !l.StartsWith("| checkpoint", StringComparison.Ordinal)).Skip(2).TakeWhile(l => l.StartsWith('|'))];

        using var files = new CheckpointForms();
        Assert.Equal(s_rows.Select(r => Row(r.Row, files.Named(r.Row.Split(' ')[0], r.Model == TwoExperts ? files.Experts("wan21-vace") : r.Model), files)), table);
    }

    [Fact]
    public void The_types_of_weights_are_those_of_the_code()
    {
        var types = Enum.GetValues<DType>().Where(type => type.IsWeightType()).Select(type => type.ToSafetensors());

        Assert.Contains($"as the file has them: {string.Join(", ", types)}.", Readme, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_command_of_the_table_exists_and_none_is_left_out()
    {
        var listed = Lines().Select(l => Regex.Match(l, @"^\| `engine (\w+)")).Where(m => m.Success).Select(m => m.Groups[1].Value);

        Assert.Equal(CommandLine.Root().Subcommands.Select(c => c.Name).Order(StringComparer.Ordinal), listed.Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Every_command_line_parses()
    {
        string[] files = ["README.md", Path.Combine("weights", "README.md")];
        var lines = files
            .SelectMany(f => File.ReadAllLines(Path.Combine(Testing.Repository.Root, f)))
            .Where(l => l.StartsWith("engine ", StringComparison.Ordinal) || l.StartsWith("./engine ", StringComparison.Ordinal))
            .Select(l => Regex.Replace(l, @"\s+#.*$", ""));

        Assert.All(lines, l => Assert.Empty(CommandLine.Root().Parse(l[(l.IndexOf(' ', StringComparison.Ordinal) + 1)..]).Errors));
    }

    [Fact]
    public void Every_example_of_the_help_parses()
    {
        foreach (var command in CommandLine.Root().Subcommands)
        {
            var lines = Parsing.Help.ExamplesOf(command)
                .Where(l => l.StartsWith("engine ", StringComparison.Ordinal))
                .Select(l => Regex.Replace(l, @"\s+(#|>|\|).*$", ""));

            Assert.All(lines, l => Assert.Empty(CommandLine.Root().Parse(l["engine ".Length..]).Errors));
        }
    }

    [Fact]
    public void Links_lead_somewhere()
    {
        var targets = Regex.Matches(Readme, @"\]\(([^)#:]+)\)").Select(m => m.Groups[1].Value);

        Assert.All(targets, t => Assert.True(File.Exists(Path.Combine(Testing.Repository.Root, t)), t));
    }

    [Fact]
    public void Every_package_is_listed_with_its_version()
    {
        string listed = File.ReadAllText(Path.Combine(Testing.Repository.Root, "THIRD-PARTY.md"));
        var versions = XDocument.Load(Path.Combine(Testing.Repository.Root, "Directory.Packages.props"))
            .Descendants("PackageVersion")
            .ToDictionary(v => v.Attribute("Include")!.Value, v => v.Attribute("Version")!.Value.Trim('[', ']'));
        var used = Directory.EnumerateFiles(Path.Combine(Testing.Repository.Root, "src"), "*.csproj", SearchOption.AllDirectories)
            .SelectMany(p => XDocument.Load(p).Descendants("PackageReference"))
            .Where(r => r.Attribute("PrivateAssets")?.Value != "all")
            .Select(r => r.Attribute("Include")!.Value);

        Assert.All(used.Distinct(), p => Assert.Contains($"| {p} | {versions[p]} |", listed, StringComparison.Ordinal));
    }

    static string Row(string name, Checkpoint model, CheckpointForms files)
    {
        bool[] cells =
        [
            .. s_columns.Select(column => model.Info.Abilities.HasFlag(column)),
            model.HasTransformer2,
            files.TakesLora(model),
            files.Opens(model, DType.F8E4M3, ".safetensors"),
            files.Opens(model, DType.Q8_0, ".gguf"),
        ];
        return $"| {name} | {string.Join(" | ", cells.Select(yes => yes ? "yes" : "-"))} |";
    }

    static string GoldenModel(string name) => Path.Combine(Testing.Repository.Goldens, "models", name);

    static string[] Lines() => Readme.Split('\n');
}
