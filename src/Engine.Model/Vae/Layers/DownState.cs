using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>What a level of the encoder keeps between frames, besides its causal caches.</summary>
sealed class DownState
{
    /// <summary>The shortcut's share of a pair of frames that is not complete.</summary>
    public Plane Pending { get; set; }

    /// <summary>A frame that came out and waits for the next, to go through the following level with it.</summary>
    public Plane Held { get; set; }
}
