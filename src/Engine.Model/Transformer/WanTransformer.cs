using Engine.Kernels;
using Engine.Model.Lora;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>The diffusion transformer: a noisy latent, its timesteps and a prompt in, the velocity out.</summary>
/// <remarks>
/// Port of WanTransformer3DModel, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Tokens [L, C] are patches of the latent in the order t, h, w.
/// Differs from upstream: no batch axis; guidance's two forwards may share every pass over the weights
/// (<see cref="ForwardPair"/>). Not thread-safe; a forward allocates nothing once its workspace has grown.
/// With <see cref="TransformerConfig.VaceLayers"/> it is WanVACETransformer3DModel, transformer_wan_vace.py of the same commit;
/// see <see cref="ControlBranch"/>.
/// </remarks>
public sealed class WanTransformer : IDisposable
{
    // Length of the text context of every published checkpoint, and a constant in upstream's attention.
    const int TextContextLength = 512;

    readonly WanRotaryPosEmbed _rope;
    readonly Projection _patchEmbedding;
    readonly Projection? _vacePatchEmbedding;
    readonly WanTimeTextImageEmbedding _conditionEmbedder;
    readonly TransformerBlocks _blocks;
    readonly IReadOnlyList<BlockPlace> _order;
    readonly ControlBranch _control = new();
    readonly CameraAdapter? _cameraAdapter;
    readonly Projection _projOut;
    readonly Tensor _scaleShiftTable;

    WanTransformer(WeightScope at, TransformerConfig config, Device device, TransformerBlocks blocks)
    {
        Config = config;
        Device = device;
        int width = config.Width;
        var (t, h, w) = config.Patch;
        _rope = new WanRotaryPosEmbed(device, config.HeadDim, config.RopeMaxSeqLen);
        _patchEmbedding = Projection.Load(at["patch_embedding"], [width, config.InChannels, t, h, w]);
        if (config.VaceLayers.Count > 0)
        {
            _vacePatchEmbedding = Projection.Load(at["vace_patch_embedding"], [width, config.VaceInChannels, t, h, w]);
        }

        _conditionEmbedder = WanTimeTextImageEmbedding.Load(at["condition_embedder"], config);
        _blocks = blocks;
        _order = config.BlockOrder;
        _cameraAdapter = config.CameraAdapter is null ? null : CameraAdapter.Load(at["control_adapter"], config);
        _projOut = Projection.Load(at["proj_out"], config.OutChannels * t * h * w, width);
        _scaleShiftTable = at.Vector("scale_shift_table", [1, 2, width]);
    }

    /// <summary>Sizes of the model.</summary>
    public TransformerConfig Config { get; }

    /// <summary>Where the model runs.</summary>
    public Device Device { get; }

    /// <summary>What reading blocks from the checkpoint has taken so far; nothing where they are in memory.</summary>
    public BlockReading Reading => _blocks.Reading;

    /// <summary>Reads the weights below a prefix; the store's <see cref="WeightStore.Complete()"/> then says what did not fit.</summary>
    /// <exception cref="EngineException">The configuration is not one of this model.</exception>
    public static WanTransformer Load(WeightScope at, TransformerConfig config, Device device)
    {
        config.Validate();
        return new WanTransformer(at, config, device, new ResidentBlocks(at, config));
    }

    /// <summary>Checks a whole checkpoint, then reads it, with LoRAs merged into it or kept beside it.</summary>
    /// <param name="source">The checkpoint; it stays the caller's to dispose.</param>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="device">Where the model runs.</param>
    /// <param name="loras">What is added to the weights, or null; needed no longer once this returns.</param>
    /// <param name="cancel">Stops within one matrix and frees what was read.</param>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    /// <exception cref="EngineException">The configuration is not one of this model.</exception>
    public static WanTransformer Load(IWeightSource source, TransformerConfig config, Device device, LoraSet? loras = null, CancellationToken cancel = default)
    {
        // Reading takes a minute for big models; a checkpoint of another size is refused at once.
        WeightStore.Require(source, loras, (at, dry) => Load(at, config, dry).Dispose());
        var store = new WeightStore(source, device, loras) { Cancel = cancel };
        try
        {
            var transformer = Load(store.Root, config, device);
            store.Complete();
            return transformer;
        }
        catch
        {
            store.Release();
            throw;
        }
    }

