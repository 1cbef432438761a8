using System.Runtime.CompilerServices;

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
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int part)
        {
            int s = step.FactorS;
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                float* to = y.At(row, 0);
                if (!step.Add)
                {
                    new Span<float>(to, y.Width * y.Channels).Clear();
                }

                for (int dy = 0; dy < s; dy++)
                {
                    AddRow(x.At((row * s) + dy, 0), to, ((step.Frame * s) + dy) * s);
                }
            }
        }

        // Walks the input pixels channel by channel; the output channel moves on by a fixed fraction.
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        void AddRow(float* from, float* to, int firstIndex)
        {
            int s = step.FactorS;
            int stride = step.FactorT * s * s;
            int group = step.Group;
            int channels = x.Channels;
            int width = x.Width;
            float factor = 1f / group;
            for (int column = 0; column < width; column++, from += channels)
            {
                float* pixel = to + ((nint)(column / s) * y.Channels);
                int index = firstIndex + (column % s);
                if (stride == group)
                {
                    for (int c = 0; c < channels; c++)
                    {
                        pixel[c] += from[c] * factor;
                    }
                }
                else if (stride % group == 0)
                {
                    float* target = pixel + (index / group);
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
                        pixel[((c * stride) + index) / group] += from[c] * factor;
                    }
                }
            }
        }
    }
}
