namespace Engine.Model.Lora;

/// <summary>What one tensor of a LoRA file is for.</summary>
enum LoraRole
{
    /// <summary>Not of a kind that the engine applies.</summary>
    Unknown,

    /// <summary>The first factor [rank, inputs].</summary>
    Down,

    /// <summary>The second factor [outputs, rank].</summary>
    Up,

    /// <summary>The numerator of the factor alpha / rank.</summary>
    Alpha,

    /// <summary>A difference of the whole weight.</summary>
    Weight,

    /// <summary>A difference of the bias.</summary>
    Bias,

    /// <summary>The bias of the second factor, scaled like it.</summary>
    UpBias,

    /// <summary>A difference of the modulation table.</summary>
    Modulation,
}

/// <summary>The name of a tensor of a LoRA file, taken apart: which module it changes, and how.</summary>
/// <remarks>
/// Suffixes and prefixes as in src/diffusers/loaders/lora_conversion_utils.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951, comfy/lora.py of comfyanonymous/ComfyUI @ 00728eb20fce05955f89ef1ccf5f6167416e94cf,
/// and peft's own.
/// </remarks>
/// <param name="Module">The module's name without the prefix, in dots or, where <paramref name="Flat"/>, in underscores.</param>
/// <param name="Role">What the tensor is.</param>
/// <param name="Flat">True when all dots of the module's name were written as underscores.</param>
/// <param name="Second">True when the name says that it belongs to the second transformer.</param>
readonly record struct LoraKey(string Module, LoraRole Role, bool Flat, bool Second)
{
    const string SecondPrefix = "transformer_2.";

    static readonly (string Suffix, LoraRole Role)[] s_suffixes =
    [
        (".lora_down.weight", LoraRole.Down),
        (".lora_up.weight", LoraRole.Up),
        (".lora_A.default.weight", LoraRole.Down),
        (".lora_B.default.weight", LoraRole.Up),
        (".lora_A.weight", LoraRole.Down),
        (".lora_B.weight", LoraRole.Up),
        (".lora_B.bias", LoraRole.UpBias),
        (".lora.down.weight", LoraRole.Down),
        (".lora.up.weight", LoraRole.Up),
        ("_lora.down.weight", LoraRole.Down),
        ("_lora.up.weight", LoraRole.Up),
        (".alpha", LoraRole.Alpha),
        (".diff_b", LoraRole.Bias),
        (".diff_m", LoraRole.Modulation),
        (".diff", LoraRole.Weight),
    ];

    static readonly string[] s_prefixes =
        ["base_model.model.", "model.diffusion_model.", "diffusion_model.", "transformer.", "pipe.dit.", "dit.", "unet.", "module.", "model."];

    static readonly string[] s_flatPrefixes = ["lora_unet_", "lora_transformer_", "lycoris_"];

    /// <summary>Takes a name apart.</summary>
    public static LoraKey Parse(string name)
    {
        var (suffix, role) = s_suffixes.FirstOrDefault(s => name.EndsWith(s.Suffix, StringComparison.Ordinal));
        string module = suffix is null ? name : name[..^suffix.Length];
        foreach (string flat in s_flatPrefixes)
        {
            if (module.StartsWith(flat, StringComparison.Ordinal))
            {
                return new LoraKey(module[flat.Length..], role, Flat: true, Second: false);
            }
        }

        bool second = false;
        for (bool cut = true; cut;)
        {
            cut = false;
            if (module.StartsWith(SecondPrefix, StringComparison.Ordinal))
            {
                module = module[SecondPrefix.Length..];
                second = cut = true;
            }

            foreach (string prefix in s_prefixes)
            {
                if (module.StartsWith(prefix, StringComparison.Ordinal))
                {
                    module = module[prefix.Length..];
                    cut = true;
                }
            }
        }

        return new LoraKey(module, role, Flat: false, second);
    }
}
