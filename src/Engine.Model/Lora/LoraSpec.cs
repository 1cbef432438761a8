namespace Engine.Model.Lora;

/// <summary>Which of two transformers a LoRA changes.</summary>
public enum LoraExpert
{
    /// <summary>Every transformer of the model.</summary>
    Both,

    /// <summary>The high-noise one, which runs first.</summary>
    High,

    /// <summary>The low-noise one.</summary>
    Low,
}

/// <summary>What becomes of a LoRA when the model is loaded.</summary>
public enum LoraMode
{
    /// <summary>
    /// Merged where the weights are stored as F32, BF16 or F16 and stay in memory; kept apart where they are quantised, 8-bit, or read
    /// from disk in every step.
    /// </summary>
    Auto,

    /// <summary>Added to the weights while they are read, and rounded to the precision they are stored in: no cost per step.</summary>
    Merge,

    /// <summary>Kept beside the weights and applied in every step: no rounding, and some per cent of time and memory.</summary>
    Apart,
}

/// <summary>A LoRA and how strongly it is applied.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Strength">Factor on what it changes; 0 leaves the model as it is, negative values turn it round.</param>
public sealed record LoraSpec(string Path, float Strength = 1);
