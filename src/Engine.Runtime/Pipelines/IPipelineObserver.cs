using Engine.Kernels;

namespace Engine.Runtime;

/// <summary>Sees what a pipeline computes, for verification and research. Called on the job's thread.</summary>
/// <remarks>
/// Names and shapes are those of the golden cases: <c>prompt_embeds</c>, <c>negative_prompt_embeds</c> [1, S, D],
/// <c>image_embeds</c> [1, I, D], <c>condition</c> [1, C, T, h, w], <c>first_frame_mask</c>, <c>given</c> [1, 1, T, h, w],
/// <c>given_latents</c>, <c>vace_latents</c> [1, 2 C, T, h, w], <c>vace_mask</c> [1, S S, T, h, w], <c>noise</c>, <c>latents.N</c> (the sampler's state after step N, before given latents are put back)
/// [1, C, T, h, w], <c>timesteps</c> [steps].
/// </remarks>
public interface IPipelineObserver
{
    /// <summary>A named tensor; valid during the call.</summary>
    void OnTensor(string name, Tensor tensor);

    /// <summary>Decoded frames, before rounding to bytes and before anything is pasted back.</summary>
    /// <param name="first">Index of the first of them in the decoded clip.</param>
    /// <param name="frames">[n, H, W, 3], 0..1; valid during the call.</param>
    void OnFrames(int first, Tensor frames);
}
