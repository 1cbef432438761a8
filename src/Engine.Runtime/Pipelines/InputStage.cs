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

    /// <summary>True when there is anything to encode beside the prompt.</summary>
    public static bool Needed(ResolvedRequest request, Checkpoint model) => request.Task != VideoTask.TextToVideo || VaceStage.Takes(model);

    /// <summary>Latent shape [C, T, h, w] that the sampler walks, reference frames and an appended end frame included.</summary>
    public static Shape LatentShape(ResolvedRequest request, Checkpoint model)
    {
        var vae = model.Vae!;
        int extra = (EndsWithPicture(request, model) ? 1 : 0) + (request.Request.References?.Count ?? 0);
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
        if (!Needed(request, parts.Checkpoint))
        {
            return;
        }

        using var lease = parts.Encoder.Rent(cancel);
        using var encoder = new LatentEncoder(lease.Value, request.Width, request.Height, tiling);
        var shape = LatentShape(request, parts.Checkpoint);
        var transformer = parts.Checkpoint.Transformer!;
        if (VaceStage.Takes(parts.Checkpoint))
        {
            VaceStage.Run(parts, request, inputs, encoder, shape, into, note, cancel);
        }

        switch (request.Task)
        {
            case VideoTask.Restyle:
                into.Start = parts.Device.NewTensor(shape);
                encoder.Encode(Clip(request, inputs, 0, request.Frames, note), (t, frame) => Latents.Put(frame, into.Start, t), cancel);
                break;
            case var _ when VaceStage.Takes(parts.Checkpoint):
                break;
            case VideoTask.ImageToVideo or VideoTask.FirstLastFrame or VideoTask.Keyframes when transformer.InChannels > transformer.OutChannels:
                into.Channels = Channels(parts, request, inputs, encoder, shape, cancel);
                if (parts.Checkpoint.Info.ExpandTimesteps)
                {
                    // Fun-Camera's 5B model takes the first frame both ways.
                    into.Given = new GivenLatents(parts.Device, shape);
                    Give(parts.Checkpoint, request, inputs, encoder, shape, into, note, cancel);
                }

                break;
            default:
                into.Given = new GivenLatents(parts.Device, shape);
                Give(parts.Checkpoint, request, inputs, encoder, shape, into, note, cancel);
                break;
        }

        MotionStage.Run(parts, request, inputs, encoder, into, cancel);
    }

    /// <summary>Image tokens of the given pictures [I, D], for models that take them; the pictures are seen at their own size.</summary>
    public static void RunImageEncoder(ModelParts parts, ResolvedRequest request, JobInputs? inputs, Conditioning into)
    {
        if (parts.Checkpoint.Transformer!.ImageDim is null || request.Task is not (VideoTask.ImageToVideo or VideoTask.FirstLastFrame))
        {
            return;
        }

        var config = parts.Checkpoint.ImageEncoder!;
        Image?[] pictures = inputs is null ? new Image?[request.Keyframes.Count] : [.. inputs.Originals];
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
            case VideoTask.Extend when inputs?.Tail is { } tail:
                encoder.Encode([new EncoderFrame(null, Values: tail.Frames[0])], (_, frame) => given.Give(0, frame), cancel);
                for (int i = 0; i < tail.Count; i++)
                {
                    using var latent = Latents.Copy(tail.Latents, i, 1);
                    given.Give(1 + i, latent);
                }

                break;
            case VideoTask.Extend when request.Direction == ExtendDirection.Backward:
                GiveEnd(model, request, inputs, encoder, shape, into, note, cancel);
                break;
            case VideoTask.Extend:
                encoder.Encode(
                    Clip(request, inputs, request.SourceFrames - request.Overlap, request.Overlap, note), (t, frame) => given.Give(t, frame), cancel);
                break;
            case VideoTask.Edit:
                var free = FreeLatents(inputs?.Mask, request, model, shape).GetEnumerator();
                encoder.Encode(Clip(request, inputs, 0, request.Frames, note), (t, frame) => given.Give(t, frame, Next(free)), cancel);
                break;
            default:
                foreach (var (at, picture) in request.Keyframes.Select(k => (k.Frame, inputs?.Frames[k.Frame])))
                {
                    // A last frame is one more latent frame, encoded as a single picture, and dropped after the last step.
                    bool appended = at > 0 && at == request.Frames - 1 && EndsWithPicture(request, model);
                    int place = appended ? shape[1] - 1 : (at + model.Vae!.TemporalFactor - 1) / model.Vae!.TemporalFactor;
                    into.ExtraFrames = EndsWithPicture(request, model) ? 1 : 0;
                    if (at == 0 || appended)
                    {
                        encoder.Encode([picture], (_, frame) => given.Give(place, frame), cancel);
                        continue;
                    }

                    // Latents within a clip hold several frames: the picture held for as long is such a latent.
                    encoder.Encode(
                        Enumerable.Repeat(picture, model.Vae!.TemporalFactor + 1), (t, frame) => GiveOne(given, t == 1 ? place : null, frame), cancel);
                }

                break;
        }

        static void GiveOne(GivenLatents given, int? place, Tensor frame)
        {
            if (place is { } at)
            {
                given.Give(at, frame);
            }
        }

        static bool[]? Next(IEnumerator<bool[]> masks) => masks.MoveNext() ? masks.Current : null;
    }

    // Leading up to a source: its first frames are the clip's last. One of them is an end frame, more are whole latent frames.
    static void GiveEnd(
        Checkpoint model, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Shape shape, Conditioning into,
        Action<string>? note, CancellationToken cancel)
    {
        int last = LatentFrames(request.Overlap, model.Vae!.TemporalFactor) - 1;
        bool appended = EndsWithPicture(request, model);
        into.ExtraFrames = appended ? 1 : 0;
        encoder.Encode(
            Clip(request, inputs, 0, request.Overlap, note),
            (t, frame) =>
            {
                // The latent of the very first frame holds one frame only, which is right at a start alone.
                if (t > 0 || appended || last == 0)
                {
                    into.Given!.Give(shape[1] - 1 - last + t, frame);
                }
            },
            cancel);
    }

    static bool EndsWithPicture(ResolvedRequest request, Checkpoint model) => model.Info.EndFrame == EndFrameStyle.AppendedLatentFrame
        && (request is { Task: VideoTask.Extend, Direction: ExtendDirection.Backward, Overlap: 1 }
            || request.Keyframes.Any(k => k.Frame > 0 && k.Frame == request.Frames - 1));

    /// <summary>Mask and conditioning latent [4 + C, T, h, w]: 1 on frames that are known; unknown frames are mid-grey before encoding.</summary>
    static Tensor Channels(ModelParts parts, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Shape shape, CancellationToken cancel)
    {
        var transformer = parts.Checkpoint.Transformer!;
        if (transformer.InChannels - transformer.OutChannels == shape[0])
        {
            return FirstLatent(parts, inputs, encoder, shape, cancel);
        }

        var channels = parts.Device.NewTensor([MaskChannels + shape[0], shape[1], shape[2], shape[3]]);
        var mask = channels.Slice(0, MaskChannels);
        mask.Fill(0);
        foreach (var keyframe in request.Keyframes)
        {
            // The first latent frame holds one pixel frame, which counts for all of its places; the others hold four, in order.
            for (int c = 0; c < MaskChannels; c++)
            {
                if (keyframe.Frame == 0 || c == (keyframe.Frame - 1) % MaskChannels)
                {
                    mask[c].Slice((keyframe.Frame + MaskChannels - 1) / MaskChannels, 1).Fill(1);
                }
            }
        }

        var latent = channels.Slice(MaskChannels, shape[0]);
        var frames = Enumerable.Range(0, request.Frames).Select(i => inputs?.Frames.GetValueOrDefault(i));
        encoder.Encode(frames, (t, frame) => Latents.Put(frame, latent, t), cancel);
        return channels;
    }

    /// <summary>
    /// The first frame's latent alone, zeros after it, [C, T, h, w]: what Fun-Camera's 2.1 models take, pipeline_wan_fun_control.py of
    /// aigc-apps/VideoX-Fun @ 804a4258e2608f855ccaec8fffa279e75a3b89c6 (Apache-2.0).
    /// </summary>
    static Tensor FirstLatent(ModelParts parts, JobInputs? inputs, LatentEncoder encoder, Shape shape, CancellationToken cancel)
    {
        var channels = parts.Device.NewTensor(shape);
        channels.Fill(0);
        encoder.Encode([inputs?.Frames.GetValueOrDefault(0)], (t, frame) => Latents.Put(frame, channels, t), cancel);
        return channels;
    }

    /// <summary>For each latent frame [h, w], true where a token is touched by the mask of any of its frames and so made anew.</summary>
    static IEnumerable<bool[]> FreeLatents(MaskClip? mask, ResolvedRequest request, Checkpoint model, Shape shape)
    {
        var patch = model.Transformer!.Patch;
        int factor = model.Vae!.SpatialFactor;
        int group = model.Vae.TemporalFactor;
        int frame = 0;
        var touched = new bool[shape[2] / patch.H, shape[3] / patch.W];
        foreach (bool[] flags in mask?.ReadFlags(request.Frames) ?? [])
        {
            for (int i = 0; i < flags.Length; i++)
            {
                touched[i / request.Width / (factor * patch.H), i % request.Width / (factor * patch.W)] |= flags[i];
            }

            if (frame++ % group == 0)
            {
                yield return Free(touched);
                Array.Clear(touched);
            }
        }

        bool[] Free(bool[,] tokens)
        {
            var free = new bool[shape[2] * shape[3]];
            for (int i = 0; i < free.Length; i++)
            {
                free[i] = tokens[i / shape[3] / patch.H, i % shape[3] / patch.W];
            }

            return free;
        }
    }

    static IEnumerable<Image?> Clip(ResolvedRequest request, JobInputs? inputs, int start, int count, Action<string>? note) =>
        inputs?.Source?.Read(start, count, request.Width, request.Height, note, request.Margins) ?? Enumerable.Repeat<Image?>(null, count);

    static int LatentFrames(int frames, int group) => ((frames - 1) / group) + 1;
}
