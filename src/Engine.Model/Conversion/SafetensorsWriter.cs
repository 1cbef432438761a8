using System.Text;
using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Conversion;

/// <summary>Writes a safetensors file tensor by tensor: the header first, then the bytes without gaps, in the header's order.</summary>
/// <remarks>Format: huggingface/safetensors, README. The header is padded with spaces so that the data begins at a multiple of 8.</remarks>
sealed class SafetensorsWriter : IWeightWriter
{
    readonly Stream _stream;

    /// <summary>Writes the header.</summary>
    /// <param name="stream">Where to; it stays the caller's.</param>
    /// <param name="tensors">Every tensor, in the order in which their bytes will come.</param>
    /// <param name="metadata">Free-form strings.</param>
    public SafetensorsWriter(Stream stream, IReadOnlyList<TensorInfo> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        _stream = stream;
        using var json = new MemoryStream();
        using (var writer = new Utf8JsonWriter(json))
        {
            writer.WriteStartObject();
            writer.WriteStartObject("__metadata__");
            foreach (var (key, value) in metadata)
            {
                writer.WriteString(key, value);
            }

            writer.WriteEndObject();
            long at = 0;
            foreach (var tensor in tensors)
            {
                writer.WriteStartObject(tensor.Name);
                writer.WriteString("dtype", tensor.Type.ToSafetensors());
                writer.WriteStartArray("shape");
                foreach (long extent in tensor.Shape)
                {
                    writer.WriteNumberValue(extent);
                }

                writer.WriteEndArray();
                writer.WriteStartArray("data_offsets");
                writer.WriteNumberValue(at);
                writer.WriteNumberValue(at += tensor.Bytes);
                writer.WriteEndArray();
                writer.WriteEndObject();
            }

            writer.WriteEndObject();
        }

        byte[] padding = Encoding.ASCII.GetBytes(new string(' ', (int)((8 - (json.Length % 8)) % 8)));
        stream.Write(BitConverter.GetBytes((ulong)(json.Length + padding.Length)));
        json.WriteTo(stream);
        stream.Write(padding);
    }

    /// <inheritdoc/>
    public void Begin(TensorInfo tensor)
    {
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    /// <inheritdoc/>
    public void End()
    {
    }
}

/// <summary>Takes the tensors of a file in the order that was announced.</summary>
interface IWeightWriter
{
    /// <summary>The next tensor begins.</summary>
    void Begin(TensorInfo tensor);

    /// <summary>Some of its bytes, in order.</summary>
    void Write(ReadOnlySpan<byte> bytes);

    /// <summary>All of its bytes were written.</summary>
    void End();
}
