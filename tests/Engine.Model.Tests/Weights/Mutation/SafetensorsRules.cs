using System.Buffers.Binary;
using System.Numerics;
using System.Text;
using System.Text.Json;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights.Mutation;

/// <summary>The format's rules once more, written another way: what the reader accepts must pass here too.</summary>
static class SafetensorsRules
{
    static int Bits(string type) => type switch
    {
        "F4" => 4,
        "F6_E2M3" or "F6_E3M2" => 6,
        "BOOL" or "U8" or "I8" or "F8_E5M2" or "F8_E4M3" or "F8_E8M0" => 8,
        "I16" or "U16" or "F16" or "BF16" => 16,
        "I32" or "U32" or "F32" => 32,
        "I64" or "U64" or "F64" or "C64" => 64,
        _ => throw new ArgumentException($"{type} is no type of the format.", nameof(type)),
    };

    public static void Check(byte[] file, IReadOnlyCollection<TensorInfo> tensors)
    {
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(file);
        Assert.InRange(length, 2u, 100_000_000u);
        string text = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(file, 8, (int)length);
        Assert.StartsWith("{", text);
        using var json = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
        var owner = new int[file.Length - 8 - (int)length];
        int count = 0;
        foreach (var entry in json.RootElement.EnumerateObject())
        {
            if (entry.Name == "__metadata__")
            {
                Assert.All(entry.Value.EnumerateObject(), pair => Assert.Equal(JsonValueKind.String, pair.Value.ValueKind));
                continue;
            }

            count++;
            Assert.Equal(["data_offsets", "dtype", "shape"], entry.Value.EnumerateObject().Select(field => field.Name).Order());
            var shape = entry.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            var offsets = entry.Value.GetProperty("data_offsets").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            string type = entry.Value.GetProperty("dtype").GetString()!;
            Assert.Equal(2, offsets.Length);
            Assert.All(shape, extent => Assert.True(extent >= 0));
            var bits = shape.Aggregate(new BigInteger(Bits(type)), (product, extent) => product * extent);
            Assert.Equal(bits, new BigInteger(8) * (offsets[1] - offsets[0]));
            var info = tensors.Single(t => t.Name == entry.Name);
            Assert.Equal((type, offsets[1] - offsets[0]), (info.Type.ToSafetensors(), info.Bytes));
            Assert.Equal(shape, info.Shape);
            Assert.InRange(offsets[0], 0, owner.Length);
            for (long i = offsets[0]; i < offsets[1]; i++)
            {
                owner[i]++;
            }
        }

        Assert.Equal(count, tensors.Count);
        Assert.All(owner, times => Assert.Equal(1, times));
    }
}