    /// <summary>Checks a whole checkpoint but reads only what is outside the blocks; each forward then reads block after block.</summary>
    /// <remarks>For models that do not fit in memory. Two blocks are in memory: one that computes, and the next one, which is read meanwhile.</remarks>
    /// <param name="source">The checkpoint; the transformer disposes it, also when this method throws.</param>
    /// <param name="config">Sizes of the model.</param>
    /// <param name="device">Where the model runs.</param>
    /// <param name="loras">What is added to the weights, or null; the transformer disposes them.</param>
    /// <exception cref="WeightMismatchException">Names every tensor that is missing, not expected, or misshapen.</exception>
    /// <exception cref="EngineException">The configuration is not one of this model.</exception>
    public static WanTransformer LoadStreamed(IWeightSource source, TransformerConfig config, Device device, LoraSet? loras = null)
    {
        var blocks = new StreamedBlocks(source, config, device, loras);
        var store = new WeightStore(source, device, loras, streamed: true);
        try
        {
            WeightStore.Require(source, loras, (at, dry) => Load(at, config, dry).Dispose());
            return new WanTransformer(store.Root, config, device, blocks);
        }
        catch
        {
            store.Release();
            blocks.Dispose();
            throw;
        }
    }

    /// <summary>Tokens of a latent [C, T, H, W].</summary>
    /// <exception cref="EngineException">Frames, height or width are not a multiple of the patch.</exception>
    public int Tokens(int frames, int height, int width)
    {
        var grid = Grid(frames, height, width);
        return checked(grid.T * grid.H * grid.W);
    }

    /// <summary>Bytes that the kept cross-attention keys and values of one context take.</summary>
    /// <param name="textTokens">The prompt's tokens, and one more if they are padded.</param>
    /// <param name="imageTokens">The image encoder's tokens.</param>
    public long KeyValueBytes(int textTokens, int imageTokens) =>
        2L * sizeof(float) * _order.Count * Config.Width * (textTokens + imageTokens);

    /// <summary>Embeds a prompt for all steps.</summary>
    /// <param name="text">Text embeddings of the prompt's tokens [S, TextDim].</param>
    /// <param name="image">Image tokens [I, ImageDim] (the first picture's, then the last one's), or default for none.</param>
    /// <param name="scratch">Workspace.</param>
    /// <param name="keepKeyValues">Keep the cross-attention's keys and values (<see cref="KeyValueBytes"/>) rather than compute them in every step.</param>
    /// <param name="textLength">
    /// Tokens that the text counts as, padded with zeros; 0 when it is padded already. The model attends to the padding, so
    /// that it matters; as all of it is alike, leaving it to this method saves its keys and values.
    /// </param>
    /// <exception cref="EngineException">The model needs image tokens and got none, or the other way round; the text is too long.</exception>
    public TransformerContext Prepare(Tensor text, Tensor image, Workspace scratch, bool keepKeyValues, int textLength = 0)
    {
        RequireContext(text, image, textLength);
        int imageTokens = image.IsEmpty ? 0 : image.Rows;
        int padding = Math.Max(0, textLength - text.Rows);

        // Upstream counts the text from the end, so that a shorter text takes image tokens with it, a longer one gives some.
        int asImage = imageTokens == 0 ? 0 : ImageContextLength(imageTokens + text.Rows + padding);
        int paddingRows = asImage > imageTokens + text.Rows ? padding : Math.Min(padding, 1);
        var all = Device.NewTensor([imageTokens + text.Rows + paddingRows, Config.Width]);
        EmbedText(text, paddingRows, all.Slice(imageTokens, text.Rows + paddingRows), scratch);
        if (imageTokens > 0)
        {
            _conditionEmbedder.EmbedImage(Device, image, all.Slice(0, imageTokens), scratch);
        }

        var imageEmbedded = asImage == 0 ? default : all.Slice(0, asImage);
        var textEmbedded = all.Slice(asImage, all.Rows - asImage);

        CrossKeyValues[]? keyValues = null;
        if (keepKeyValues)
        {
            keyValues = new CrossKeyValues[_blocks.Count];
            for (int i = 0; i < keyValues.Length; i++)
            {
                keyValues[i] = NewKeyValues(textEmbedded, imageEmbedded);
                _blocks.Enter(i).FillKeyValues(Device, textEmbedded, imageEmbedded, keyValues[i], scratch);
                _blocks.Leave();
            }
        }

        return new TransformerContext(textEmbedded, padding - paddingRows + 1, imageEmbedded, keyValues);
    }

