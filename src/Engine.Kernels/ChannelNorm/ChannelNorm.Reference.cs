namespace Engine.Kernels;

public static unsafe partial class ChannelNorm
{
    static void Reference(Device device, Plane x, Tensor gamma, bool silu, Plane y)
    {
        int channels = x.Channels;
        for (int row = 0; row < x.Height; row++)
        {
            for (int column = 0; column < x.Width; column++)
            {
                float* from = x.At(row, column);
                float* to = y.At(row, column);
                double sum = 0;
                for (int c = 0; c < channels; c++)
                {
                    sum += (double)from[c] * from[c];
                }

                double scale = Math.Sqrt(channels) / Math.Max(Math.Sqrt(sum), Smallest);
                for (int c = 0; c < channels; c++)
                {
                    double v = from[c] * scale * gamma.Pointer[c];
                    to[c] = (float)(silu ? v / (1 + Math.Exp(-v)) : v);
                }
            }
        }
    }
}
