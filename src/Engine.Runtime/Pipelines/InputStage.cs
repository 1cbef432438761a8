using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;
using Engine.Model.Vision;
using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>Pictures and clips to what the sampler is given: known latents, extra channels, or a latent to start from.</summary>
/// <remarks>
/// Ports of the conditioning in diffusers' pipeline_wan_i2v.py and pipeline_wan_video2video.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). What a model takes is read from its configuration: channels beyond
/// the latent's are 4 of mask and a conditioning latent; otherwise what is known is given as clean latents.
/// </remarks>
static class InputStage
{
    // Every latent frame's mask has one channel for each pixel frame in it.
    const int MaskChannels = 4;

    /// <summary>Latent shape [C, T, h, w] that the sampler walks, an appended end frame included.</summary>
    public static Shape LatentShape(ResolvedRequest request, Checkpoint model)
    {
        var vae = model.Vae!;
        int extra = request.Task == VideoTask.FirstLastFrame && model.Info.EndFrame == EndFrameStyle.AppendedLatentFrame ? 1 : 0;
        return [vae.ZDim, LatentFrames(request.Frames, vae.TemporalFactor) + extra, request.Height / vae.SpatialFactor, request.Width / vae.SpatialFactor];
    }

    /// <summary>Encodes what the task gives. On a dry-run device the pictures may be absent.</summary>
    /// <param name="parts">The model.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="inputs">Pictures and clip; null counts only.</param>
    /// <param name="into">Receives the tensors.</param>
    /// <param name="tiling">How large frames are cut.</param>
    /// <param name="note">Told what was done to the frames of a clip.</param>
    /// <param name="cancel">Stops between groups of frames.</param>
    public static void Run(
        ModelParts parts, ResolvedRequest request, JobInputs? inputs, Conditioning into, VaeTiling? tiling, Action<string>? note, CancellationToken cancel)
    {
        if (request.Task == VideoTask.TextToVideo)
        {
            return;
        }

        using var lease = parts.Encoder.Rent();
        using var encoder = new LatentEncoder(lease.Value, request.Width, request.Height, tiling);
        var shape = LatentShape(request, parts.Checkpoint);
        var transformer = parts.Checkpoint.Transformer!;
        switch (request.Task)
        {
            case VideoTask.Restyle:
                into.Start = parts.Device.NewTensor(shape);
                encoder.Encode(Clip(request, inputs, 0, request.Frames, note), (t, frame) => Latents.Put(frame, into.Start, t), cancel);
                break;
            case VideoTask.ImageToVideo or VideoTask.FirstLastFrame when transformer.InChannels > transformer.OutChannels:
                into.Channels = Channels(parts, request, inputs, encoder, shape, cancel);
                break;
            default:
                into.Given = new GivenLatents(parts.Device, shape);
                Give(parts.Checkpoint, request, inputs, encoder, shape, into, note, cancel);
                break;
        }
    }

    /// <summary>Image tokens of the given pictures [I, D], for models that take them; the pictures are seen at their own size.</summary>
    public static void RunImageEncoder(ModelParts parts, ResolvedRequest request, JobInputs? inputs, Conditioning into)
    {
        if (parts.Checkpoint.Transformer!.ImageDim is null || request.Task is not (VideoTask.ImageToVideo or VideoTask.FirstLastFrame))
        {
            return;
        }

        var config = parts.Checkpoint.ImageEncoder!;
        Image?[] pictures = request.Task == VideoTask.FirstLastFrame ? [inputs?.FirstOriginal, inputs?.LastOriginal] : [inputs?.FirstOriginal];
        using var lease = parts.ImageEncoder.Rent();
        using var scratch = new Workspace(parts.Device);
        using var pixels = parts.Device.NewTensor([3, config.ImageSize, config.ImageSize]);
        into.Image = parts.Device.NewTensor([pictures.Length * config.Tokens, config.HiddenSize]);
        for (int i = 0; i < pictures.Length; i++)
        {
            if (pictures[i] is { } picture)
            {
                ClipImageProcessor.Process(picture.Rgb, picture.Width, picture.Height, config, pixels);
            }

            lease.Value.Encoder.Forward(pixels, into.Image.Slice(i * config.Tokens, config.Tokens), scratch);
        }
    }

