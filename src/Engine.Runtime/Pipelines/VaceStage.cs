using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Media;

namespace Engine.Runtime.Pipelines;

/// <summary>Pictures, clips and masks to the control latents of a VACE model.</summary>
/// <remarks>
/// Port of preprocess_conditions, prepare_video_latents and prepare_masks of WanVACEPipeline, pipeline_wan_vace.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Channels: the frames where they are kept (C), where they are made anew (C),
/// and the mask (1 = anew) with the pixels of a latent as its channels. Reference pictures are latent frames in front, the last one first.
/// </remarks>
static class VaceStage
{
    /// <summary>True for models that take control latents.</summary>
    public static bool Takes(Checkpoint model) => model.Transformer!.VaceLayers.Count > 0;

    /// <summary>Encodes what is given; nothing given is a clip of mid-grey that is made anew.</summary>
    /// <param name="parts">The model.</param>
    /// <param name="request">What was asked for.</param>
    /// <param name="inputs">Pictures and clips; null counts only.</param>
    /// <param name="encoder">The VAE.</param>
    /// <param name="shape">Latent shape [C, T, h, w], references included.</param>
    /// <param name="into">Receives the control latents.</param>
    /// <param name="note">Told what was done to frames.</param>
    /// <param name="cancel">Stops between groups of frames.</param>
    /// <exception cref="EngineException">The transformer does not suit the VAE.</exception>
    public static void Run(
        ModelParts parts, ResolvedRequest request, JobInputs? inputs, LatentEncoder encoder, Shape shape, Conditioning into,
        Action<string>? note, CancellationToken cancel)
    {
        var vae = parts.Checkpoint.Vae!;
        int channels = (2 * shape[0]) + (vae.SpatialFactor * vae.SpatialFactor);
        if (parts.Checkpoint.Transformer!.VaceInChannels != channels)
        {
            throw new EngineException(ErrorKind.BadInput, $"The transformer takes {parts.Checkpoint.Transformer.VaceInChannels} control channels, and {channels} belong to this VAE; the two are not of one model.");
        }

        int lead = request.Request.References?.Count ?? 0;
        into.LeadFrames = lead;
        into.ControlStrengths = request.ControlStrengths;
        into.Control = parts.Device.NewTensor([channels, shape[1], shape[2], shape[3]]);
        var kept = into.Control.Slice(0, shape[0]);
        var anew = into.Control.Slice(shape[0], shape[0]);
        var plan = new VacePlan(request, inputs);
        encoder.Encode(plan.Kept(note), (t, frame) => Latents.Put(frame, kept, lead + t), cancel);
        if (inputs?.Tail is { Count: > 0 } tail)
        {
            // What is there in latents needs no decoding and encoding.
            for (int c = 0; c < shape[0]; c++)
            {
                kept[c].Slice(lead + 1, tail.Count).CopyFrom(tail.Latents[c]);
            }
        }

        if (plan.ShowsAnew || plan.ShowsKept)
        {
            encoder.Encode(plan.Anew(), (t, frame) => Latents.Put(frame, anew, lead + t), cancel);
        }
        else
        {
            // Both are mid-grey throughout.
            anew.CopyFrom(kept);
        }

        References(inputs, request, vae.SpatialFactor, lead, encoder, kept, anew, cancel);
        VaceMask.Fill(into.Control.Slice(2 * shape[0], channels - (2 * shape[0])), plan, lead, vae.SpatialFactor);
    }

    static void References(
        JobInputs? inputs, ResolvedRequest request, int factor, int lead, LatentEncoder encoder, Tensor kept, Tensor anew, CancellationToken cancel)
    {
        using var zero = kept.Device.NewTensor([kept.Shape[0], 1, kept.Shape[2], kept.Shape[3]]);
        zero.Fill(0);
        for (int i = 0; i < lead; i++)
        {
            var frame = inputs is null
                ? default
                : new EncoderFrame(null, Values: ReferencePicture.Fit(inputs.References[i], request.Width, request.Height, factor));
            int at = lead - 1 - i;
            encoder.Encode([frame], (_, latent) => Latents.Put(latent, kept, at), cancel);
            Latents.Put(zero, anew, at);
        }
    }
}
