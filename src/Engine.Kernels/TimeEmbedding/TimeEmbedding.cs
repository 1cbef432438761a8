namespace Engine.Kernels;

/// <summary>Sinusoidal embedding of timesteps: cosines first, then sines.</summary>
/// <remarks>
/// y[u, i] = cos(t[u] f[i]), y[u, F/2 + i] = sin(t[u] f[i]), f[i] = exp(-ln(10000) i / (F/2)), i = 0 .. F/2 - 1.
/// y: [U, F] f32, F even. Frequencies and angles are rounded to f32, as upstream does; the angles reach 1000, so that this
/// rounding shows in the result.
/// Cost: U F sines; U is the number of distinct timesteps, 1 or 2 as a rule. They are made on the host for every device.
/// </remarks>
public static class TimeEmbedding
{
    // Wider rows are made in a block of the heap.
    const int StackFloats = 1024;

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

        int width = y.Columns;
        Span<float> row = width <= StackFloats ? stackalloc float[width] : new float[width];
        var rows = y.Reshape([timesteps.Length, width]);
        for (int u = 0; u < timesteps.Length; u++)
        {
            Row(timesteps[u], row);
            rows.Slice(u, 1).CopyFrom(row);
        }

        device.Done();
    }

    static void Row(float t, Span<float> row)
    {
        int half = row.Length / 2;
        for (int i = 0; i < half; i++)
        {
            float exponent = (float)-Math.Log(10000) * i / half;
            float angle = t * (float)Math.Exp(exponent);
            row[i] = (float)Math.Cos(angle);
            row[half + i] = (float)Math.Sin(angle);
        }
    }
}
