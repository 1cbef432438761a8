namespace Engine.Kernels;

public static unsafe partial class RepeatUp
{
    static void Reference(Device device, Plane x, Plane y, RepeatStep step)
    {
        int s = step.FactorS;
        for (int row = 0; row < y.Height; row++)
        {
            for (int column = 0; column < y.Width; column++)
            {
                for (int n = 0; n < y.Channels; n++)
                {
                    int index = (((((n * step.FactorT) + step.Frame) * s) + (row % s)) * s) + (column % s);
                    y.At(row, column)[n] = x.At(row / s, column / s)[index / step.Repeats];
                }
            }
        }
    }
}
