using System.Text;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Conversion;

/// <summary>Writes a GGUF file, version 3, tensor by tensor: key/value pairs, descriptions, then data at multiples of 32 bytes.</summary>
/// <remarks>
/// Format: ggml-org/ggml <c>docs/gguf.md</c>. Shapes have the innermost extent first. The patch embedding keeps its five axes, as the
/// readers of such files (ComfyUI-GGUF and stable-diffusion.cpp) take it; ggml's own loader stops at four axes. Values were held against
/// ggml's own expansion of every type, and headers against @huggingface/gguf.
/// </remarks>
sealed class GgufWriter : IWeightWriter
{
    const int Alignment = 32;

    readonly Stream _stream;
    long _written;

    /// <summary>Writes everything but the data.</summary>
    /// <param name="stream">Where to; it stays the caller's.</param>
    /// <param name="tensors">Every tensor, in the order in which their bytes will come.</param>
    /// <param name="fields">Key/value pairs: strings, uint, int, float, bool, or lists of strings, ints, floats or bytes.</param>
    public GgufWriter(Stream stream, IReadOnlyList<TensorInfo> tensors, IReadOnlyList<(string Key, object Value)> fields)
    {
        _stream = stream;
        using var header = new MemoryStream();
        using var writer = new BinaryWriter(header);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write((ulong)tensors.Count);
        writer.Write((ulong)fields.Count);
        foreach (var (key, value) in fields)
        {
            Text(writer, key);
            Value(writer, value);
        }

        long at = 0;
        foreach (var tensor in tensors)
        {
            Text(writer, tensor.Name);
            writer.Write((uint)tensor.Shape.Count);
            foreach (long extent in tensor.Shape.Reverse())
            {
                writer.Write((ulong)extent);
            }

            writer.Write(Number(tensor.Type));
            writer.Write((ulong)at);
            at = Aligned(at + tensor.Bytes);
        }

        writer.Flush();
        header.WriteTo(stream);
        Pad(header.Length);
    }

    /// <inheritdoc/>
    public void Begin(TensorInfo tensor) => _written = 0;

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes)
    {
        _stream.Write(bytes);
        _written += bytes.Length;
    }

    /// <inheritdoc/>
    public void End() => Pad(_written);

    void Pad(long written) => _stream.Write(new byte[Aligned(written) - written]);

    static long Aligned(long at) => (at + Alignment - 1) / Alignment * Alignment;

    /// <summary>The number that the format has for a type.</summary>
    /// <exception cref="EngineException">It has none.</exception>
    public static uint Number(DType type) => type switch
    {
        DType.F32 => 0,
        DType.F16 => 1,
        DType.Q4_0 => 2,
        DType.Q4_1 => 3,
        DType.Q5_0 => 6,
        DType.Q5_1 => 7,
        DType.Q8_0 => 8,
        DType.Q2_K => 10,
        DType.Q3_K => 11,
        DType.Q4_K => 12,
        DType.Q5_K => 13,
        DType.Q6_K => 14,
        DType.BF16 => 30,
        _ => throw new EngineException(ErrorKind.BadRequest, $"GGUF files hold no {type}; name a safetensors file, or choose another type."),
    };

    static void Text(BinaryWriter writer, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        writer.Write((ulong)bytes.Length);
        writer.Write(bytes);
    }

    static void Value(BinaryWriter writer, object value)
    {
        switch (value)
        {
            case uint number: writer.Write(4u); writer.Write(number); break;
            case int number: writer.Write(5u); writer.Write(number); break;
            case float number: writer.Write(6u); writer.Write(number); break;
            case bool flag: writer.Write(7u); writer.Write((byte)(flag ? 1 : 0)); break;
            case string text: writer.Write(8u); Text(writer, text); break;
            case IReadOnlyList<string> texts: List(8, texts, t => Text(writer, t)); break;
            case IReadOnlyList<float> numbers: List(6, numbers, writer.Write); break;
            case IReadOnlyList<int> numbers: List(5, numbers, writer.Write); break;
            case IReadOnlyList<byte> bytes: List(0, bytes, writer.Write); break;
            default: throw new ArgumentException($"{value.GetType()} is no value of a GGUF file.", nameof(value));
        }

        void List<T>(uint type, IReadOnlyList<T> list, Action<T> write)
        {
            writer.Write(9u);
            writer.Write(type);
            writer.Write((ulong)list.Count);
            foreach (var entry in list)
            {
                write(entry);
            }
        }
    }
}
