using Engine.Kernels;
using Engine.Runtime.Media;
using Engine.Runtime.Motion;

namespace Engine.Runtime.Pipelines;

/// <summary>What a motion request adds to the conditioning: a dragged clip, moved features, or camera rays.</summary>
static class MotionStage
{
    /// <summary>Adds it. On a dry-run device the pictures may be absent.</summary>
    /// <param name="parts">The model.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="inputs">Pictures and clips; null counts only.</param>
    /// <param name="encoder">Encodes frames of the clip's size.</param>
    /// <param name="into">Holds the conditioning of the first frame; receives the rest.</param>
    /// <param name="cancel">Stops between groups of frames.</param>
    public static void Run(ModelParts parts, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Conditioning into, CancellationToken cancel)
    {
        if (request.Motion is not { } motion)
        {
            return;
        }

        var shape = InputStage.LatentShape(request, parts.Checkpoint);
        if (motion.UsesTimeToMove)
        {
            into.Motion = Drag(parts, request, motion, inputs, encoder, shape, cancel);
        }

        if (motion.Regions == MotionMethod.WanMove)
        {
            MoveFeatures(parts, request, inputs, into, shape);
        }

        if (motion.Camera == CameraMethod.Adapter)
        {
            into.Camera = Rays(parts, request, inputs, shape);
        }
    }

    static TimeToMove Drag(
        ModelParts parts, ResolvedRequest request, ResolvedMotion motion, JobInputs? inputs, LatentEncoder encoder, Shape shape, CancellationToken cancel)
    {
        var vae = parts.Checkpoint.Vae!;
        var masks = new List<bool[]>();
        var frames = inputs is null ? Enumerable.Repeat<Image?>(null, request.Frames)
            : request.Request.Motion!.DragVideo is { } clip ? SourceClip.Open(clip).Read(0, request.Frames, request.Width, request.Height)
            : Dragged(inputs.Scene!, request, masks);

        // The masks are known once the frames went by, so that a frame is made once and never kept.
        var reference = parts.Device.NewTensor(shape);
        encoder.Encode(frames, (t, frame) => Latents.Put(frame, reference, t), cancel);
        var latentMasks = inputs is null ? null : request.Request.Motion!.DragMask is { } drawn
            ? LatentMasks.Sampled([.. SourceClip.Open(drawn).Read(0, request.Frames, request.Width, request.Height).Select(White)], request.Width, vae.TemporalFactor, vae.SpatialFactor)
            : LatentMasks.Covered(masks, inputs.Scene!.Static, request.Width, vae.TemporalFactor, vae.SpatialFactor);
        return new TimeToMove(parts.Device, reference, latentMasks, motion.StrongIndex, request.Seed);
    }

    static IEnumerable<Image?> Dragged(MotionScene scene, ResolvedRequest request, List<bool[]> masks)
    {
        var clip = new DragClip(scene);
        for (int i = 0; i < request.Frames; i++)
        {
            var (image, mask) = clip.Frame(i);
            masks.Add(mask);
            yield return image;
        }
    }

    // More than half in any colour.
    static bool[] White(Image mask) => [.. Enumerable.Range(0, mask.Width * mask.Height).Select(i => mask.Rgb.AsSpan(i * 3, 3).ContainsAnyInRange((byte)128, (byte)255))];

    static void MoveFeatures(ModelParts parts, ResolvedRequest request, JobInputs? inputs, Conditioning into, Shape shape)
    {
        // The unconditional pass keeps the features where they were.
        into.NegativeChannels = parts.Device.NewTensor(into.Channels.Shape);
        into.NegativeChannels.CopyFrom(into.Channels);
        if (inputs is null)
        {
            return;
        }

        int side = parts.Checkpoint.Vae!.SpatialFactor;
        var (tracks, visible) = WanMove.Tracks(inputs.Scene!, side);
        int[] positions = WanMove.Positions(tracks, visible, request.Width, request.Height, parts.Checkpoint.Vae.TemporalFactor, side, request.Frames);
        var latent = into.Channels.Slice(into.Channels.Shape[0] - shape[0], shape[0]);
        float[] features = latent.ToArray();
        WanMove.Move(features, positions, shape[0], shape[1], shape[2], shape[3]);
        latent.CopyFrom(features);
    }

    static Func<int, ReadOnlyMemory<float>> Rays(ModelParts parts, ResolvedRequest request, JobInputs? inputs, Shape shape)
    {
        int group = parts.Checkpoint.Vae!.TemporalFactor;
        int side = parts.Checkpoint.Transformer!.CameraAdapter!.Downscale;
        if (inputs is null)
        {
            var nothing = new float[CameraRays.Coordinates * group * shape[2] * shape[3] * side * side];
            return _ => nothing;
        }

        var rays = new CameraRays(CameraPath.Poses(request.Request.Motion!.Camera!, request.Frames), shape[3] * side, shape[2] * side);
        return t => rays.Control(t, group);
    }
}
