using Engine.Model.Schedulers;
using Engine.Model.Transformer;

namespace Engine.Model.Checkpoints;

/// <summary>What published models are called and made for, where their files do not say.</summary>
/// <remarks>
/// wan/configs and generate.py of Wan-Video/Wan2.1 @ 9737cba9c1c3c4d04b33fcad41c111989865d315 and of Wan-Video/Wan2.2
/// @ 42bf4cfaa384bc21833865abc2f9e6c0e67233dc. VACE with two experts: examples/wan2.2_vace_fun and config/wan2.2/wan_civitai_t2v.yaml of
/// aigc-apps/VideoX-Fun @ 804a4258e2608f855ccaec8fffa279e75a3b89c6.
/// </remarks>
static class ModelDefaults
{
    /// <summary>Request and sampler for a transformer.</summary>
    /// <param name="transformer">Its sizes.</param>
    /// <param name="experts">True with two transformers.</param>
    /// <param name="perToken">True for models whose tokens have timesteps of their own.</param>
    /// <param name="path">Folder or file: Wan-Move has the tensors of I2V and is told by its name alone.</param>
    public static (ModelInfo Info, SchedulerConfig Scheduler) For(TransformerConfig? transformer, bool experts, bool perToken, string path)
    {
        var abilities = AbilitiesOf(transformer, perToken);
        if (transformer is not null && abilities.HasFlag(Abilities.FirstFrame) && !abilities.HasFlag(Abilities.Text) && !abilities.HasFlag(Abilities.Camera) && IsWanMove(path))
        {
            abilities |= Abilities.Tracks;
        }

        bool takesImage = !abilities.HasFlag(Abilities.Text) && abilities != Abilities.None;
        bool control = transformer is { VaceLayers.Count: > 0 };
        var info = new ModelInfo
        {
            Abilities = abilities,
            Steps = takesImage || (experts && !control) ? 40 : 50,
            ExpandTimesteps = perToken,
            EndFrame = abilities.HasFlag(Abilities.FirstLastFrame) ? EndFrameStyle.LastPixelFrame : EndFrameStyle.None,
        };
        if (perToken)
        {
            info = info with { Width = 1280, Height = 704, Frames = 121, Fps = 24 };
        }

        if (experts)
        {
            info = takesImage
                ? info with { BoundaryRatio = 0.9f, Guidance = 3.5f, Guidance2 = 3.5f }
                : control
                ? info with { BoundaryRatio = 0.875f }
                : info with { BoundaryRatio = 0.875f, Guidance = 4, Guidance2 = 3 };
        }

        // Wan 2.1 I2V takes 3 at 480p and 5 at 720p; the default size here is 480p.
        float shift = transformer switch
        {
            { PosEmbedSeqLen: not null } => 16,
            _ when control => experts ? 12 : 16,
            _ when experts => takesImage ? 5 : 12,
            _ => takesImage ? 3 : 5,
        };
        return (info, new SchedulerConfig(SchedulerKind.UniPc, shift));
    }

    /// <summary>What a transformer can be asked for, as its sizes show.</summary>
    public static Abilities AbilitiesOf(TransformerConfig? transformer, bool perToken)
    {
        if (transformer is null)
        {
            return Abilities.None;
        }

        if (transformer.CameraAdapter is not null)
        {
            return Abilities.FirstFrame | Abilities.Camera;
        }

        if (transformer.PosEmbedSeqLen is not null)
        {
            return Abilities.FirstLastFrame;
        }

        // Twenty channels more than come out: 4 of mask and 16 of the conditioning latent.
        if (transformer.InChannels != transformer.OutChannels)
        {
            // Without image tokens the mask alone says which frames are known; with them the tokens are those of a first frame.
            return transformer.ImageDim is null
                ? Abilities.FirstFrame | Abilities.FirstLastFrame | Abilities.Keyframes
                : Abilities.FirstFrame;
        }

        if (transformer.VaceLayers.Count > 0)
        {
            return Abilities.Text | Abilities.FirstFrame | Abilities.FirstLastFrame | Abilities.Keyframes | Abilities.Extend | Abilities.ExtendBackward
                | Abilities.Mask | Abilities.Video | Abilities.References | Abilities.Control;
        }

        return Abilities.Text | Abilities.Video | (perToken ? Abilities.FirstFrame : Abilities.None);
    }

    static bool IsWanMove(string path) =>
        Path.GetFileName(Path.TrimEndingDirectorySeparator(path)).Replace("_", "-", StringComparison.Ordinal) is var name
        && (name.Contains("wan-move", StringComparison.OrdinalIgnoreCase) || name.Contains("wanmove", StringComparison.OrdinalIgnoreCase));

    /// <summary>The published model of these sizes, or null.</summary>
    public static string? Name(TransformerConfig? transformer, bool experts)
    {
        const string expert = " (one expert)";
        var names = transformer is null ? [] : KnownModels.Names(transformer);
        return experts
            ? names.FirstOrDefault(name => name.EndsWith(expert, StringComparison.Ordinal))?.Replace(expert, "", StringComparison.Ordinal)
            : names.Count > 0 ? names[0] : null;
    }
}