    /// <summary>Embeds a camera's path for all steps; see <see cref="TransformerContext.Camera"/>.</summary>
    /// <param name="control">Gives a latent frame's rays [channels, height x side, width x side], side being the VAE's factor.</param>
    /// <param name="frames">Frames of the latent.</param>
    /// <param name="height">Rows of the latent.</param>
    /// <param name="width">Columns of the latent.</param>
    /// <param name="scratch">Workspace.</param>
    /// <returns>Tokens [L, C], to be disposed.</returns>
    /// <exception cref="EngineException">The model has no camera adapter, or the latent does not fit the patch.</exception>
    public Tensor EmbedCamera(Func<int, ReadOnlyMemory<float>> control, int frames, int height, int width, Workspace scratch)
    {
        ArgumentNullException.ThrowIfNull(control);
        var adapter = _cameraAdapter
            ?? throw new EngineException(ErrorKind.BadRequest, "This model has no camera adapter; use a Fun-Camera checkpoint, or let the camera be played in another way.");
        var grid = Grid(frames, height, width);
        int plane = grid.H * grid.W;
        var tokens = Device.NewTensor([grid.T * plane, Config.Width]);
        for (int t = 0; t < grid.T; t++)
        {
            adapter.Embed(Device, control(t).Span, grid.H, grid.W, tokens.Slice(t * plane, plane), scratch);
        }

        return tokens;
    }

    /// <summary>Predicts the velocity (noise - clean) of a latent.</summary>
    /// <param name="latent">Input [InChannels, T, H, W]: the noisy latent, then mask and condition where the model takes them.</param>
    /// <param name="timesteps">One for all tokens, or one per token.</param>
    /// <param name="context">The prompt, from <see cref="Prepare"/>.</param>
    /// <param name="velocity">Output [OutChannels, T, H, W].</param>
    /// <param name="scratch">Workspace; it grows in the first forward only.</param>
    /// <param name="afterBlock">Called after each block with its index and the tokens [L, C] of all prompts; may throw to stop.</param>
    /// <param name="control">Control latents; VACE models take them, others do not.</param>
    public void Forward(
        Tensor latent,
        TimestepMap timesteps,
        TransformerContext context,
        Tensor velocity,
        Workspace scratch,
        Action<int, Tensor>? afterBlock = null,
        TransformerControl? control = null) =>
        Run(latent, timesteps, [context], [velocity], scratch, afterBlock, control);

    /// <summary>Predicts the velocities of one latent for two prompts, going through the weights once.</summary>
    /// <remarks>Takes twice the activations of <see cref="Forward"/>; small clips gain most, since their rows alone do not fill the kernels.</remarks>
    /// <param name="latent">Input [InChannels, T, H, W].</param>
    /// <param name="timesteps">One for all tokens, or one per token.</param>
    /// <param name="first">The prompt.</param>
    /// <param name="second">The negative prompt.</param>
    /// <param name="firstVelocity">Output for the prompt [OutChannels, T, H, W].</param>
    /// <param name="secondVelocity">Output for the negative prompt.</param>
    /// <param name="scratch">Workspace; it grows in the first forward only.</param>
    /// <param name="afterBlock">Called after each block with its index and the tokens [L, C] of all prompts; may throw to stop.</param>
    /// <param name="control">Control latents; VACE models take them, others do not.</param>
    public void ForwardPair(
        Tensor latent,
        TimestepMap timesteps,
        TransformerContext first,
        TransformerContext second,
        Tensor firstVelocity,
        Tensor secondVelocity,
        Workspace scratch,
        Action<int, Tensor>? afterBlock = null,
        TransformerControl? control = null) =>
        Run(latent, timesteps, [first, second], [firstVelocity, secondVelocity], scratch, afterBlock, control);

