namespace Engine.Kernels;

public static unsafe partial class AverageDown
{
    static void CpuRows(Device device, Plane x, Plane y, AverageStep step)
    {
        var split = new RowSplit(y.Height, (long)y.Width * step.FactorS * step.FactorS * x.Channels);
        var job = new RowsJob(x, y, step, split);
        ((CpuDevice)device).Pool.Run(split.Parts, ref job);
    }

    readonly struct RowsJob(Plane x, Plane y, AverageStep step, RowSplit split) : IPartitioned
    {
        public void Run(int part)
        {
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                if (!step.Add)
                {
                    new Span<float>(y.At(row, 0), y.Width * y.Channels).Clear();
                }

                for (int column = 0; column < y.Width; column++)
                {
                    Pixel(row, column, y.At(row, column));
                }
            }
        }

        // Walks each of the s x s input pixels channel by channel; the output channel moves on by a fixed fraction.
        void Pixel(int row, int column, float* to)
        {
            int s = step.FactorS;
            int stride = step.FactorT * s * s;
            int group = step.Group;
            int channels = x.Channels;
            float factor = 1f / group;
            for (int dy = 0; dy < s; dy++)
            {
                for (int dx = 0; dx < s; dx++)
                {
                    float* from = x.At((row * s) + dy, (column * s) + dx);
                    int index = (((step.Frame * s) + dy) * s) + dx;
                    if (stride % group == 0)
                    {
                        float* target = to + (index / group);
                        int apart = stride / group;
                        for (int c = 0; c < channels; c++)
                        {
                            target[c * apart] += from[c] * factor;
                        }
                    }
                    else
                    {
                        for (int c = 0; c < channels; c++)
                        {
                            to[((c * stride) + index) / group] += from[c] * factor;
                        }
                    }
                }
            }
        }
    }
}
