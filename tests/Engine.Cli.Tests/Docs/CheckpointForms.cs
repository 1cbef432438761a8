using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Lora;
using Engine.Testing;

namespace Engine.Cli.Tests.Docs;

/// <summary>Makes files of other forms from small checkpoints, and says whether they do.</summary>
sealed class CheckpointForms : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>A checkpoint under the name that its kind is published by: one kind is told by its folder's name alone.</summary>
    public Checkpoint Named(string name, string model)
    {
        string path = Path.Combine(_folder, name.TrimEnd(',', ';'));
        if (!Directory.Exists(path))
        {
            Directory.CreateSymbolicLink(path, model);
        }

        return Checkpoint.Open(path);
    }

    /// <summary>A folder with two transformers, made of a small model with one.</summary>
    public string Experts(string model) => ExpertFolders.Make(
        Path.Combine(_folder, $"{model}-experts"), Path.Combine(Repository.Goldens, "models", model), boundary: 0.875f, changed: _ => true);

    /// <summary>True when a LoRA for the query of the first block finds its place.</summary>
    public bool TakesLora(Checkpoint model)
    {
        int width = model.Transformer!.Width;
        string path = new RandomLora(1).Layer("diffusion_model.blocks.0.self_attn.q", width, width, rank: 2).Write(Path.Combine(_folder, $"{Guid.NewGuid():N}.safetensors"));
        using var loras = LoraSet.Open([new LoraSpec(path)], model.Transformer, second: false, LoraMode.Auto, allowUnmatched: false);
        return loras.Files.Count == 1;
    }

    /// <summary>True when every transformer, written anew in that type, is whole and goes with the other parts.</summary>
    public bool Opens(Checkpoint model, DType type, string ending)
    {
        string first = Convert(model, "transformer", type, ending);
        string? second = model.HasTransformer2 ? Convert(model, "second transformer", type, ending) : null;
        var made = Checkpoint.Open(model.Path, new CheckpointFiles { Transformer = first, Transformer2 = second });
        using var source = made.OpenTransformer();
        return made.Info.Abilities == model.Info.Abilities && source.Tensors.Any(tensor => tensor.Type == type)
            && Inspection.Of(first, model.Transformer!.Heads).IsComplete;
    }

    string Convert(Checkpoint model, string part, DType type, string ending)
    {
        string path = Path.Combine(_folder, $"{Guid.NewGuid():N}{ending}");
        using var stream = File.Create(path);
        WeightConverter.Convert(model.Parts.Single(p => p.Name == part), stream, ending == ".gguf", type, diffusersNames: false, tokenizer: null, null, TestContext.Current.CancellationToken);
        return path;
    }
}
