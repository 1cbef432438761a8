using System.Buffers;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;

namespace Engine.Model.Conversion;

/// <summary>What a conversion made.</summary>
/// <param name="Part">What the file is: transformer, VAE, text encoder, image encoder.</param>
/// <param name="Types">Tensors and bytes of each type that was written.</param>
public sealed record ConversionResult(ModelPart Part, IReadOnlyList<(DType Type, int Tensors, long Bytes)> Types);

/// <summary>Rewrites a weight file in another format and precision.</summary>
/// <remarks>
/// Transformers and VAEs are written in Wan's own names and encoders in transformers' names, which is what the programs that read
/// such files look for; text encoders in GGUF have llama.cpp's names. 8-bit floats are written with one factor a matrix
/// (<c>.scale_weight</c>), as ComfyUI has them. Tensors pass through in pieces, so that memory does not grow with the model.
/// </remarks>
public static class WeightConverter
{
    // Values in flight: 4 Mi of f32.
    const int ChunkValues = 4 << 20;

    // A piece of work for one thread; a multiple of every block.
    const int SliceValues = 64 << 10;

    /// <summary>Types that can be written.</summary>
    public static IReadOnlyList<DType> Types { get; } =
    [
        DType.F32, DType.BF16, DType.F16, DType.F8E4M3, DType.F8E5M2, DType.Q8_0, DType.Q6_K, DType.Q5_K, DType.Q5_1, DType.Q5_0, DType.Q4_K, DType.Q4_1, DType.Q4_0, DType.Q3_K, DType.Q2_K,
    ];

    /// <summary>Converts one part of a model.</summary>
    /// <param name="part">Where it is.</param>
    /// <param name="stream">Where to write, from its start; it stays the caller's.</param>
    /// <param name="gguf">GGUF rather than safetensors.</param>
    /// <param name="type">Precision of the matrices (<see cref="WeightConversion.TypeOf"/>).</param>
    /// <param name="diffusersNames">Keep diffusers' names instead of Wan's own.</param>
    /// <param name="tokenizer">SentencePiece model that a text encoder in GGUF carries with it, or null.</param>
    /// <param name="progress">Told the share that is done, 0 to 1.</param>
    /// <param name="cancel">Stops within a piece.</param>
    /// <exception cref="EngineException">The file cannot be read, or the format does not hold such tensors.</exception>
    public static ConversionResult Convert(
        CheckpointPart part, Stream stream, bool gguf, DType type, bool diffusersNames, string? tokenizer, Action<double>? progress, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(part);
        if (!gguf && type.IsBlockType())
        {
            throw new EngineException(ErrorKind.BadRequest, $"Safetensors files hold no {type}; name a .gguf file, or choose another type.");
        }

        if (part.Kind == ModelPart.Vae && (type.IsBlockType() || type is DType.F8E4M3 or DType.F8E5M2))
        {
            throw new EngineException(ErrorKind.BadRequest, $"A VAE's convolutions are kept in F32, BF16 or F16, not in {type}: it is small, and its errors show.");
        }

        using var source = part.Open();
        int? heads = part.Kind == ModelPart.Transformer ? HeadCount.Of(part.Path) : null;
        var metadata = new Dictionary<string, string> { ["format"] = "pt" };
        if (heads is { } count)
        {
            metadata[HeadCount.MetadataKey] = count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        }

        var plan = Plan(source, part.Kind, gguf, type, diffusersNames);
        IWeightWriter writer = gguf
            ? new GgufWriter(stream, plan.ConvertAll(entry => entry.Written), GgufFields.Of(part.Kind, type, tokenizer, heads))
            : new SafetensorsWriter(stream, plan.ConvertAll(entry => entry.Written), metadata);
        long total = Math.Max(1, plan.Sum(entry => entry.Written.Bytes));
        long done = 0;
        float[] values = ArrayPool<float>.Shared.Rent(ChunkValues);
        byte[] bytes = ArrayPool<byte>.Shared.Rent(ChunkValues * sizeof(double));
        try
        {
            foreach (var entry in plan)
            {
                writer.Begin(entry.Written);
                entry.Write(source, writer, values, bytes, cancel);
                writer.End();
                done += entry.Written.Bytes;
                progress?.Invoke((double)done / total);
            }
        }
        finally
        {
            ArrayPool<float>.Shared.Return(values);
            ArrayPool<byte>.Shared.Return(bytes);
        }

        return new ConversionResult(
            part.Kind, [.. plan.GroupBy(e => e.Written.Type).Select(g => (g.Key, g.Count(), g.Sum(e => e.Written.Bytes))).OrderByDescending(t => t.Item3)]);
    }

