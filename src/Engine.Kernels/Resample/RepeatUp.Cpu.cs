namespace Engine.Kernels;

public static unsafe partial class RepeatUp
{
    static void CpuRows(Device device, Plane x, Plane y, RepeatStep step)
    {
        var split = new RowSplit(y.Height, (long)y.Width * y.Channels);
        var job = new RowsJob(x, y, step, split);
        ((CpuDevice)device).Pool.Run(split.Parts, ref job);
    }

    readonly struct RowsJob(Plane x, Plane y, RepeatStep step, RowSplit split) : IPartitioned
    {
        public void Run(int part)
        {
            int s = step.FactorS;
            int stride = step.FactorT * s * s;
            int channels = y.Channels;
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                for (int column = 0; column < y.Width; column++)
                {
                    float* from = x.At(row / s, column / s);
                    float* to = y.At(row, column);
                    int index = (((step.Frame * s) + (row % s)) * s) + (column % s);
                    if (stride % step.Repeats == 0)
                    {
                        int apart = stride / step.Repeats;
                        from += index / step.Repeats;
                        for (int n = 0; n < channels; n++)
                        {
                            to[n] = from[n * apart];
                        }
                    }
                    else
                    {
                        for (int n = 0; n < channels; n++)
                        {
                            to[n] = from[((n * stride) + index) / step.Repeats];
                        }
                    }
                }
            }
        }
    }
}
