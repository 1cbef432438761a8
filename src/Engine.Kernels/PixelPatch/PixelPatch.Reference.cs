namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class PixelPatch
{
    static void ReferencePatch(Device device, Plane pixels, Plane folded, int patch, bool fold)
    {
        for (int row = 0; row < pixels.Height; row++)
        {
            for (int column = 0; column < pixels.Width; column++)
            {
                for (int c = 0; c < pixels.Channels; c++)
                {
                    int channel = (((c * patch) + (column % patch)) * patch) + (row % patch);
                    float* deep = folded.At(row / patch, column / patch) + channel;
                    float* pixel = pixels.At(row, column) + c;
                    *(fold ? deep : pixel) = *(fold ? pixel : deep);
                }
            }
        }
    }

    static void ReferenceFrame(Device device, Tensor first, Plane last, bool toLast)
    {
        for (long i = 0; i < first.Count; i++)
        {
            int column = (int)(i % last.Width);
            int row = (int)(i / last.Width % last.Height);
            float* deep = last.At(row, column) + (i / last.Width / last.Height);
            *(toLast ? deep : first.Pointer + i) = *(toLast ? first.Pointer + i : deep);
        }
    }
}