    static List<Entry> Plan(IWeightSource source, ModelPart part, bool gguf, DType type, bool diffusersNames)
    {
        var map = ConversionNames.Of(source, part, gguf, diffusersNames);
        var plan = new List<Entry>();
        bool scaled = false;
        foreach (var tensor in source.Tensors.Where(t => !WeightScales.IsCompanion(t.Name)))
        {
            var target = WeightConversion.TypeOf(tensor, type);

            // Readers of GGUF take vectors, tables and what has more than two axes in f32.
            if (gguf && (tensor.Shape.Count(extent => extent > 1) < 2 || tensor.Shape.Count > 2))
            {
                target = DType.F32;
            }

            string name = map(tensor.Name);
            long count = tensor.Shape.Aggregate(1L, (product, extent) => product * extent);
            var scale = WeightScales.Find(source, tensor);
            float factor = scale is null ? 1 : WeightReader.One(source, scale);
            var written = new TensorInfo(name, target, tensor.Shape, target.Bytes(count));
            bool eight = target is DType.F8E4M3 or DType.F8E5M2;
            var entry = new Entry(tensor, written, count, factor, eight);
            plan.Add(entry);
            if (eight)
            {
                scaled = true;
                plan.Add(entry.ScaleEntry());
            }
        }

        if (scaled && part == ModelPart.Transformer)
        {
            // The mark by which ComfyUI knows that there are factors.
            plan.Add(new Entry(null, new TensorInfo("scaled_fp8", type, [0], 0), 0, 1, false));
        }

        return plan;
    }

    /// <summary>One tensor on its way.</summary>
    sealed record Entry(TensorInfo? Stored, TensorInfo Written, long Count, float Factor, bool Scaled)
    {
        float? _scale;

        Entry? Of { get; init; }

        public Entry ScaleEntry() => new(
            Stored, new TensorInfo($"{Written.Name[..^".weight".Length]}.scale_weight", DType.F32, [], sizeof(float)), 1, 1, false)
        { Of = this };

        public void Write(IWeightSource source, IWeightWriter writer, float[] values, byte[] bytes, CancellationToken cancel)
        {
            if (Of is { } weight)
            {
                writer.Write(BitConverter.GetBytes(weight._scale ?? 1));
                return;
            }

            if (Stored is null || Count == 0)
            {
                return;
            }

            if (Scaled)
            {
                float largest = 0;
                Walk(source, values, bytes, part => largest = Math.Max(largest, System.Numerics.Tensors.TensorPrimitives.MaxMagnitude(part)), cancel);
                float most = Written.Type == DType.F8E4M3 ? Narrowing.LargestE4M3 : Narrowing.LargestE5M2;
                _scale = MathF.Abs(largest) == 0 ? 1 : MathF.Abs(largest) / most;
            }

            if (Stored.Type == Written.Type && Factor == 1 && !Scaled)
            {
                Copy(source, writer, bytes, cancel);
                return;
            }

            float inverse = 1 / (_scale ?? 1);
            var narrowed = new byte[Written.Type.Bytes(ChunkValues)];
            Walk(source, values, bytes, part =>
            {
                int length = part.Length;
                var memory = values.AsMemory(0, length);
                int size = checked((int)Written.Type.Bytes(length));
                Parallel.For(0, (length + SliceValues - 1) / SliceValues, slice =>
                {
                    int start = slice * SliceValues;
                    int now = Math.Min(SliceValues, length - start);
                    var x = memory.Span.Slice(start, now);
                    if (inverse != 1)
                    {
                        System.Numerics.Tensors.TensorPrimitives.Multiply(x, inverse, x);
                    }

                    Narrowing.Run(Written.Type, x, narrowed.AsSpan((int)Written.Type.Bytes(start), (int)Written.Type.Bytes(now)));
                });
                writer.Write(narrowed.AsSpan(0, size));
            }, cancel);
        }

        // Widened values, a piece at a time; pieces are whole blocks of both types.
        void Walk(IWeightSource source, float[] values, byte[] bytes, SpanAction use, CancellationToken cancel)
        {
            for (long at = 0; at < Count; at += ChunkValues)
            {
                cancel.ThrowIfCancellationRequested();
                int now = (int)Math.Min(ChunkValues, Count - at);
                var stored = bytes.AsSpan(0, checked((int)Stored!.Type.Bytes(now)));
                source.Read(Stored, Stored.Type.Bytes(at), stored);
                var part = values.AsSpan(0, now);
                WeightReader.Widen(Stored.Type, stored, part);
                if (Factor != 1)
                {
                    System.Numerics.Tensors.TensorPrimitives.Multiply(part, Factor, part);
                }

                use(part);
            }
        }

        void Copy(IWeightSource source, IWeightWriter writer, byte[] bytes, CancellationToken cancel)
        {
            for (long at = 0; at < Stored!.Bytes;)
            {
                cancel.ThrowIfCancellationRequested();
                int now = (int)Math.Min(bytes.Length, Stored.Bytes - at);
                source.Read(Stored, at, bytes.AsSpan(0, now));
                writer.Write(bytes.AsSpan(0, now));
                at += now;
            }
        }

        delegate void SpanAction(Span<float> part);
    }
}