    /// <summary>What the first block's self-attention sees: the embedded latent, normed and modulated by its timesteps.</summary>
    /// <remarks>Costs a thousandth of a forward; how far it moves from step to step tells how far the output will.</remarks>
    /// <param name="latent">Input [InChannels, T, H, W].</param>
    /// <param name="timesteps">One for all tokens, or one per token.</param>
    /// <param name="tokens">Output [L, C].</param>
    /// <param name="scratch">Workspace.</param>
    public void ModulatedInput(Tensor latent, TimestepMap timesteps, Tensor tokens, Workspace scratch)
    {
        RequireLatent(latent, Config.InChannels, nameof(latent));
        RequireTimesteps(timesteps, tokens.Rows);
        using var scope = scratch.Scope();
        int distinct = timesteps.Values.Length;
        var temb = scratch.Take([distinct, Config.Width]);
        var timestepProj = scratch.Take([distinct, 6 * Config.Width]);
        _conditionEmbedder.EmbedTime(Device, timesteps.Values, temb, timestepProj, scratch);
        EmbedPatches(_patchEmbedding, latent, tokens, scratch);
        _blocks.Enter(0).ModulateInput(Device, timestepProj, timesteps, tokens, scratch);
        _blocks.Leave();
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _rope.Dispose();
        _patchEmbedding.Dispose();
        _vacePatchEmbedding?.Dispose();
        _cameraAdapter?.Dispose();
        _conditionEmbedder.Dispose();
        _blocks.Dispose();
        _projOut.Dispose();
        _scaleShiftTable.Dispose();
    }

    void Run(
        Tensor latent,
        TimestepMap timesteps,
        ReadOnlySpan<TransformerContext> contexts,
        ReadOnlySpan<Tensor> velocities,
        Workspace scratch,
        Action<int, Tensor>? afterBlock,
        TransformerControl? control)
    {
        RequireLatent(latent, Config.InChannels, nameof(latent));
        ControlBranch.Require(Config, control, latent);
        var grid = Grid(latent.Shape[1], latent.Shape[2], latent.Shape[3]);
        int length = grid.T * grid.H * grid.W;
        RequireTimesteps(timesteps, length);
        foreach (var velocity in velocities)
        {
            RequireVelocity(velocity, latent);
        }

        int width = Config.Width;
        int distinct = timesteps.Values.Length;

        using var scope = scratch.Scope();
        var (cos, sin) = _rope.For(grid);
        var temb = scratch.Take([distinct, width]);
        var timestepProj = scratch.Take([distinct, 6 * width]);
        _conditionEmbedder.EmbedTime(Device, timesteps.Values, temb, timestepProj, scratch);

        // Copies of the tokens differ from the first cross-attention on, so that only the first is filled here.
        var hiddenStates = scratch.Take([contexts.Length * length, width]);
        EmbedPatches(_patchEmbedding, latent, hiddenStates.Slice(0, length), scratch);
        if (contexts[0].Camera is { IsEmpty: false } camera)
        {
            Elementwise.Add(Device, camera, hiddenStates.Slice(0, length));
        }

        var pass = new BlockPass
        {
            Device = Device,
            Scratch = scratch,
            Contexts = contexts,
            Time = timestepProj,
            Timesteps = timesteps,
            Cos = cos,
            Sin = sin,
        };
        bool controlled = _control.Begin(control, hiddenStates, length, scratch);
        if (controlled)
        {
            EmbedPatches(_vacePatchEmbedding!, control!.Values, _control.Embedded, scratch);
        }

        for (int i = 0; i < _order.Count; i++)
        {
            var (place, number) = (_order[i], _order[i].Number);
            if (place.IsControl && !controlled)
            {
                continue;
            }

            var block = _blocks.Enter(i);
            if (place.IsControl)
            {
                _control.Run(block, pass);
                _blocks.Leave();
                continue;
            }

            block.Forward(pass, hiddenStates, alike: number == 0);
            _blocks.Leave();
            _control.AddTo(hiddenStates, Device);
            afterBlock?.Invoke(number, hiddenStates);
        }

        // Output norm, projection and unpatchify
        var modulation = scratch.Take([2, distinct, width]);
        Modulation.Run(Device, _scaleShiftTable, temb, modulation);
        ModulatedNorm.Run(Device, hiddenStates, modulation[0], modulation[1], timesteps.Rows(contexts.Length), hiddenStates, Config.Eps);
        var patches = scratch.Take([hiddenStates.Rows, _projOut.Outputs]);
        _projOut.Run(Device, hiddenStates, patches, scratch);
        for (int copy = 0; copy < contexts.Length; copy++)
        {
            Patches.Scatter(Device, patches.Slice(copy * length, length), Config.Patch, velocities[copy]);
        }
    }

