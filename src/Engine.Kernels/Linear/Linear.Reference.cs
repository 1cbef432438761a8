namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Linear
{
    static void Reference(Device device, in LinearCall call)
    {
        int inputs = call.W.Columns;
        int outputs = call.W.Rows;
        for (int m = 0; m < call.X.Rows; m++)
        {
            float* x = call.X.Pointer + ((long)m * inputs);
            float* y = call.Y.Pointer + ((long)m * outputs);
            for (int n = 0; n < outputs; n++)
            {
                double sum = 0;
                for (int k = 0; k < inputs; k++)
                {
                    sum += (double)x[k] * Widening.Reference(call.W.Type, call.W.Address, ((long)n * inputs) + k);
                }

                sum *= call.W.Scale;
                sum += call.Bias.IsEmpty ? 0 : call.Bias.Pointer[n];
                double v = ActivationMath.Reference(call.Activation, sum);
                y[n] = call.Output switch
                {
                    LinearOutput.Add => (float)(y[n] + v),
                    LinearOutput.AddGated => (float)(y[n] + (v * Gate(call, m, n))),
                    LinearOutput.Multiply => (float)(y[n] * v),
                    _ => (float)v,
                };
            }
        }
    }

    static float Gate(in LinearCall call, int m, int n)
    {
        int row = call.Map is null ? 0 : call.Map.Pointer[m];
        return call.Gate.Pointer[((long)row * call.W.Rows) + n];
    }
}
