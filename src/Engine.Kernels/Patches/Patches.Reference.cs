namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Patches
{
    static void ReferenceGather(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch)
    {
        var grid = new Grid(latent, patch);
        foreach (var (row, c, t, h, w, at) in Positions(grid))
        {
            long column = ((((c * patch.T) + t) * patch.H) + h) * patch.W + w;
            rows.Pointer[(row * grid.Values) + column] = latent.Pointer[at];
        }
    }

    static void ReferenceScatter(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch)
    {
        var grid = new Grid(latent, patch);
        foreach (var (row, c, t, h, w, at) in Positions(grid))
        {
            long column = ((((t * patch.H) + h) * patch.W) + w) * grid.C + c;
            latent.Pointer[at] = rows.Pointer[(row * grid.Values) + column];
        }
    }

    /// <summary>For each latent position: its patch's row, its channel, its place in the patch, its index.</summary>
    static IEnumerable<(long Row, int C, int T, int H, int W, long At)> Positions(Grid grid)
    {
        for (int c = 0; c < grid.C; c++)
        {
            for (int t = 0; t < grid.T; t++)
            {
                for (int h = 0; h < grid.H; h++)
                {
                    for (int w = 0; w < grid.W; w++)
                    {
                        long row = (((t / grid.PatchT * grid.Tall) + (h / grid.PatchH)) * grid.Wide) + (w / grid.PatchW);
                        yield return (row, c, t % grid.PatchT, h % grid.PatchH, w % grid.PatchW, grid.At(c, t, h) + w);
                    }
                }
            }
        }
    }
}
