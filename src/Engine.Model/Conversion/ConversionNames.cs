using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text.SentencePiece;
using Engine.Model.Weights;

namespace Engine.Model.Conversion;

/// <summary>What tensors are called in the files that are written.</summary>
static class ConversionNames
{
    /// <summary>How a canonical name is written.</summary>
    /// <param name="source">The part, in canonical names.</param>
    /// <param name="part">What it is.</param>
    /// <param name="gguf">For a GGUF file.</param>
    /// <param name="diffusers">Keep diffusers' names.</param>
    public static Func<string, string> Of(IWeightSource source, ModelPart part, bool gguf, bool diffusers) => part switch
    {
        ModelPart.TextEncoder when gguf => name => LlamaNames.Map.Official(name).Name,
        ModelPart.Transformer when !diffusers => name => OfficialNames.Transformer.Official(name).Name,
        ModelPart.Vae when !diffusers => Vae(source),
        _ => name => name,
    };

    static Func<string, string> Vae(IWeightSource source)
    {
        var map = OfficialNames.Vae(ConfigInference.Vae(new ShapeTable(source.Path, source.Tensors)));
        return name => map.Official(name).Name;
    }
}

/// <summary>The header of the GGUF files that are written.</summary>
static class GgufFields
{
    /// <summary>Architecture, file type, a transformer's heads where they are known and, for a text encoder, the tokenizer.</summary>
    public static IReadOnlyList<(string Key, object Value)> Of(ModelPart part, DType type, string? tokenizer, int? heads)
    {
        var fields = new List<(string, object)>
        {
            ("general.architecture", part == ModelPart.TextEncoder ? "t5encoder" : "wan"),
            ("general.quantization_version", 2u),
            ("general.file_type", FileType(type)),
        };
        if (heads is { } count)
        {
            fields.Add((HeadCount.GgufKey, (uint)count));
        }

        if (part == ModelPart.TextEncoder && tokenizer is not null)
        {
            var model = SentencePieceModel.Load(tokenizer);
            fields.AddRange(
            [
                ("tokenizer.ggml.model", "t5"),
                ("tokenizer.ggml.tokens", (IReadOnlyList<string>)[.. model.Pieces.Select(piece => piece.Text)]),
                ("tokenizer.ggml.scores", (IReadOnlyList<float>)[.. model.Pieces.Select(piece => piece.Score)]),
                ("tokenizer.ggml.token_type", (IReadOnlyList<int>)[.. model.Pieces.Select(piece => (int)piece.Type)]),
                ("tokenizer.ggml.add_space_prefix", model.AddDummyPrefix),
                ("tokenizer.ggml.remove_extra_whitespaces", model.RemoveExtraWhitespaces),
                ("tokenizer.ggml.precompiled_charsmap", (IReadOnlyList<byte>)model.Charsmap),
                ("tokenizer.ggml.eos_token_id", (uint)model.EndId),
                ("tokenizer.ggml.unknown_token_id", (uint)model.UnknownId),
                ("tokenizer.ggml.padding_token_id", 0u),
            ]);
        }

        return fields;
    }

    // llama.cpp's numbers of file types (enum llama_ftype).
    static uint FileType(DType type) => type switch
    {
        DType.F32 => 0,
        DType.F16 => 1,
        DType.Q4_0 => 2,
        DType.Q4_1 => 3,
        DType.Q8_0 => 7,
        DType.Q5_0 => 8,
        DType.Q5_1 => 9,
        DType.Q2_K => 10,
        DType.Q3_K => 12,
        DType.Q4_K => 15,
        DType.Q5_K => 17,
        DType.Q6_K => 18,
        DType.BF16 => 32,
        _ => 0,
    };
}
