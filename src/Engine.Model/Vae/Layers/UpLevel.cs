using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Vae.Layers;

/// <summary>One level of the decoder: residual blocks, then twice the size and, at some levels, twice the frames.</summary>
/// <remarks>
/// WanUpBlock (VAE 2.1), WanResidualUpBlock (2.2, with DupUp3D around it) and WanResample,
/// src/diffusers/models/autoencoders/autoencoder_kl_wan.py of huggingface/diffusers
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Differs: frames run one by one, or two by two, through all levels
/// ("depth first"), so that no level ever holds the whole chunk.
/// </remarks>
sealed class UpLevel
{
    public required ResidualBlock[] Resnets { get; init; }

    /// <summary>The 3x3 convolution after enlarging; null at the last level.</summary>
    public ConvWeight? Resample { get; private init; }

    /// <summary>The convolutions that make the even and the odd frame of each pair; null where the frame rate stays.</summary>
    public ConvWeight[]? Time { get; private init; }

    public int TimeSlot { get; private init; }

    /// <summary>True where the level's input is repeated onto its output (VAE 2.2).</summary>
    public bool Repeats { get; private init; }

    /// <summary>Channels of the residual blocks' results.</summary>
    public int Outputs => Resnets[^1].Outputs;

    public static UpLevel Load(WeightScope at, VaeLoader loader, VaeConfig config, int level, int inputs, int outputs)
    {
        var resnets = new ResidualBlock[config.ResBlocks + 1];
        for (int i = 0; i < resnets.Length; i++)
        {
            resnets[i] = ResidualBlock.Load(at["resnets"][i], loader, i == 0 ? inputs : outputs, outputs, latentSize: level == 0);
        }

        int ups = config.DimMult.Count - 1;
        if (level == ups)
        {
            return new UpLevel { Resnets = resnets };
        }

        var up = config.IsResidual ? at["upsampler"] : at["upsamplers"][0];
        int resampled = config.IsResidual ? outputs : outputs / 2;
        bool temporal = config.TemporalDownsample[ups - 1 - level];
        return new UpLevel
        {
            Resnets = resnets,
            Resample = loader.Convolution(up["resample"][1], [resampled, outputs, 3, 3], ConvKind.Double),
            Time = temporal
                ? loader.Convolutions(up["time_conv"], [2 * outputs, outputs, 3, 1, 1], ConvKind.Time, [outputs, outputs])
                : null,
            TimeSlot = temporal ? loader.NextSlot() : 0,
            Repeats = config.IsResidual,
        };
    }

    /// <summary>Output frames that one input frame makes now: 2 where the frame rate doubles, but 1 for the clip's first frame.</summary>
    public int FramesOut(VaePass pass) => Time is not null && !pass.IsFirst ? 2 : 1;

    /// <summary>Runs the residual blocks; x is overwritten unless it is needed later.</summary>
    /// <returns>The result: x itself at the last level, else planes that <see cref="Enlarge"/> takes.</returns>
    public Frames Blocks(VaePass pass, Frames x)
    {
        var h = x;
        for (int i = 0; i < Resnets.Length; i++)
        {
            var block = Resnets[i];
            bool last = i == Resnets.Length - 1;
            bool mayOverwrite = block.InPlace && !(Repeats && i == 0);

            // The time convolution reads planes without border, the enlarging one with.
            var y = last && Resample is not null ? pass.Rent(h, block.Outputs, border: FramesOut(pass) == 2 ? 0 : 1)
                : mayOverwrite ? h
                : pass.Take(h, block.Outputs);
            block.Forward(pass, h, y);
            h = y;
        }

        return h;
    }

    /// <summary>Makes an output frame from what <see cref="Blocks"/> returned; each in turn, as the last of an input frame puts that away.</summary>
    /// <param name="pass">State.</param>
    /// <param name="x">The level's input, for the shortcut.</param>
    /// <param name="h">Result of <see cref="Blocks"/>.</param>
    /// <param name="frame">Which output frame: <see cref="FramesOut"/> from each frame in.</param>
    public Plane Enlarge(VaePass pass, Frames x, Frames h, int frame)
    {
        int frames = FramesOut(pass);
        var y = EnlargeOne(pass, x[frame / frames], h[frame / frames], frame % frames, frames);
        if (frame % frames == frames - 1)
        {
            PutAway(pass, h[frame / frames]);
        }

        return y;
    }

    Plane EnlargeOne(VaePass pass, Plane x, Plane h, int frame, int frames)
    {
        var resample = Resample!;
        var y = pass.Take(2 * h.Height, 2 * h.Width, resample.Outputs);
        if (Repeats)
        {
            // Of the pair that the shortcut makes, the clip's first frame keeps the later one.
            int factor = Time is null ? 1 : 2;
            RepeatUp.Run(pass.Device, x, y, factor, factorS: 2, frame: pass.IsFirst ? factor - 1 : frame);
        }

        var residual = Repeats ? y : default;
        if (frames == 1)
        {
            Convolution.Run(pass.Device, new ConvInput(h), resample, y, pass.Scratch, residual);
            return y;
        }

        var moment = pass.Pool.Rent(h.Height, h.Width, h.Channels, border: 1);
        Convolution.Run(pass.Device, pass.History(TimeSlot).With(h), Time![frame], moment, pass.Scratch);
        Convolution.Run(pass.Device, new ConvInput(moment), resample, y, pass.Scratch, residual);
        pass.Pool.Return(moment);
        return y;
    }

    // Into the cache of the time convolution, or back to the pool.
    void PutAway(VaePass pass, Plane h)
    {
        if (FramesOut(pass) == 2)
        {
            pass.History(TimeSlot).Advance(h, pass.Pool);
        }
        else
        {
            pass.Pool.Return(h);
        }
    }
}
