namespace Engine.Model.Transformer;

/// <summary>Sizes of the camera adapter that Fun-Camera checkpoints have beside the patch embedding.</summary>
/// <remarks>Names follow VideoX-Fun's configuration: <c>in_dim_control_adapter</c>, <c>downscale_factor_control_adapter</c>.</remarks>
/// <param name="Channels">Channels of the control: six Pluecker coordinates of each pixel frame in a latent frame.</param>
/// <param name="Downscale">Side of the blocks of pixels that become channels; as large as the VAE's.</param>
/// <param name="ResidualBlocks">Residual blocks after the convolution.</param>
public sealed record CameraAdapterConfig(int Channels = CameraAdapterConfig.PublishedChannels, int Downscale = 8, int ResidualBlocks = 1)
{
    /// <summary>Channels in every published checkpoint: 6 coordinates x 4 frames.</summary>
    public const int PublishedChannels = 24;
}
