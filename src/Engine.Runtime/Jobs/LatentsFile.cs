using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;
using Engine.Runtime.Media;

namespace Engine.Runtime.Jobs;

/// <summary>The latents of a clip, in a file beside it, so that the clip can be gone on from without decoding and encoding it again.</summary>
/// <remarks>
/// A safetensors file with one tensor, <c>latents</c> [C, T, h, w] in f32, normalised. Its header says which clip it belongs to (the
/// SHA-256 of the file), which VAE it is of, and at which frame of the clip the latents begin.
/// </remarks>
static class LatentsFile
{
    /// <summary>Added to a clip's name.</summary>
    public const string Ending = ".latents";

    const string Name = "latents";

    /// <summary>Where the latents of a clip are kept.</summary>
    public static string PathOf(string clip) => clip + Ending;

    /// <summary>Writes the latents of a clip that was just written.</summary>
    /// <param name="clip">The clip's file.</param>
    /// <param name="latents">[C, T, h, w], normalised.</param>
    /// <param name="model">The model, for its VAE.</param>
    /// <param name="start">First frame of the clip that was decoded from them.</param>
    /// <param name="dropped">Frames decoded before that one.</param>
    /// <param name="held">Latent frames to whose end the colours of extensions are held; 0 where there are none.</param>
    /// <exception cref="EngineException">It could not be written.</exception>
    public static void Write(string clip, Tensor latents, Checkpoint model, int start, int dropped, int held)
    {
        var header = new JsonObject
        {
            ["__metadata__"] = new JsonObject
            {
                ["clip_sha256"] = Hash(clip),
                ["vae"] = JobIdentity.Vae(model),
                ["start"] = start.ToString(CultureInfo.InvariantCulture),
                ["dropped"] = dropped.ToString(CultureInfo.InvariantCulture),
                ["held_to"] = held.ToString(CultureInfo.InvariantCulture),
            },
            [Name] = new JsonObject
            {
                ["dtype"] = "F32",
                ["shape"] = new JsonArray([.. latents.Shape.ToArray().Select(e => (JsonNode)e)]),
                ["data_offsets"] = new JsonArray(0, latents.Count * sizeof(float)),
            },
        };
        byte[] text = Encoding.UTF8.GetBytes(header.ToJsonString());
        var file = new byte[sizeof(long) + text.Length + (latents.Count * sizeof(float))];
        BinaryPrimitives.WriteInt64LittleEndian(file, text.Length);
        text.CopyTo(file.AsSpan(sizeof(long)));
        MemoryMarshal.AsBytes<float>(latents.ToArray()).CopyTo(file.AsSpan(sizeof(long) + text.Length));
        OutputFile.WriteAll(PathOf(clip), file);
    }

    /// <summary>Latents that belong to a clip as it is now, and to a model's VAE.</summary>
    /// <param name="clip">The clip's file.</param>
    /// <param name="model">The model.</param>
    /// <param name="why">Why there are none to be used, where there is a file; else null.</param>
    public static (int Start, int Dropped, int Held, Shape Shape)? Find(string clip, Checkpoint model, out string? why)
    {
        why = null;
        string path = PathOf(clip);
        if (!File.Exists(path) || !File.Exists(clip))
        {
            return null;
        }

        try
        {
            using var file = SafetensorsFile.Open(path);
            var info = file.Find(Name);
            if (info is null || info.Shape.Count != 4 || info.Type != DType.F32 || info.Shape.Any(e => e is < 1 or > (1 << 20))
                || !int.TryParse(file.Metadata.GetValueOrDefault("start"), CultureInfo.InvariantCulture, out int start)
                || !int.TryParse(file.Metadata.GetValueOrDefault("dropped"), CultureInfo.InvariantCulture, out int dropped)
                || !int.TryParse(file.Metadata.GetValueOrDefault("held_to", "0"), CultureInfo.InvariantCulture, out int held)
                || start < 0 || dropped < 0 || held < 0)
            {
                why = "it does not hold the latents of a clip";
            }
            else if (file.Metadata.GetValueOrDefault("clip_sha256") != Hash(clip))
            {
                why = "the clip was changed since";
            }
            else if (file.Metadata.GetValueOrDefault("vae") != JobIdentity.Vae(model))
            {
                why = "they are another VAE's";
            }
            else
            {
                return (start, dropped, held, Kernels.Shape.Create([.. info.Shape.Select(e => (int)e)]));
            }
        }
        catch (EngineException e)
        {
            why = e.Message.TrimEnd('.');
        }

        return null;
    }

    /// <summary>Reads latents; the caller owns the tensor.</summary>
    /// <param name="path">The file.</param>
    /// <param name="device">Where they go.</param>
    /// <exception cref="EngineException">The file is damaged.</exception>
    public static Tensor Read(string path, Device device)
    {
        using var file = SafetensorsFile.Open(path);
        var info = file.Find(Name) ?? throw new WeightFileException(path, "it does not hold the latents of a clip.");
        var values = new float[info.Bytes / sizeof(float)];
        file.Read(info, 0, MemoryMarshal.AsBytes(values.AsSpan()));
        var tensor = device.NewTensor(Kernels.Shape.Create([.. info.Shape.Select(e => (int)e)]));
        tensor.CopyFrom(values);
        return tensor;
    }

    static string Hash(string path)
    {
        try
        {
            using var file = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(file));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"Cannot read '{path}': {e.Message}", e);
        }
    }
}
