using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;

namespace Engine.Runtime.Jobs;

/// <summary>What a clip depends on, field by field: the request, what its input files hold, the model and the instruction set.</summary>
/// <remarks>Two jobs with equal identities make bit-identical clips; a saved state goes on only under an equal one.</remarks>
sealed class JobIdentity
{
    // Enough to tell fine-tuned weights apart without reading tens of gigabytes.
    const int SampledTensors = 16;
    const int SampledBytes = 4096;

    JobIdentity(IReadOnlyList<(string Field, string Value)> fields) => Fields = fields;

    /// <summary>Names and values, in a fixed order.</summary>
    public IReadOnlyList<(string Field, string Value)> Fields { get; }

    /// <summary>Works out the identity of a job; reads input files and samples of the weights.</summary>
    public static JobIdentity Of(ResolvedRequest resolved, Checkpoint model, Device device)
    {
        var fields = new List<(string, string)>
        {
            ("model", Model(model)),
            ("instruction_set", device is CpuDevice cpu ? cpu.Isa.ToString() : device.Name),
        };
        var request = resolved.Request;
        var plain = request with
        {
            FirstFrame = null,
            LastFrame = null,
            Mask = null,
            Video = null,
            Control = null,
            Keyframes = null,
            References = null,
            Motion = request.Motion?.WithoutInputs(),
            Model = null,
            Device = null,
            Threads = null,
            MemoryLimit = null,
            Loras = null,
            Files = null,
        };
        using var json = JsonDocument.Parse(VideoRequestJson.Write(plain));
        foreach (var field in json.RootElement.EnumerateObject())
        {
            fields.Add((field.Name, field.Value.ToString()));
        }

        Add(fields, "first_frame", request.FirstFrame);
        Add(fields, "last_frame", request.LastFrame);
        Add(fields, "mask", request.Mask);
        foreach (var (i, lora) in (request.Loras ?? []).Index())
        {
            fields.Add(($"lora {i + 1}", FormattableString.Invariant($"{Hash(hash => File(hash, lora.Path))} {lora.Strength:R} {lora.Expert}")));
        }

        Add(fields, "video", request.Video);
        Add(fields, "control", request.Control);
        foreach (var (frame, image) in resolved.Keyframes)
        {
            Add(fields, $"keyframe_{frame}", image);
        }

        foreach (var (number, reference) in (request.References ?? []).Index())
        {
            Add(fields, $"reference_{number}", reference);
        }

        if (request.Motion is { } motion)
        {
            fields.AddRange(motion.Pictures().Select(p => (p.Field, Hash(hash => Picture(hash, p.Picture)))));
            fields.AddRange(motion.Clips().Select(c => (c.Field, Hash(hash => Clip(hash, c.Clip)))));
        }

        return new JobIdentity(fields);
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    public static JobIdentity Read(BinaryReader reader)
    {
        int count = reader.ReadInt32();
        if (count is < 0 or > 1000)
        {
            throw new InvalidDataException($"{count} fields");
        }

        var fields = new (string, string)[count];
        for (int i = 0; i < count; i++)
        {
            fields[i] = (reader.ReadString(), reader.ReadString());
        }

        return new JobIdentity(fields);
    }

    /// <summary>Writes every field.</summary>
    public void Write(BinaryWriter writer)
    {
        writer.Write(Fields.Count);
        foreach (var (field, value) in Fields)
        {
            writer.Write(field);
            writer.Write(value);
        }
    }

    /// <summary>Fields that differ, with this one's value and the other's ("" where one has none).</summary>
    public IEnumerable<(string Field, string Here, string There)> Differences(JobIdentity other)
    {
        var here = Fields.ToDictionary(f => f.Field, f => f.Value);
        var there = other.Fields.ToDictionary(f => f.Field, f => f.Value);
        return here.Keys.Union(there.Keys)
            .Select(f => (f, here.GetValueOrDefault(f, ""), there.GetValueOrDefault(f, "")))
            .Where(d => d.Item2 != d.Item3);
    }

    static void Add(List<(string, string)> fields, string name, PictureInput? picture)
    {
        if (picture is not null)
        {
            fields.Add((name, Hash(hash => Picture(hash, picture))));
        }
    }

    static void Add(List<(string, string)> fields, string name, ClipInput? clip)
    {
        if (clip is not null)
        {
            fields.Add((name, Hash(hash => Clip(hash, clip))));
        }
    }

    static void Picture(IncrementalHash hash, PictureInput picture)
    {
        if (picture.Path is { } path)
        {
            File(hash, path);
        }
        else
        {
            hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{picture.Width}x{picture.Height}")));
            hash.AppendData(picture.Rgb24.Span);
        }
    }

    static void Clip(IncrementalHash hash, ClipInput clip)
    {
        if (clip.Path is null)
        {
            foreach (var frame in clip.Frames)
            {
                Picture(hash, frame);
            }
        }
        else if (Directory.Exists(clip.Path))
        {
            foreach (string file in Directory.EnumerateFiles(clip.Path).Order(StringComparer.Ordinal))
            {
                File(hash, file);
            }
        }
        else
        {
            File(hash, clip.Path);
        }
    }

    static void File(IncrementalHash hash, string path)
    {
        try
        {
            using var file = System.IO.File.OpenRead(path);
            var buffer = new byte[1 << 16];
            int got;
            while ((got = file.Read(buffer)) > 0)
            {
                hash.AppendData(buffer, 0, got);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"Cannot read '{path}': {e.Message}", e);
        }
    }

    /// <summary>What tells a model's VAE from others: names, shapes and samples of its weights.</summary>
    public static string Vae(Checkpoint model) => Hash(hash =>
    {
        using var source = model.OpenVae();
        Weights(hash, source);
    });

    static string Model(Checkpoint model) => Hash(hash =>
    {
        var parts = new List<Func<IWeightSource>> { model.OpenTransformer, model.OpenTextEncoder, model.OpenVae };
        if (model.HasTransformer2)
        {
            parts.Add(model.OpenTransformer2);
        }

        if (model.ImageEncoder is not null)
        {
            parts.Add(model.OpenImageEncoder);
        }

        foreach (var open in parts)
        {
            using var source = open();
            Weights(hash, source);
        }
    });

    static void Weights(IncrementalHash hash, IWeightSource source)
    {
        var tensors = source.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal).ToArray();
        foreach (var tensor in tensors)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{tensor.Name} {tensor.Type} [{string.Join(',', tensor.Shape)}]\n"));
        }

        Span<byte> sample = stackalloc byte[SampledBytes];
        for (int i = 0; i < Math.Min(SampledTensors, tensors.Length); i++)
        {
            var tensor = tensors[(long)i * tensors.Length / Math.Min(SampledTensors, tensors.Length)];
            var part = sample[..(int)Math.Min(SampledBytes, tensor.Bytes)];
            source.Read(tensor, 0, part);
            hash.AppendData(part);
        }
    }

    static string Hash(Action<IncrementalHash> feed)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        feed(hash);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
