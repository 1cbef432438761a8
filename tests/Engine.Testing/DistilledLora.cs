using System.Runtime.InteropServices;
using System.Text.Json;

namespace Engine.Testing;

/// <summary>
/// A LoRA for a small transformer in the form in which those that distil to few steps are published: Wan's own names below
/// <c>diffusion_model.</c>, bf16 factors for every matrix of the blocks, and a bf16 alpha for each. Values are random.
/// </summary>
public sealed class DistilledLora
{
    // Wan's own names, and diffusers'.
    static readonly (string Official, string Diffusers)[] s_layers =
    [
        .. from pair in new[] { ("self_attn", "attn1"), ("cross_attn", "attn2") }
           from layer in new[] { ("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("o", "to_out.0") }
           select ($"{pair.Item1}.{layer.Item1}", $"{pair.Item2}.{layer.Item2}"),
        ("ffn.0", "ffn.net.0.proj"),
        ("ffn.2", "ffn.net.2"),
    ];

    readonly Dictionary<string, (string Official, float[] Up, float[] Down, int Columns)> _layers = [];
    readonly int _rank;
    readonly float _alpha;

    /// <summary>Makes one up.</summary>
    /// <param name="folder">A diffusers transformer folder in F32.</param>
    /// <param name="rank">Rank; the alpha is half of it.</param>
    /// <param name="seed">Of the values.</param>
    public DistilledLora(string folder, int rank, int seed)
    {
        _rank = rank;
        _alpha = rank / 2f;
        var random = new Random(seed);
        byte[] file = File.ReadAllBytes(Weights(folder));
        foreach (var (name, _, shape) in Tensors(file))
        {
            string[] parts = name.Split('.', 3);
            if (parts[0] == "blocks" && s_layers.FirstOrDefault(l => parts[2] == $"{l.Diffusers}.weight") is { Official: { } official })
            {
                _layers[name] = ($"diffusion_model.blocks.{parts[1]}.{official}", Values(shape[0] * rank, 0.4 / Math.Sqrt(rank)), Values(rank * shape[1], 1 / Math.Sqrt(shape[1])), shape[1]);
            }
        }

        // Cut to what bf16 holds.
        float[] Values(int count, double scale) =>
            [.. Enumerable.Range(0, count).Select(_ => BitConverter.UInt32BitsToSingle(BitConverter.SingleToUInt32Bits((float)(((random.NextDouble() * 2) - 1) * scale * Math.Sqrt(3))) & 0xFFFF0000))];
    }

    /// <summary>Matrices that it changes.</summary>
    public int Count => _layers.Count;

    /// <summary>Writes the file.</summary>
    public string Write(string path)
    {
        var file = new RandomLora(0);
        foreach (var (official, up, down, columns) in _layers.Values)
        {
            file.Bytes($"{official}.lora_down.weight", "BF16", [_rank, columns], Narrow(down))
                .Bytes($"{official}.lora_up.weight", "BF16", [up.Length / _rank, _rank], Narrow(up))
                .Bytes($"{official}.alpha", "BF16", [], Narrow([_alpha]));
        }

        return file.Write(path);
    }

    /// <summary>Adds strength x alpha / rank x up x down to the weights of a folder, sums in double.</summary>
    public void MergeInto(string folder, double strength)
    {
        byte[] file = File.ReadAllBytes(Weights(folder));
        foreach (var (name, bytes, _) in Tensors(file))
        {
            if (_layers.TryGetValue(name, out var layer))
            {
                var values = MemoryMarshal.Cast<byte, float>(file.AsSpan(bytes));
                for (int i = 0; i < values.Length; i++)
                {
                    double sum = 0;
                    for (int r = 0; r < _rank; r++)
                    {
                        sum += (double)layer.Up[(i / layer.Columns * _rank) + r] * layer.Down[(r * layer.Columns) + (i % layer.Columns)];
                    }

                    values[i] = (float)(values[i] + (strength * _alpha / _rank * sum));
                }
            }
        }

        File.WriteAllBytes(Weights(folder), file);
    }

    static string Weights(string folder) => Path.Combine(folder, "diffusion_pytorch_model.safetensors");

    static byte[] Narrow(float[] values) => [.. values.SelectMany(v => BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(v) >> 16)))];

    static List<(string Name, Range Bytes, int[] Shape)> Tensors(byte[] file)
    {
        int header = (int)BitConverter.ToInt64(file);
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        var tensors = new List<(string, Range, int[])>();
        foreach (var tensor in json.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__"))
        {
            var offsets = tensor.Value.GetProperty("data_offsets");
            string type = tensor.Value.GetProperty("dtype").GetString()!;
            tensors.Add(type == "F32"
                ? (tensor.Name, (8 + header + offsets[0].GetInt32())..(8 + header + offsets[1].GetInt32()), [.. tensor.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())])
                : throw new InvalidDataException($"{tensor.Name} is {type}, not F32."));
        }

        return tensors;
    }
}
