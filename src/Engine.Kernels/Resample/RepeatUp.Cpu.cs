using System.Runtime.CompilerServices;

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
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int part)
        {
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                RepeatRow(row, x.At(row / step.FactorS, 0), y.At(row, 0));
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void RepeatRow(int row, float* source, float* to)
        {
            int s = step.FactorS;
            int stride = step.FactorT * s * s;
            int channels = y.Channels;
            int repeats = step.Repeats;
            int width = y.Width;
            for (int column = 0; column < width; column++, to += channels)
            {
                float* from = source + ((nint)(column / s) * x.Channels);
                int index = (((step.Frame * s) + (row % s)) * s) + (column % s);
                if (stride == repeats)
                {
                    Unsafe.CopyBlock(to, from, (uint)channels * sizeof(float));
                }
                else if (stride % repeats == 0)
                {
                    int apart = stride / repeats;
                    from += index / repeats;
                    for (int n = 0; n < channels; n++)
                    {
                        to[n] = from[n * apart];
                    }
                }
                else
                {
                    for (int n = 0; n < channels; n++)
                    {
                        to[n] = from[((n * stride) + index) / repeats];
                    }
                }
            }
        }
    }
}
