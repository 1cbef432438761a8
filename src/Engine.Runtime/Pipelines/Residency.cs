namespace Engine.Runtime.Pipelines;

/// <summary>What of a model is in memory when: the plan's decisions, as the pipeline follows them.</summary>
/// <param name="StreamTextEncoder">Read the text encoder's layers one after the other.</param>
/// <param name="ReleaseParts">Release each part when the next is needed.</param>
/// <param name="Sampler">How the sampler spends memory.</param>
readonly record struct Residency(bool StreamTextEncoder, bool ReleaseParts, SamplerOptions Sampler);
