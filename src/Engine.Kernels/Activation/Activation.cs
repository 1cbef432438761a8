namespace Engine.Kernels;

/// <summary>Nonlinear functions of one value.</summary>
public enum Activation
{
    /// <summary>v</summary>
    None,

    /// <summary>0.5 v (1 + tanh(sqrt(2/pi) (v + 0.044715 v^3))); the feed-forward networks of Wan and UMT5.</summary>
    GeluTanh,

    /// <summary>0.5 v (1 + erf(v / sqrt(2))); CLIP and the image embedder.</summary>
    GeluErf,

    /// <summary>v / (1 + exp(-v)).</summary>
    Silu,

    /// <summary>v / (1 + exp(-1.702 v)).</summary>
    QuickGelu,
}
