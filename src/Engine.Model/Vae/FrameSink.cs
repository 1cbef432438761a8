using Engine.Kernels;

namespace Engine.Model.Vae;

/// <summary>Receives decoded frames as they are made.</summary>
/// <param name="frames">[n, H, W, 3] f32, about -1..1 and not clamped; valid during the call only.</param>
public delegate void FrameSink(Tensor frames);
