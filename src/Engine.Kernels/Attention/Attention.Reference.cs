namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Attention
{
    static void Reference(Device device, in AttentionCall call)
    {
        int queries = call.Q.Rows;
        int keys = call.K.Rows;
        int depth = call.HeadDim;
        int width = call.Heads * depth;
        var p = new double[keys];
        var sums = new double[depth];
        for (int h = 0; h < call.Heads; h++)
        {
            for (int i = 0; i < queries; i++)
            {
                float* q = call.Q.Pointer + ((long)i * width) + (h * depth);
                float* y = call.Y.Pointer + ((long)i * width) + (h * depth);
                double highest = double.NegativeInfinity;
                for (int j = 0; j < keys; j++)
                {
                    float* k = call.K.Pointer + ((long)j * width) + (h * depth);
                    double dot = 0;
                    for (int d = 0; d < depth; d++)
                    {
                        dot += (double)q[d] * k[d];
                    }

                    p[j] = (dot * call.Scale) + (call.Bias.IsEmpty ? 0 : call.Bias.Pointer[((((long)h * queries) + i) * keys) + j]);
                    p[j] += j == keys - 1 ? Math.Log(call.LastKeyCopies) : 0;
                    highest = Math.Max(highest, p[j]);
                }

                Array.Clear(sums);
                double total = 0;
                for (int j = 0; j < keys; j++)
                {
                    float* v = call.V.Pointer + ((long)j * width) + (h * depth);
                    double weight = Math.Exp(p[j] - highest);
                    total += weight;
                    for (int d = 0; d < depth; d++)
                    {
                        sums[d] += weight * v[d];
                    }
                }

                for (int d = 0; d < depth; d++)
                {
                    y[d] = (float)(sums[d] / total);
                }
            }
        }
    }
}
