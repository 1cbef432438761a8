using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Tells the sizes of a model from the names and shapes of its tensors alone.</summary>
/// <remarks>What no shape shows takes the value that every published Wan model has: heads are 128 wide (64 in UMT5, 80 in CLIP).</remarks>
static class ConfigInference
{
    const int TransformerHeadDim = 128;
    const int ClipHeadDim = 80;
    const int MaxPatch = 256;

    /// <summary>A transformer, from diffusers' names.</summary>
    /// <param name="table">Its tensors.</param>
    /// <param name="heads">Number of heads, where they are not 128 wide.</param>
    public static TransformerConfig Transformer(ShapeTable table, int? heads)
    {
        int width = table.Extent("patch_embedding.weight", 0);
        var patch = (T: Patch(2), H: Patch(3), W: Patch(4));
        int outputs = table.Extent("proj_out.weight", 0);
        int volume = patch.T * patch.H * patch.W;
        if (outputs % volume != 0)
        {
            throw new WeightFileException(table.Path, $"proj_out.weight has {outputs} rows, which is no multiple of the patch of {volume} values.");
        }

        const string image = "condition_embedder.image_embedder";
        bool takesImage = table.Has($"{image}.norm1.weight");
        int layers = table.Count("blocks");
        int control = table.Count("vace_blocks");
        return new TransformerConfig
        {
            InChannels = table.Extent("patch_embedding.weight", 1),
            OutChannels = outputs / volume,
            Heads = Heads(table, width, heads, TransformerHeadDim),
            HeadDim = width / Heads(table, width, heads, TransformerHeadDim),
            FfnDim = table.Extent("blocks.0.ffn.net.0.proj.weight", 0),
            Layers = layers,
            FreqDim = table.Extent("condition_embedder.time_embedder.linear_1.weight", 1),
            TextDim = table.Extent("condition_embedder.text_embedder.linear_1.weight", 1),
            ImageDim = takesImage ? table.Extent($"{image}.norm1.weight", 0) : null,
            AddedKvDim = table.Has("blocks.0.attn2.add_k_proj.weight") ? table.Extent("blocks.0.attn2.add_k_proj.weight", 1) : null,
            PosEmbedSeqLen = table.Has($"{image}.pos_embed") ? table.Extent($"{image}.pos_embed", 1) : null,
            Patch = patch,
            CrossAttnNorm = table.Has("blocks.0.norm2.weight"),

            // Control blocks stand at equal distances, the first at block 0.
            VaceLayers = control == 0 ? [] : [.. Enumerable.Range(0, control).Select(i => i * Math.Max(1, layers / control))],
            VaceInChannels = control == 0 ? 0 : table.Extent("vace_patch_embedding.weight", 1),
            CameraAdapter = Camera(table),
        };

        int Patch(int axis) => table.Extent("patch_embedding.weight", axis, MaxPatch);
    }

    static CameraAdapterConfig? Camera(ShapeTable table)
    {
        const string conv = "control_adapter.conv.weight";
        if (!table.Has(conv))
        {
            return null;
        }

        // The rays of four frames are 24 channels in every checkpoint; the rest is the block of pixels.
        int inputs = table.Extent(conv, 1);
        int side = (int)Math.Sqrt(inputs / CameraAdapterConfig.PublishedChannels);
        return side * side * CameraAdapterConfig.PublishedChannels == inputs
            ? new CameraAdapterConfig(Downscale: side, ResidualBlocks: table.Count("control_adapter.residual_blocks"))
            : throw new WeightFileException(table.Path, $"{conv} takes {inputs} channels, which are not {CameraAdapterConfig.PublishedChannels} of square blocks.");
    }

    /// <summary>A text encoder, from transformers' names.</summary>
    public static TextEncoderConfig TextEncoder(ShapeTable table)
    {
        const string attention = "encoder.block.0.layer.0.SelfAttention";
        int heads = table.Extent($"{attention}.relative_attention_bias.weight", 1);
        int inner = table.Extent($"{attention}.q.weight", 0);
        if (inner % heads != 0)
        {
            throw new WeightFileException(table.Path, $"{inner} attention channels do not divide among {heads} heads.");
        }

        return new TextEncoderConfig
        {
            DModel = table.Extent("shared.weight", 1),
            DFf = table.Extent("encoder.block.0.layer.1.DenseReluDense.wi_0.weight", 0),
            DKv = inner / heads,
            Heads = heads,
            Layers = table.Count("encoder.block"),
            VocabSize = table.Extent("shared.weight", 0),
            RelativeBuckets = table.Extent($"{attention}.relative_attention_bias.weight", 0),
        };
    }

    /// <summary>An image encoder, from transformers' names.</summary>
    /// <param name="table">Its tensors.</param>
    /// <param name="heads">Number of heads, where they are not 80 wide.</param>
    public static ImageEncoderConfig ImageEncoder(ShapeTable table, int? heads)
    {
        int width = table.Extent("embeddings.patch_embedding.weight", 0);
        int patch = table.Extent("embeddings.patch_embedding.weight", 2, MaxPatch);
        int patches = table.Extent("embeddings.position_embedding.weight", 0) - 1;
        int side = (int)Math.Sqrt(patches);
        if (side * side != patches)
        {
            throw new WeightFileException(table.Path, $"{patches} patch positions are not a square.");
        }

        return new ImageEncoderConfig
        {
            HiddenSize = width,
            IntermediateSize = table.Extent("encoder.layers.0.mlp.fc1.weight", 0),
            Layers = table.Count("encoder.layers"),
            Heads = Heads(table, width, heads, ClipHeadDim),
            ImageSize = side * patch,
            PatchSize = patch,
        };
    }

