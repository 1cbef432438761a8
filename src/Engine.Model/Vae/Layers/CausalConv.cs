using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>A 3x3x3 convolution that sees the present frame and the two before it.</summary>
/// <remarks>
/// WanCausalConv3d with its feature cache, src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: one or two frames at a time, and missing frames are skipped, not padded.
/// </remarks>
sealed class CausalConv(ConvWeight weight, int slot)
{
    /// <summary>Channels out.</summary>
    public int Outputs => weight.Outputs;

    /// <summary>Planes for as many frames as <paramref name="like"/> has, to be filled and then handed to <see cref="Run"/>.</summary>
    public Frames Begin(VaePass pass, Frames like) => pass.Rent(like, weight.Inputs, border: 1);

    /// <summary>Convolves the present frames and keeps them for the next two.</summary>
    public void Run(VaePass pass, Frames current, Frames y, Frames residual = default)
    {
        var history = pass.History(slot);
        if (current.Count == 1)
        {
            Convolution.Run(pass.Device, history.With(current.First), weight, y.First, pass.Scratch, residual.First);
            Keep(pass, history, current.First);
            return;
        }

        Convolution.RunPair(
            pass.Device, history.With(current.First), current.Second, weight,
            new ConvOutput(y.First, residual.First), new ConvOutput(y.Second, residual.Second), pass.Scratch);
        Keep(pass, history, current.First);
        Keep(pass, history, current.Second);
    }

    void Keep(VaePass pass, FrameHistory history, Plane frame)
    {
        if (weight.Form == WinogradForm.FourPair && pass.IsLarge(frame.Height, frame.Width, frame.Channels))
        {
            history.AdvancePacked(frame, pass.Device, pass.Pool);
        }
        else
        {
            history.Advance(frame, pass.Pool);
        }
    }
}
