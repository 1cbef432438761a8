using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Engine.Testing;

/// <summary>Small diffusers folders with two transformers, made of one that has one: the second has other weights.</summary>
public static class ExpertFolders
{
    const string Weights = "diffusion_pytorch_model.safetensors";

    /// <summary>Makes a folder beside which the first model's parts are linked.</summary>
    /// <param name="folder">Where to; it is created.</param>
    /// <param name="model">A diffusers folder with one transformer in F32.</param>
    /// <param name="boundary">Share of the timesteps at and above which the first transformer runs.</param>
    /// <param name="changed">Which tensors the second has other values of, by name; null leaves it as the first.</param>
    /// <returns>The folder.</returns>
    public static string Make(string folder, string model, float boundary, Func<string, bool>? changed)
    {
        Directory.CreateDirectory(folder);
        foreach (string part in Directory.EnumerateDirectories(model))
        {
            Directory.CreateSymbolicLink(Path.Combine(folder, Path.GetFileName(part)), part);
        }

        var index = JsonNode.Parse(File.ReadAllText(Path.Combine(model, "model_index.json")))!.AsObject();
        index["transformer_2"] = index["transformer"]!.DeepClone();
        index["boundary_ratio"] = boundary;
        File.WriteAllText(Path.Combine(folder, "model_index.json"), index.ToJsonString());

        string first = Path.Combine(model, "transformer");
        string second = Path.Combine(folder, "transformer_2");
        Directory.CreateDirectory(second);
        File.Copy(Path.Combine(first, "config.json"), Path.Combine(second, "config.json"));
        byte[] bytes = File.ReadAllBytes(Path.Combine(first, Weights));
        Change(bytes, changed ?? (_ => false));
        File.WriteAllBytes(Path.Combine(second, Weights), bytes);
        return folder;
    }

    // Every value of those tensors by up to a tenth of itself.
    static void Change(byte[] file, Func<string, bool> changed)
    {
        int header = (int)BitConverter.ToInt64(file);
        using var json = JsonDocument.Parse(file.AsMemory(8, header));
        foreach (var tensor in json.RootElement.EnumerateObject().Where(t => t.Name != "__metadata__" && changed(t.Name)))
        {
            if (tensor.Value.GetProperty("dtype").GetString() != "F32")
            {
                throw new InvalidDataException($"{tensor.Name} is not F32.");
            }

            var offsets = tensor.Value.GetProperty("data_offsets");
            var values = MemoryMarshal.Cast<byte, float>(file.AsSpan((8 + header + offsets[0].GetInt32())..(8 + header + offsets[1].GetInt32())));
            for (int i = 0; i < values.Length; i++)
            {
                values[i] *= 1 + (0.1f * MathF.Sin(i + tensor.Name.Length));
            }
        }
    }
}