    /// <summary>A VAE, from diffusers' or official names.</summary>
    public static VaeConfig Vae(ShapeTable table)
    {
        var names = VaeNames.Of(table);
        int inputs = table.Extent(names.ConvIn, 1);
        int width = table.Extent(names.ConvIn, 0);
        int channels = table.Extent(names.PostQuant, 0);
        var (mults, blocks, temporal) = Levels(table, names, width);
        int patch = (int)Math.Sqrt(inputs / 3);
        if (inputs != 3 * patch * patch)
        {
            throw new WeightFileException(table.Path, $"the VAE takes {inputs} channels, which are not the 3 colours of square patches.");
        }

        var (mean, std) = channels switch
        {
            16 => (LatentStatistics.Mean21, LatentStatistics.Std21),
            48 => (LatentStatistics.Mean22, LatentStatistics.Std22),

            // No published VAE: the file says nothing about its latents' scale, so they are taken as they are.
            _ => (new float[channels], [.. Enumerable.Repeat(1f, channels)]),
        };
        return new VaeConfig
        {
            BaseDim = width,
            DecoderBaseDim = table.Extent(names.DecoderNormOut, 0) / mults[0],
            ZDim = channels,
            DimMult = mults,
            ResBlocks = blocks,
            TemporalDownsample = temporal,
            InChannels = inputs,
            OutChannels = table.Extent(names.DecoderConvOut, 0),
            PatchSize = patch,
            IsResidual = names.Nested,
            LatentsMean = mean,
            LatentsStd = std,
        };
    }

    // Walks down the encoder: residual blocks of one width, then a resampling, and the next level.
    static (int[] Mults, int Blocks, bool[] Temporal) Levels(ShapeTable table, VaeNames names, int width)
    {
        var mults = new List<int>();
        var temporal = new List<bool>();
        int blocks = 0;
        int flat = 0;
        for (int level = 0; ; level++)
        {
            int here = 0;
            int into = 0;
            while (table.Has(names.Conv(level, names.Nested ? here : flat)))
            {
                into = table.Extent(names.Conv(level, names.Nested ? here : flat), 0);
                here++;
                flat++;
            }

            blocks = level == 0 ? here : blocks;
            if (here == 0 || here != blocks || into % width != 0)
            {
                throw new WeightFileException(table.Path, $"the levels of the VAE's encoder are not regular: level {level} has {here} residual blocks of width {into}.");
            }

            mults.Add(into / width);
            int resample = names.Nested ? here : flat;
            if (!table.Has(names.Resample(level, resample)))
            {
                return ([.. mults], blocks, [.. temporal]);
            }

            temporal.Add(table.Has(names.TimeConv(level, resample)));
            flat++;
        }
    }

    static int Heads(ShapeTable table, int width, int? heads, int usual)
    {
        int count = heads ?? width / usual;
        return count > 0 && width % count == 0 && (heads is not null || width % usual == 0)
            ? count
            : throw new WeightFileException(
                table.Path, $"a width of {width} does not divide into {(heads is null ? $"heads of {usual}" : $"{heads} heads")}; give the number of heads.");
    }

    /// <summary>What a VAE's tensors are called in its file.</summary>
    sealed record VaeNames(bool Official, bool Nested)
    {
        public string ConvIn => Official ? "encoder.conv1.weight" : "encoder.conv_in.weight";

        public string PostQuant => Official ? "conv2.weight" : "post_quant_conv.weight";

        public string DecoderNormOut => Official ? "decoder.head.0.gamma" : "decoder.norm_out.gamma";

        public string DecoderConvOut => Official ? "decoder.head.2.weight" : "decoder.conv_out.weight";

        public static VaeNames Of(ShapeTable table) => new(
            Official: table.Has("encoder.conv1.weight"),
            Nested: table.Has("encoder.downsamples.0.downsamples.0.residual.2.weight") || table.Has("encoder.down_blocks.0.resnets.0.conv1.weight"));

        public string Conv(int level, int index) => (Official, Nested) switch
        {
            (true, true) => $"encoder.downsamples.{level}.downsamples.{index}.residual.2.weight",
            (true, false) => $"encoder.downsamples.{index}.residual.2.weight",
            (false, true) => $"encoder.down_blocks.{level}.resnets.{index}.conv1.weight",
            (false, false) => $"encoder.down_blocks.{index}.conv1.weight",
        };

        public string Resample(int level, int index) => $"{Sampler(level, index)}.resample.1.weight";

        public string TimeConv(int level, int index) => $"{Sampler(level, index)}.time_conv.weight";

        string Sampler(int level, int index) => (Official, Nested) switch
        {
            (true, true) => $"encoder.downsamples.{level}.downsamples.{index}",
            (true, false) => $"encoder.downsamples.{index}",
            (false, true) => $"encoder.down_blocks.{level}.downsampler",
            (false, false) => $"encoder.down_blocks.{index}",
        };
    }
}
