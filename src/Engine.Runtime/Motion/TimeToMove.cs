using Engine.Kernels;
using Engine.Model.Schedulers;

namespace Engine.Runtime.Motion;

/// <summary>Two clocks: sampling starts from a noised dragged clip, and where something was dragged it stays at that clip for longer.</summary>
/// <remarks>
/// Port of WanImageToVideoTTMPipeline, pipelines/wan_pipeline.py of time-to-move/TTM @ ad9ecea7c7c33a3fac4b6062df17cefeecfa6dee
/// (Apache-2.0). Differs: a static region is put back after every step to the end.
/// Everything lives where the latent does, and nothing is allocated in a step.
/// </remarks>
sealed class TimeToMove : IDisposable
{
    readonly Device _device;
    readonly Tensor _reference;
    readonly Tensor _noise;
    readonly Tensor _noised;
    readonly Tensor _dragged;
    readonly Tensor _still;
    readonly bool _anyStill;
    readonly int _strong;

    /// <summary>Prepares the clocks.</summary>
    /// <param name="device">Where the latent is.</param>
    /// <param name="reference">The encoded dragged clip [C, T, h, w], normalised; freed with this object.</param>
    /// <param name="masks">Where something was dragged, and where nothing may move; null on a dry-run device.</param>
    /// <param name="strongIndex">What was dragged is put back after each step before this one.</param>
    /// <param name="seed">Of the clip's own noise: the second draw of the seed's generator, the first being what sampling would start from otherwise.</param>
    public TimeToMove(Device device, Tensor reference, LatentMasks? masks, int strongIndex, long seed)
    {
        _device = device;
        _reference = reference;
        _noise = device.NewTensor(reference.Shape);
        _noised = device.NewTensor(reference.Shape);
        int positions = reference.Shape[1] * reference.Shape[2] * reference.Shape[3];
        _dragged = Mask(masks?.Dragged, positions);
        _still = Mask(masks?.Still, positions);
        _anyStill = masks is null || masks.Still.Contains(true);
        _strong = strongIndex;
        var random = new TorchRandom(seed);
        random.Normal(_noise);
        random.Normal(_noise);
    }

    /// <summary>Sets the latent to the noised dragged clip.</summary>
    public void Start(IScheduler scheduler, int step, Tensor latent)
    {
        scheduler.AddNoise(step, _reference, _noise, latent);
        scheduler.Begin(step);
    }

    /// <summary>After a step: puts the dragged clip back, noised to where the latent now is, as far as the clocks say.</summary>
    public void PutBack(IScheduler scheduler, int step, Tensor latent)
    {
        bool strong = step < _strong;
        if (!strong && !_anyStill)
        {
            return;
        }

        scheduler.AddNoise(step + 1, _reference, _noise, _noised);
        Select.Run(_device, strong ? _dragged : _still, _noised, latent);
    }

    /// <summary>Frees everything, the encoded clip too.</summary>
    public void Dispose()
    {
        _reference.Dispose();
        _noise.Dispose();
        _noised.Dispose();
        _dragged.Dispose();
        _still.Dispose();
    }

    Tensor Mask(bool[]? marks, int positions)
    {
        var mask = _device.NewTensor([positions]);
        if (marks is not null)
        {
            mask.CopyFrom(Array.ConvertAll(marks, m => m ? 1f : 0f));
        }

        return mask;
    }
}

/// <summary>Masks on the latent's grid.</summary>
/// <param name="Dragged">[T, h, w], true where something was dragged or nothing may move.</param>
/// <param name="Still">[T, h, w], true where nothing may move.</param>
sealed record LatentMasks(bool[] Dragged, bool[] Still)
{
    // A latent that a thing covers by less than this has more of the ground in it.
    const double LeastCover = 0.25;

    /// <summary>Masks of a clip that was made elsewhere, as upstream samples them: frames 0, 1, 1 + 4..., the first pixel of each latent.</summary>
    /// <param name="frames">[H, W] of each pixel frame.</param>
    /// <param name="width">W.</param>
    /// <param name="group">Pixel frames in a latent frame.</param>
    /// <param name="side">Pixels in a latent, along both sides.</param>
    public static LatentMasks Sampled(IReadOnlyList<bool[]> frames, int width, int group, int side)
    {
        int times = ((frames.Count - 1) / group) + 1;
        int columns = width / side;
        int plane = frames[0].Length / (side * side);
        var dragged = new bool[times * plane];
        for (int i = 0; i < dragged.Length; i++)
        {
            int t = i / plane;
            int frame = t == 0 ? 0 : ((t - 1) * group) + 1;
            int cell = i % plane;
            dragged[i] = frames[frame][(cell / columns * side * width) + (cell % columns * side)];
        }

        return new LatentMasks(dragged, new bool[dragged.Length]);
    }

    /// <summary>Masks of a clip that the engine made: latents that are covered enough, on the average of their pixel frames.</summary>
    /// <param name="frames">[H, W] of each pixel frame.</param>
    /// <param name="still">[H, W], or null.</param>
    /// <param name="width">W.</param>
    /// <param name="group">Pixel frames in a latent frame.</param>
    /// <param name="side">Pixels in a latent, along both sides.</param>
    public static LatentMasks Covered(IReadOnlyList<bool[]> frames, bool[]? still, int width, int group, int side)
    {
        int times = ((frames.Count - 1) / group) + 1;
        int plane = frames[0].Length / (side * side);
        var dragged = new bool[times * plane];
        var stays = new bool[times * plane];
        for (int t = 0; t < times; t++)
        {
            int first = t == 0 ? 0 : ((t - 1) * group) + 1;
            int count = t == 0 ? 1 : group;
            var cover = new double[plane];
            for (int f = first; f < first + count; f++)
            {
                Add(frames[f], width, side, 1.0 / count, cover);
            }

            var fixedCover = new double[plane];
            Add(still ?? [], width, side, 1, fixedCover);
            for (int i = 0; i < plane; i++)
            {
                stays[(t * plane) + i] = fixedCover[i] >= 1 - LeastCover;
                dragged[(t * plane) + i] = cover[i] >= LeastCover || stays[(t * plane) + i];
            }
        }

        return new LatentMasks(dragged, stays);
    }

    static void Add(bool[] mask, int width, int side, double weight, double[] cover)
    {
        int columns = width / side;
        for (int i = 0; i < mask.Length; i++)
        {
            if (mask[i])
            {
                cover[(i / width / side * columns) + (i % width / side)] += weight / (side * side);
            }
        }
    }
}
