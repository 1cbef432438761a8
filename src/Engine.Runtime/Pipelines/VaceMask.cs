using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Folds the masks of a clip's frames into channels of its latents.</summary>
/// <remarks>
/// Port of prepare_masks, pipeline_wan_vace.py @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0): the pixels of a latent, row by row,
/// are channels; of the frames the one nearest to a latent frame's middle is taken ("nearest-exact").
/// </remarks>
static class VaceMask
{
    /// <summary>Fills the mask channels.</summary>
    /// <param name="into">[S S, T, h, w], reference frames included, which get 0.</param>
    /// <param name="plan">Masks of the frames.</param>
    /// <param name="lead">Reference frames.</param>
    /// <param name="factor">S, pixels per latent on each side.</param>
    public static void Fill(Tensor into, VacePlan plan, int lead, int factor)
    {
        if (into.Device.IsDry)
        {
            return;
        }

        var shape = into.Shape;
        int latents = shape[1] - lead;
        int plane = shape[2] * shape[3];
        var values = new float[into.Count];
        int frame = 0;
        int[] wanted = Wanted(plan.FrameCount, latents);
        int next = 0;
        foreach (float[] mask in plan.Masks())
        {
            for (; next < latents && wanted[next] == frame; next++)
            {
                Fold(mask, factor, shape[3], plane, values, (lead + next) * plane, shape[1] * plane);
            }

            frame++;
        }

        into.CopyFrom(values);
    }

    static int[] Wanted(int frames, int latents)
    {
        float scale = (float)frames / latents;
        return [.. Enumerable.Range(0, latents).Select(t => Math.Min((int)MathF.Floor((t + 0.5f) * scale), frames - 1))];
    }

    static void Fold(float[] mask, int factor, int columns, int plane, float[] into, int start, int channel)
    {
        int width = columns * factor;
        for (int c = 0; c < factor * factor; c++)
        {
            for (int i = 0; i < plane; i++)
            {
                int y = (i / columns * factor) + (c / factor);
                int x = (i % columns * factor) + (c % factor);
                into[(c * channel) + start + i] = mask[(y * width) + x];
            }
        }
    }
}
