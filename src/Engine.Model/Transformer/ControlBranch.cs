using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>The control tokens of one VACE forward: they go through their own blocks, whose results are added to the video's tokens.</summary>
/// <remarks>
/// Port of the control part of WanVACETransformer3DModel, src/diffusers/models/transformers/transformer_wan_vace.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs from upstream: each control block runs right before the block that
/// takes its result, so that one result is kept instead of all.
/// </remarks>
sealed class ControlBranch
{
    TransformerControl? _control;
    Tensor _video;
    Tensor _tokens;
    Tensor _result;
    int _length;
    float _strength;

    /// <summary>Starts a forward and takes its buffers; false when there is nothing to do.</summary>
    /// <param name="control">Control latents and strengths, or null.</param>
    /// <param name="video">Tokens of the video [B L, C], the first copy embedded.</param>
    /// <param name="length">L.</param>
    /// <param name="scratch">Workspace; the buffers live in the caller's scope.</param>
    public bool Begin(TransformerControl? control, Tensor video, int length, Workspace scratch)
    {
        _control = control;
        _strength = 0;
        if (control is null || IsIdle(control))
        {
            return false;
        }

        _video = video;
        _length = length;
        _tokens = scratch.Take(video.Shape);
        _result = scratch.Take(video.Shape);
        return true;
    }

    /// <summary>Where the embedded control latents go before the first block [L, C].</summary>
    public Tensor Embedded => _result.Slice(0, _length);

    /// <summary>Checks that a control suits a model and a latent.</summary>
    /// <exception cref="ArgumentException">It is missing, not taken, or of another shape.</exception>
    public static void Require(TransformerConfig config, TransformerControl? control, Tensor latent)
    {
        if (control is null != (config.VaceLayers.Count == 0))
        {
            throw new ArgumentException(control is null ? "A VACE model takes control latents." : "This model takes no control latents.", nameof(control));
        }

        if (control is null)
        {
            return;
        }

        var shape = control.Values.Shape;
        if (shape.Rank != 4 || shape[0] != config.VaceInChannels || shape[1] != latent.Shape[1] || shape[2] != latent.Shape[2] || shape[3] != latent.Shape[3])
        {
            throw new ArgumentException($"The control is {shape}, and the latent {latent.Shape}; it takes {config.VaceInChannels} channels of the latent's size.", nameof(control));
        }

        if (control.Strengths.Count != config.VaceLayers.Count)
        {
            throw new ArgumentException($"There are {control.Strengths.Count} strengths for {config.VaceLayers.Count} control blocks.", nameof(control));
        }
    }

    /// <summary>Runs one control block; its result waits for <see cref="AddTo"/>.</summary>
    public void Run(WanTransformerBlock block, in BlockPass pass)
    {
        bool first = block.ProjIn is not null;
        if (first)
        {
            // All copies are alike until their first cross-attention.
            var tokens = _tokens.Slice(0, _length);
            block.ProjIn!.Run(pass.Device, Embedded, tokens, pass.Scratch);
            Elementwise.Add(pass.Device, _video.Slice(0, _length), tokens);
        }

        block.Forward(pass, _tokens, alike: first);
        _strength = _control!.Strengths[block.Place.Number];
        if (_strength != 0)
        {
            block.ProjOut!.Run(pass.Device, _tokens, _result, pass.Scratch);
        }
    }

    /// <summary>Adds the result that waits, if there is one, to the video's tokens.</summary>
    public void AddTo(Tensor video, Device device)
    {
        if (_strength != 0)
        {
            Elementwise.Combine(device, video, 1, _result, _strength, video);
            _strength = 0;
        }
    }

    // Without any strength the forward is that of the plain model.
    static bool IsIdle(TransformerControl control)
    {
        for (int i = 0; i < control.Strengths.Count; i++)
        {
            if (control.Strengths[i] != 0)
            {
                return false;
            }
        }

        return true;
    }
}
