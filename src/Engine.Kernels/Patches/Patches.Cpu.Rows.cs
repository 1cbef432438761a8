namespace Engine.Kernels;

/// <content>Lines of patches shared out over the threads; the latent is read and written along its rows.</content>
public static unsafe partial class Patches
{
    static void CpuGather(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch) =>
        RunLines(device, latent, rows, patch, scatter: false);

    static void CpuScatter(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch) =>
        RunLines(device, latent, rows, patch, scatter: true);

    static void RunLines(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch, bool scatter)
    {
        var grid = new Grid(latent, patch);
        var job = new LinesJob
        {
            Latent = latent.Pointer,
            Rows = rows.Pointer,
            Grid = grid,
            Scatter = scatter,
            Split = new RowSplit(grid.Lines, (long)grid.Wide * grid.Values),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    struct LinesJob : IPartitioned
    {
        public float* Latent;
        public float* Rows;
        public Grid Grid;
        public bool Scatter;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int line = Split.Start(part); line < Split.End(part); line++)
            {
                int t0 = line / Grid.Tall * Grid.PatchT;
                int h0 = line % Grid.Tall * Grid.PatchH;
                float* rows = Rows + ((long)line * Grid.Wide * Grid.Values);
                for (int c = 0; c < Grid.C; c++)
                {
                    for (int t = 0; t < Grid.PatchT; t++)
                    {
                        for (int h = 0; h < Grid.PatchH; h++)
                        {
                            float* latent = Latent + Grid.At(c, t0 + t, h0 + h);
                            if (Scatter)
                            {
                                ScatterRow(rows + (((t * Grid.PatchH) + h) * Grid.PatchW * Grid.C) + c, latent);
                            }
                            else
                            {
                                GatherRow(latent, rows + ((((c * Grid.PatchT) + t) * Grid.PatchH) + h) * Grid.PatchW);
                            }
                        }
                    }
                }
            }
        }

        readonly void GatherRow(float* latent, float* rows)
        {
            for (int patch = 0; patch < Grid.Wide; patch++)
            {
                for (int w = 0; w < Grid.PatchW; w++)
                {
                    rows[w] = *latent++;
                }

                rows += Grid.Values;
            }
        }

        readonly void ScatterRow(float* rows, float* latent)
        {
            for (int patch = 0; patch < Grid.Wide; patch++)
            {
                for (int w = 0; w < Grid.PatchW; w++)
                {
                    *latent++ = rows[w * Grid.C];
                }

                rows += Grid.Values;
            }
        }
    }
}
