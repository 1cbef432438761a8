using System.CommandLine;
using Engine.Cli.Parsing;
using Engine.Cli.Rendering;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime;
using Engine.Runtime.Media;

namespace Engine.Cli.Commands;

/// <summary><c>engine inspect PATH</c>: what a model, a weight file or a clip is.</summary>
static class InspectCommand
{
    static readonly string[] s_weights = [".safetensors", ".pth", ".pt", ".bin", ".gguf", ".json", ".tsv"];
    static readonly string[] s_pictures = [".png", ".jpg", ".jpeg", ".webp"];

    public static Command Create()
    {
        var path = new Argument<string>("path") { Description = "Model folder, name of an installed model, weight file, list of tensors (.tsv), clip, or folder of pictures" };
        var tensors = Opt.Flag("--tensors", "List every tensor of a folder's parts too (a single file's are listed anyway)");
        var heads = Opt.Int("--heads", "N", "Heads of a transformer that is no published one, to be told apart from its tensors");
        var command = new Command("inspect", "Show what a model, a weight file or a clip is, and what is missing") { path, tensors, heads }
            .WithExamples(
                "engine inspect weights/builtin",
                "engine inspect model.safetensors",
                "engine inspect weights/builtin --json | jq '.parts[].bytes'",
                "engine inspect clip.mp4                # prompt, seed and settings it was made with");
        command.SetAction(parse =>
        {
            string target = Target(parse.GetRequiredValue(path));
            bool json = parse.GetValue(GlobalOptions.Json);
            if (IsClip(target))
            {
                ClipView.Show(ClipInfo.Read(target), json);
                return ExitCode.Ok;
            }

            var inspection = Inspection.Of(target, parse.GetValue(heads));
            ModelView.Show(inspection, json, withTensors: parse.GetValue(tensors) || File.Exists(target));
            return IsUsable(inspection) ? ExitCode.Ok : ExitCode.For(ErrorKind.BadInput);
        });
        return command;
    }

    // What is nowhere may be the name of an installed model.
    static string Target(string path) => File.Exists(path) || Directory.Exists(path) ? path : ModelsFolder.Find(ModelsFolder.Default, path) ?? path;

    // What is unknown is no error to look at; what is known and lacks something is.
    static bool IsUsable(Inspection inspection) =>
        inspection.Problems.Count == 0 && inspection.Parts.All(p => p.Problem is null && (p.Identity?.Part is null || p.Identity.IsComplete));

    static bool IsClip(string path)
    {
        if (Directory.Exists(path))
        {
            var files = Directory.EnumerateFiles(path).Select(Path.GetExtension).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return s_pictures.Any(files.Contains) && !s_weights.Any(files.Contains);
        }

        return !s_weights.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase) && (File.Exists(path) || path.Contains('%', StringComparison.Ordinal));
    }
}
