using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>One level of the encoder: residual blocks, then half the size and, at some levels, half the frames.</summary>
/// <remarks>
/// The down blocks of WanEncoder3d (VAE 2.1), WanResidualDownBlock (2.2, with AvgDown3D around it) and WanResample,
/// src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: frames run one by one or two by two; where the frame rate halves, a frame
/// comes out for the clip's first frame and then for every second one.
/// </remarks>
sealed class DownLevel
{
    public required ResidualBlock[] Resnets { get; init; }

    /// <summary>The 3x3 convolution that halves the size; null at the last level.</summary>
    public ConvWeight? Resample { get; private init; }

    /// <summary>The convolution that halves the frame rate, or null.</summary>
    public ConvWeight? Time { get; private init; }

    public int TimeSlot { get; private init; }

    /// <summary>True where the level's input is averaged onto its output (VAE 2.2).</summary>
    public bool Averages { get; private init; }

    /// <summary>Channels out.</summary>
    public int Outputs => Resnets.Length > 0 ? Resnets[^1].Outputs : 0;

    /// <param name="module">Module <paramref name="index"/> and following of <c>encoder.down_blocks</c>; 2.1 numbers every layer.</param>
    /// <param name="loader">Where weights and caches come from.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="level">0 is the largest.</param>
    /// <param name="inputs">Channels in.</param>
    /// <param name="outputs">Channels out.</param>
    /// <param name="index">First module of this level; moved on to the next level's.</param>
    public static DownLevel Load(
        WeightScope module, VaeLoader loader, VaeConfig config, int level, int inputs, int outputs, ref int index)
    {
        bool residual = config.IsResidual;
        bool down = level < config.DimMult.Count - 1;
        var own = module[index];
        var resnets = new ResidualBlock[config.ResBlocks];
        for (int i = 0; i < resnets.Length; i++)
        {
            var at = residual ? own["resnets"][i] : module[index++];
            resnets[i] = ResidualBlock.Load(at, loader, i == 0 ? inputs : outputs, outputs, latentSize: !down);
        }

        bool temporal = down && config.TemporalDownsample[level];
        var resample = residual ? own["downsampler"] : module[index];
        if (residual || down)
        {
            index++;
        }

        return new DownLevel
        {
            Resnets = resnets,
            Resample = down ? loader.Convolution(resample["resample"][1], [outputs, outputs, 3, 3], ConvKind.Halve) : null,
            Time = temporal ? loader.Convolution(resample["time_conv"], [outputs, outputs, 3, 1, 1], ConvKind.Time) : null,
            TimeSlot = temporal ? loader.NextSlot() : 0,
            Averages = residual,
        };
    }

    /// <summary>Runs one frame or two.</summary>
    /// <param name="pass">State.</param>
    /// <param name="x">Frames in; overwritten unless the shortcut needs them.</param>
    /// <param name="state">Kept by the caller from frame to frame.</param>
    /// <returns>Frames out, in scratch memory of the caller's scope; none when another frame is needed first.</returns>
    public Frames Forward(VaePass pass, Frames x, DownState state)
    {
        var h = x;
        for (int i = 0; i < Resnets.Length; i++)
        {
            var block = Resnets[i];
            bool last = i == Resnets.Length - 1;
            bool mayOverwrite = block.InPlace && !(Averages && i == 0);
            var target = last && Resample is not null ? pass.Rent(h, block.Outputs, border: 1)
                : mayOverwrite ? h
                : pass.Take(h, block.Outputs);
            block.Forward(pass, h, target);
            h = target;
        }

        var y = default(Frames);
        for (int i = 0; i < x.Count; i++)
        {
            if (Shrink(pass, x[i], h[i], state, out var made))
            {
                y = y.Count == 0 ? new Frames(made) : new Frames(y.First, made);
            }
        }

        return y;
    }

    bool Shrink(VaePass pass, Plane x, Plane h, DownState state, out Plane y)
    {
        if (Resample is null)
        {
            y = h;
            AddAverage(pass, x, y);
            return true;
        }

        bool complete = Time is null ? Halve(pass, x, h, out y) : HalveFrames(pass, x, h, state, out y);
        pass.Pool.Return(h);
        return complete;
    }

    // At the last level nothing shrinks; the shortcut only fits the channels.
    void AddAverage(VaePass pass, Plane x, Plane y)
    {
        if (Averages)
        {
            var mean = pass.Take(y.Height, y.Width, y.Channels);
            AverageDown.Run(pass.Device, x, mean, 1, 1, frame: 0, add: false);
            Elementwise.Add(pass.Device, mean.Values, y.Values);
        }
    }

    bool Halve(VaePass pass, Plane x, Plane h, out Plane y)
    {
        y = pass.Take(h.Height / 2, h.Width / 2, h.Channels);
        if (Averages)
        {
            AverageDown.Run(pass.Device, x, y, 1, 2, frame: 0, add: false);
        }

        Convolution.Run(pass.Device, new ConvInput(h), Resample!, y, pass.Scratch, Averages ? y : default);
        return true;
    }

    bool HalveFrames(VaePass pass, Plane x, Plane h, DownState state, out Plane y)
    {
        var device = pass.Device;
        var history = pass.History(TimeSlot);
        bool first = history.Seen == 0;
        bool completesPair = !first && history.Seen % 2 == 0;
        var half = pass.Pool.Rent(h.Height / 2, h.Width / 2, h.Channels, border: 0);
        Convolution.Run(device, new ConvInput(h), Resample!, half, pass.Scratch);
        if (Averages)
        {
            // The first frame stands alone, as the later of a pair whose other frame is zero.
            if (!completesPair)
            {
                state.Pending = pass.Pool.Rent(half.Height, half.Width, half.Channels, border: 0);
            }

            AverageDown.Run(device, x, state.Pending, 2, 2, frame: first || completesPair ? 1 : 0, add: completesPair);
        }

        y = default;
        if (first || completesPair)
        {
            y = pass.Take(half.Height, half.Width, half.Channels);
            if (Averages)
            {
                PixelPatch.Copy(device, state.Pending, y);
                pass.Pool.Return(state.Pending);
                state.Pending = default;
            }

            Emit(pass, history.With(half), first, y);
        }

        history.Advance(half, pass.Pool);
        return first || completesPair;
    }

    void Emit(VaePass pass, ConvInput frames, bool first, Plane y)
    {
        if (!first)
        {
            Convolution.Run(pass.Device, frames, Time!, y, pass.Scratch, Averages ? y : default);
        }
        else if (Averages)
        {
            Elementwise.Add(pass.Device, frames.Current.Values, y.Values);
        }
        else
        {
            PixelPatch.Copy(pass.Device, frames.Current, y);
        }
    }
}
