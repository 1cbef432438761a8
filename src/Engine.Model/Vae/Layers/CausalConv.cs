using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>A 3x3x3 convolution that sees the present frame and the two before it.</summary>
/// <remarks>
/// WanCausalConv3d with its feature cache, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: one frame at a time, and missing frames are skipped, not padded.
/// </remarks>
sealed class CausalConv(ConvWeight weight, int slot)
{
    /// <summary>Channels out.</summary>
    public int Outputs => weight.Outputs;

    /// <summary>A plane for the present frame, to be filled and then handed to <see cref="Run"/>.</summary>
    public Plane Begin(VaePass pass, int height, int width) => pass.Pool.Rent(height, width, weight.Inputs, border: 1);

    /// <summary>Convolves the present frame and keeps it for the next two.</summary>
    public void Run(VaePass pass, Plane current, Plane y, Plane residual = default)
    {
        var history = pass.History(slot);
        Convolution.Run(pass.Device, history.With(current), weight, y, pass.Scratch, residual);
        history.Advance(current, pass.Pool);
    }
}
