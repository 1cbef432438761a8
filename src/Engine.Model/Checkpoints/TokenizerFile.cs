using System.Text;
using Engine.Kernels;
using Engine.Model.Text;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Finds and reads tokenizers: a file of their own, or inside the file of a text encoder.</summary>
/// <remarks>
/// ComfyUI puts the SentencePiece model into a tensor of bytes called <c>spiece_model</c>; llama.cpp's GGUF files list the pieces in
/// their header under <c>tokenizer.ggml.</c>.
/// </remarks>
public static class TokenizerFile
{
    const string Tensor = "spiece_model";

    /// <summary>Reads a tokenizer.</summary>
    /// <param name="path">A <c>spiece.model</c>, or a weight file that has one inside.</param>
    /// <exception cref="EngineException">The file cannot be read, or has none.</exception>
    public static SentencePieceTokenizer Load(string path)
    {
        if (!WeightFiles.Endings.Any(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)))
        {
            return SentencePieceTokenizer.Load(path);
        }

        using var source = WeightFiles.Open(path);
        return SentencePieceTokenizer.Read(path, Inside(source) ?? throw new WeightFileException(path, "there is no tokenizer in this file; give its spiece.model."));
    }

    /// <summary>A tokenizer in a text encoder's file, beside it, or where a model's folder would have it; null for none.</summary>
    public static string? Near(string? textEncoder)
    {
        if (textEncoder is null)
        {
            return null;
        }

        using (var source = WeightFiles.Open(textEncoder))
        {
            if (Pieces(source) is not null || (source as GgufFile)?.Fields.ContainsKey("tokenizer.ggml.tokens") == true)
            {
                return textEncoder;
            }
        }

        string folder = Path.GetDirectoryName(Path.GetFullPath(textEncoder))!;
        string[] places = [Path.Combine(folder, "spiece.model"), Path.Combine(folder, "google", "umt5-xxl", "spiece.model"), Path.Combine(folder, "..", "tokenizer", "spiece.model")];
        return places.FirstOrDefault(File.Exists);
    }

    // In a file that holds a whole model it has a prefix like the rest.
    static TensorInfo? Pieces(IWeightSource source) =>
        source.Find(Tensor) ?? source.Tensors.FirstOrDefault(tensor => tensor.Name.EndsWith($".{Tensor}", StringComparison.Ordinal));

    static byte[]? Inside(IWeightSource source)
    {
        if (Pieces(source) is { } tensor)
        {
            var bytes = new byte[tensor.Bytes];
            source.Read(tensor, 0, bytes);
            return bytes;
        }

        return source is GgufFile gguf && gguf.Fields.ContainsKey("tokenizer.ggml.tokens") ? FromGguf(gguf) : null;
    }

    // The pieces written down again as a SentencePiece model; field numbers are those of sentencepiece_model.proto.
    static byte[] FromGguf(GgufFile file)
    {
        var fields = file.Fields;
        var tokens = List("tokenizer.ggml.tokens");
        var scores = List("tokenizer.ggml.scores");
        var types = List("tokenizer.ggml.token_type");
        if (scores.Count != tokens.Count || types.Count != tokens.Count)
        {
            throw new WeightFileException(file.Path, $"its tokenizer has {tokens.Count} pieces, {scores.Count} scores and {types.Count} types.");
        }

        using var model = new MemoryStream();
        bool bytes = false;
        for (int i = 0; i < tokens.Count; i++)
        {
            using var piece = new MemoryStream();
            Bytes(piece, 1, Encoding.UTF8.GetBytes((string)tokens[i]));
            Key(piece, 2, wire: 5);
            piece.Write(BitConverter.GetBytes(Convert.ToSingle(scores[i], null)));
            long type = Convert.ToInt64(types[i], null);
            Number(piece, 3, (ulong)type);
            bytes |= type == 6;
            Bytes(model, 1, piece.ToArray());
        }

        using var trainer = new MemoryStream();
        Number(trainer, 3, 1);
        Number(trainer, 35, bytes ? 1u : 0);
        Number(trainer, 40, Id("tokenizer.ggml.unknown_token_id", 2));
        Number(trainer, 42, Id("tokenizer.ggml.eos_token_id", 1));
        Bytes(model, 2, trainer.ToArray());
        using var normalizer = new MemoryStream();
        if (fields.TryGetValue("tokenizer.ggml.precompiled_charsmap", out object? map) && map is IReadOnlyList<object> { Count: > 0 } charsmap)
        {
            Bytes(normalizer, 2, [.. charsmap.Select(value => (byte)Convert.ToInt64(value, null))]);
        }

        Number(normalizer, 3, Flag("tokenizer.ggml.add_space_prefix"));
        Number(normalizer, 4, Flag("tokenizer.ggml.remove_extra_whitespaces"));
        Bytes(model, 3, normalizer.ToArray());
        return model.ToArray();

        IReadOnlyList<object> List(string key) => fields.TryGetValue(key, out object? value) && value is IReadOnlyList<object> list
            ? list
            : throw new WeightFileException(file.Path, $"its tokenizer has no {key}.");

        ulong Id(string key, ulong usual) => fields.TryGetValue(key, out object? value) && value is uint id ? id : usual;

        ulong Flag(string key) => fields.TryGetValue(key, out object? value) && value is false ? 0u : 1;
    }

    static void Key(MemoryStream to, uint field, uint wire) => Varint(to, (field << 3) | wire);

    static void Number(MemoryStream to, uint field, ulong value)
    {
        Key(to, field, wire: 0);
        Varint(to, value);
    }

    static void Bytes(MemoryStream to, uint field, byte[] bytes)
    {
        Key(to, field, wire: 2);
        Varint(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    static void Varint(MemoryStream to, ulong value)
    {
        for (; value > 127; value >>= 7)
        {
            to.WriteByte((byte)(value | 128));
        }

        to.WriteByte((byte)value);
    }
}