    void EmbedText(Tensor text, int paddingRows, Tensor embedded, Workspace scratch)
    {
        using var scope = scratch.Scope();
        if (paddingRows > 0)
        {
            var padded = scratch.TakeZeroed([text.Rows + paddingRows, text.Columns]);
            padded.Slice(0, text.Rows).CopyFrom(text);
            text = padded;
        }

        _conditionEmbedder.EmbedText(Device, text, embedded, scratch);
    }

    void EmbedPatches(Projection embedding, Tensor latent, Tensor tokens, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var patches = scratch.Take([tokens.Rows, embedding.Inputs]);
        Patches.Gather(Device, latent, Config.Patch, patches);
        embedding.Run(Device, patches, tokens, scratch);
    }

    /// <summary>Tokens of a context of both kinds that go to the image projections: all but the last 512.</summary>
    /// <remarks>Upstream slices [:n - 512] and [n - 512:], which for n below 512 counts from the end once more.</remarks>
    static int ImageContextLength(int tokens) => tokens >= TextContextLength
        ? tokens - TextContextLength
        : Math.Max(0, tokens - (TextContextLength - tokens));

    CrossKeyValues NewKeyValues(Tensor text, Tensor image) => new(
        Device.NewTensor(text.Shape),
        Device.NewTensor(text.Shape),
        image.IsEmpty ? default : Device.NewTensor(image.Shape),
        image.IsEmpty ? default : Device.NewTensor(image.Shape));

    (int T, int H, int W) Grid(int frames, int height, int width)
    {
        var (t, h, w) = Config.Patch;
        return frames % t == 0 && height % h == 0 && width % w == 0
            ? (frames / t, height / h, width / w)
            : throw new EngineException(ErrorKind.BadRequest, $"The latent is {frames} x {height} x {width} (frames, height, width), which patches of {t} x {h} x {w} do not fill; choose a size that is a multiple of the patch.");
    }

    void RequireContext(Tensor text, Tensor image, int textLength)
    {
        if (textLength > 0 && text.Rows > textLength)
        {
            throw new EngineException(ErrorKind.BadRequest, $"The prompt has {text.Rows} tokens, and the text length is {textLength}; shorten the prompt or raise the length.");
        }

        if (text.Columns != Config.TextDim)
        {
            throw new EngineException(ErrorKind.BadInput, $"The text embeddings are {text.Columns} wide, and this transformer takes {Config.TextDim}; the text encoder belongs to another model.");
        }

        if (image.IsEmpty != Config.ImageDim is null)
        {
            throw new EngineException(ErrorKind.BadRequest, image.IsEmpty
                ? "This model needs the image encoder's tokens of a first frame; give it one."
                : "This model takes no image tokens; use an image-to-video checkpoint that has an image encoder.");
        }

        if (!image.IsEmpty && image.Columns != Config.ImageDim)
        {
            throw new EngineException(ErrorKind.BadInput, $"The image tokens are {image.Columns} wide, and this transformer takes {Config.ImageDim}; the image encoder belongs to another model.");
        }
    }

    void RequireVelocity(Tensor velocity, Tensor latent)
    {
        RequireLatent(velocity, Config.OutChannels, nameof(velocity));
        if (velocity.Count / Config.OutChannels != latent.Count / Config.InChannels)
        {
            throw new ArgumentException($"The velocity is {velocity.Shape}, the latent {latent.Shape}; all but the channels must agree.", nameof(velocity));
        }
    }

    static void RequireLatent(Tensor latent, int channels, string name)
    {
        if (latent.Shape.Rank != 4 || latent.Shape[0] != channels)
        {
            throw new ArgumentException($"The {name} is {latent.Shape}, and this model has [{channels}, frames, height, width].", name);
        }
    }

    static void RequireTimesteps(TimestepMap timesteps, int length)
    {
        if (timesteps.Tokens is { } tokens && tokens != length)
        {
            throw new ArgumentException($"There are timesteps for {tokens} tokens, and the latent has {length}.", nameof(timesteps));
        }
    }
}
