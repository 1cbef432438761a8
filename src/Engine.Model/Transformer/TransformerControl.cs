using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>What steers a VACE transformer beside the prompt: control latents, and how strongly each control block counts.</summary>
/// <remarks>The tensor belongs to the caller and must outlive every forward.</remarks>
/// <param name="Values">[VaceInChannels, T, H, W]: known latents, latents to be made anew, and their mask.</param>
/// <param name="Strengths">One factor for each control block, 0 to leave it out; see <see cref="TransformerConfig.VaceLayers"/>.</param>
public sealed record TransformerControl(Tensor Values, IReadOnlyList<float> Strengths);
