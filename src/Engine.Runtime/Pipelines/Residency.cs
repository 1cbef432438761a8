using Engine.Model.Vae;

namespace Engine.Runtime.Pipelines;

/// <summary>What of a model is in memory when: the plan's decisions, as the pipeline follows them.</summary>
/// <param name="StreamTextEncoder">Read the text encoder's layers one after the other.</param>
/// <param name="ReleaseParts">Release each part when the next is needed.</param>
/// <param name="Sampler">How the sampler spends memory.</param>
/// <param name="Encode">How frames are cut for encoding; null does them whole.</param>
/// <param name="Decode">How frames are cut for decoding; null does them whole.</param>
/// <param name="StreamTransformer">Read the transformer's blocks one after the other, in every step.</param>
/// <param name="BothExperts">Of two transformers, read the second while the first runs; both are then in memory.</param>
readonly record struct Residency(
    bool StreamTextEncoder, bool ReleaseParts, SamplerOptions Sampler, VaeTiling? Encode = null, VaeTiling? Decode = null, bool StreamTransformer = false,
    bool BothExperts = false);
