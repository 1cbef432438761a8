namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Rope
{
    static void Reference(Device device, Tensor x, Tensor cos, Tensor sin, int heads)
    {
        int half = cos.Columns;
        for (int l = 0; l < x.Rows; l++)
        {
            for (int h = 0; h < heads; h++)
            {
                float* at = x.Pointer + (((long)l * heads) + h) * 2 * half;
                for (int i = 0; i < half; i++)
                {
                    double c = cos.Pointer[((long)l * half) + i];
                    double s = sin.Pointer[((long)l * half) + i];
                    double a = at[2 * i];
                    double b = at[(2 * i) + 1];
                    at[2 * i] = (float)((a * c) - (b * s));
                    at[(2 * i) + 1] = (float)((a * s) + (b * c));
                }
            }
        }
    }
}
