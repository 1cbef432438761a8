using System.Globalization;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>The number of a transformer's heads, which no shape shows: the file itself may say it, or the configuration beside it.</summary>
/// <remarks>Published models have heads of 128 and need neither.</remarks>
static class HeadCount
{
    /// <summary>Key in the header of a GGUF file, named as llama.cpp names it for its architectures.</summary>
    public const string GgufKey = "wan.attention.head_count";

    /// <summary>Key in the metadata of a safetensors file, and in diffusers' configuration.</summary>
    public const string MetadataKey = "num_attention_heads";

    const string OfficialKey = "num_heads";
    const int UsualHeadDim = 128;

    /// <summary>What the file at a path says, or what is said beside it of a model that has no heads of the usual width; null for neither.</summary>
    /// <exception cref="WeightFileException">The file or the configuration is damaged.</exception>
    public static int? Of(string path)
    {
        using var source = WeightFiles.Open(path);
        return Inside(source) ?? Beside(path, source);
    }

    static int? Inside(IWeightSource source) => source switch
    {
        GgufFile gguf when gguf.Fields.TryGetValue(GgufKey, out object? value) && value is IConvertible => Number(Convert.ToString(value, CultureInfo.InvariantCulture)),
        SafetensorsFile file => Number(file.Metadata.GetValueOrDefault(MetadataKey)),
        _ => null,
    };

    // A folder may hold files of several models, and then the configuration is of one of them only: it is asked last, and has to fit.
    static int? Beside(string path, IWeightSource source)
    {
        string config = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(path))!, "config.json");
        var detected = PartDetector.All(source.Tensors).FirstOrDefault(d => d.Part == ModelPart.Transformer);
        if (detected is null || !File.Exists(config) || source.Find($"{detected.Prefix}patch_embedding.weight") is not { Shape: [var width, ..] } || width % UsualHeadDim == 0)
        {
            return null;
        }

        using var reader = ConfigReader.Open(config);
        return (reader.OptionalInt(MetadataKey) ?? reader.OptionalInt(OfficialKey)) is { } heads && width % heads == 0 ? heads : null;
    }

    static int? Number(string? text) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0 ? number : null;
}
