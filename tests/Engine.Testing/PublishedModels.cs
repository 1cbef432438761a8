using System.Globalization;
using System.Text;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Transformer;
using Engine.Model.Vae;

namespace Engine.Testing;

/// <summary>A folder of models with the names and shapes of published ones; their weights are holes in the files and take no disk.</summary>
public sealed class PublishedModels : IDisposable
{
    /// <summary>Where they lie.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("engine-models-").FullName;

    /// <summary>Adds a model in Wan's own layout.</summary>
    /// <param name="name">Name of its folder.</param>
    /// <param name="transformer">Its sizes.</param>
    /// <param name="vae">Sizes of its VAE; null means VAE 2.1.</param>
    /// <param name="experts">True for two transformers.</param>
    public PublishedModels Add(string name, TransformerConfig transformer, VaeConfig? vae = null, bool experts = false)
    {
        const string weights = "diffusion_pytorch_model.safetensors";
        foreach (string file in experts ? [$"high_noise_model/{weights}", $"low_noise_model/{weights}"] : new[] { weights })
        {
            Write($"{name}/{file}", ExpectedTensors.Of(transformer));
        }

        Write($"{name}/models_t5_umt5-xxl-enc-bf16.safetensors", ExpectedTensors.Of(KnownModels.Umt5Xxl));
        Write($"{name}/Wan_VAE.safetensors", ExpectedTensors.Of(vae ?? KnownModels.Vae21));
        if (transformer.ImageDim is not null)
        {
            Write($"{name}/models_clip_open-clip-xlm-roberta-large-vit-huge-14.safetensors", ExpectedTensors.Of(KnownModels.ClipVitH14));
        }

        string tokenizer = Path.Combine(Folder, name, "google", "umt5-xxl", "spiece.model");
        Directory.CreateDirectory(Path.GetDirectoryName(tokenizer)!);
        File.Copy(Path.Combine(Repository.BuiltinModel, "tokenizer", "spiece.model"), tokenizer);
        return this;
    }

    /// <summary>Adds a model folder that lies elsewhere, under a name.</summary>
    public PublishedModels Link(string name, string model)
    {
        Directory.CreateSymbolicLink(Path.Combine(Folder, name), model);
        return this;
    }

    /// <inheritdoc/>
    public void Dispose() => Directory.Delete(Folder, recursive: true);

    void Write(string name, IEnumerable<(string Name, Shape Shape)> tensors)
    {
        var header = new StringBuilder();
        long at = 0;
        foreach (var (tensor, shape) in tensors)
        {
            long end = at + (shape.Count * sizeof(ushort));
            header.Append(CultureInfo.InvariantCulture, $"{(at == 0 ? '{' : ',')}\"{tensor}\":{{\"dtype\":\"BF16\",\"shape\":[{string.Join(',', shape.ToArray())}],\"data_offsets\":[{at},{end}]}}");
            at = end;
        }

        byte[] json = Encoding.UTF8.GetBytes(header.Append('}').ToString());
        string path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = File.Create(path);
        file.Write(BitConverter.GetBytes((long)json.Length));
        file.Write(json);
        file.SetLength(sizeof(long) + json.Length + at);
    }
}
