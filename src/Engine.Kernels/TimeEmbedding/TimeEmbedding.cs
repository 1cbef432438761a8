namespace Engine.Kernels;

/// <summary>Sinusoidal embedding of timesteps: cosines first, then sines.</summary>
/// <remarks>
/// y[u, i] = cos(t[u] f[i]), y[u, F/2 + i] = sin(t[u] f[i]), f[i] = exp(-ln(10000) i / (F/2)), i = 0 .. F/2 - 1.
/// y: [U, F] f32, F even. Frequencies and angles are rounded to f32, as upstream does; the angles reach 1000, so that this
/// rounding shows in the result.
/// Cost: U F sines; U is the number of distinct timesteps, 1 or 2 as a rule.
/// </remarks>
public static unsafe class TimeEmbedding
{
    /// <summary>Computes the embeddings.</summary>
    /// <param name="device">Where the result lives.</param>
    /// <param name="timesteps">t, U values on the host.</param>
    /// <param name="y">Output [U, F].</param>
    public static void Run(Device device, ReadOnlySpan<float> timesteps, Tensor y)
    {
        Operands.Extent(nameof(TimeEmbedding), "rows of y", timesteps.Length, y.Rows);
        Operands.Extent(nameof(TimeEmbedding), "remainder of width by 2", 0, y.Columns % 2);
        if (device.Skips(nameof(TimeEmbedding), 20.0 * y.Count, 4.0 * y.Count))
        {
            return;
        }

        int half = y.Columns / 2;
        float* row = y.Pointer;
        foreach (float t in timesteps)
        {
            for (int i = 0; i < half; i++)
            {
                float exponent = (float)-Math.Log(10000) * i / half;
                float angle = t * (float)Math.Exp(exponent);
                row[i] = (float)Math.Cos(angle);
                row[half + i] = (float)Math.Sin(angle);
            }

            row += y.Columns;
        }
    }
}