    static void Give(
        Checkpoint model, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Shape shape, Conditioning into,
        Action<string>? note, CancellationToken cancel)
    {
        var given = into.Given!;
        switch (request.Task)
        {
            case VideoTask.Extend:
                encoder.Encode(
                    Clip(request, inputs, request.SourceFrames - request.Overlap, request.Overlap, note), (t, frame) => given.Give(t, frame), cancel);
                break;
            case VideoTask.Edit:
                bool[] free = FreeLatents(inputs?.Mask, request, model.Transformer!.Patch, shape);
                encoder.Encode(Clip(request, inputs, 0, request.Frames, note), (t, frame) => given.Give(t, frame, free), cancel);
                break;
            default:
                encoder.Encode([inputs?.First], (_, frame) => given.Give(0, frame), cancel);
                if (request.Task == VideoTask.FirstLastFrame)
                {
                    // The end frame is one more latent frame, encoded as a single picture, and dropped after the last step.
                    into.ExtraFrames = 1;
                    encoder.Encode([inputs?.Last], (_, frame) => given.Give(shape[1] - 1, frame), cancel);
                }

                break;
        }
    }

    /// <summary>Mask and conditioning latent [4 + C, T, h, w]: 1 on frames that are known; unknown frames are mid-grey before encoding.</summary>
    static Tensor Channels(ModelParts parts, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Shape shape, CancellationToken cancel)
    {
        bool hasLast = request.Task == VideoTask.FirstLastFrame;
        var channels = parts.Device.NewTensor([MaskChannels + shape[0], shape[1], shape[2], shape[3]]);
        var mask = channels.Slice(0, MaskChannels);
        mask.Fill(0);
        for (int c = 0; c < MaskChannels; c++)
        {
            mask[c].Slice(0, 1).Fill(1);
        }

        if (hasLast)
        {
            // The last pixel frame is the last one of its latent frame.
            mask[MaskChannels - 1].Slice(shape[1] - 1, 1).Fill(1);
        }

        var latent = channels.Slice(MaskChannels, shape[0]);
        var frames = Enumerable.Range(0, request.Frames)
            .Select(i => i == 0 ? inputs?.First : hasLast && i == request.Frames - 1 ? inputs?.Last : null);
        encoder.Encode(frames, (t, frame) => Latents.Put(frame, latent, t), cancel);
        return channels;
    }

    /// <summary>[h, w], true where a token of the latent is touched by the mask and so made anew.</summary>
    static bool[] FreeLatents(bool[]? mask, ResolvedRequest request, (int T, int H, int W) patch, Shape shape)
    {
        int rows = shape[2];
        int columns = shape[3];
        var free = new bool[rows * columns];
        if (mask is null)
        {
            return free;
        }

        int tokenHeight = request.Height / rows * patch.H;
        int tokenWidth = request.Width / columns * patch.W;
        var touched = new bool[request.Height / tokenHeight, request.Width / tokenWidth];
        for (int i = 0; i < mask.Length; i++)
        {
            touched[i / request.Width / tokenHeight, i % request.Width / tokenWidth] |= mask[i];
        }

        for (int i = 0; i < free.Length; i++)
        {
            free[i] = touched[i / columns / patch.H, i % columns / patch.W];
        }

        return free;
    }

    static IEnumerable<Image?> Clip(ResolvedRequest request, JobInputs? inputs, int start, int count, Action<string>? note) =>
        inputs?.Source?.Read(start, count, request.Width, request.Height, note) ?? Enumerable.Repeat<Image?>(null, count);

    static int LatentFrames(int frames, int group) => ((frames - 1) / group) + 1;
}
