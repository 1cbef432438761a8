namespace Engine.Kernels;

public static unsafe partial class AverageDown
{
    static void Reference(Device device, Plane x, Plane y, AverageStep step)
    {
        int s = step.FactorS;
        var sums = new double[y.Channels];
        for (int row = 0; row < y.Height; row++)
        {
            for (int column = 0; column < y.Width; column++)
            {
                Array.Clear(sums);
                for (int c = 0; c < x.Channels; c++)
                {
                    for (int dy = 0; dy < s; dy++)
                    {
                        for (int dx = 0; dx < s; dx++)
                        {
                            int index = (((((c * step.FactorT) + step.Frame) * s) + dy) * s) + dx;
                            sums[index / step.Group] += x.At((row * s) + dy, (column * s) + dx)[c];
                        }
                    }
                }

                for (int n = 0; n < y.Channels; n++)
                {
                    float* to = y.At(row, column) + n;
                    *to = (float)((sums[n] / step.Group) + (step.Add ? *to : 0));
                }
            }
        }
    }
}
