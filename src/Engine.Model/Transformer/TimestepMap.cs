using Engine.Kernels;

namespace Engine.Model.Transformer;

/// <summary>Timesteps of the tokens: one for all, or one per token.</summary>
/// <remarks>
/// Distinct values are embedded once each, and every token names its value. Make one map per clip and set
/// <see cref="Values"/> before each step: nothing is allocated then.
/// </remarks>
public sealed class TimestepMap : IDisposable
{
    readonly float[] _values;
    readonly RowMap? _once;
    readonly RowMap? _twice;

    TimestepMap(float[] values, RowMap? once, RowMap? twice)
    {
        _values = values;
        _once = once;
        _twice = twice;
    }

    /// <summary>Distinct timesteps, 0 to 1000; may be set anew between forwards.</summary>
    public Span<float> Values => _values;

    /// <summary>Tokens that the map is for, or null when one timestep is for all.</summary>
    public int? Tokens => _once?.Count;

    /// <summary>One timestep for all tokens.</summary>
    public static TimestepMap Single(float timestep) => new([timestep], null, null);

    /// <summary>A timestep for each token, in the tokens' order t, h, w.</summary>
    /// <param name="device">Device that the model runs on.</param>
    /// <param name="timesteps">One per token; equal values share a row of <see cref="Values"/>, in order of first appearance.</param>
    public static TimestepMap PerToken(Device device, ReadOnlySpan<float> timesteps)
    {
        var rowOf = new Dictionary<float, int>();
        int[] rows = new int[timesteps.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            if (!rowOf.TryGetValue(timesteps[i], out rows[i]))
            {
                rows[i] = rowOf.Count;
                rowOf.Add(timesteps[i], rows[i]);
            }
        }

        return ByRow(device, rows, [.. rowOf.Keys]);
    }

    /// <summary>A row of <paramref name="values"/> for each token, e.g. row 0 (given, timestep 0) or row 1 (to be made).</summary>
    /// <param name="device">Device that the model runs on.</param>
    /// <param name="rows">One per token, in the tokens' order t, h, w.</param>
    /// <param name="values">Timesteps of the rows.</param>
    public static TimestepMap ByRow(Device device, ReadOnlySpan<int> rows, ReadOnlySpan<float> values)
    {
        foreach (int row in rows)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(row, values.Length, nameof(rows));
        }

        return new([.. values], new RowMap(device, rows), new RowMap(device, [.. rows, .. rows]));
    }

    /// <summary>The map for that many copies of the tokens, one after the other.</summary>
    internal RowMap? Rows(int copies) => copies == 1 ? _once : _twice;

    /// <summary>Frees the maps.</summary>
    public void Dispose()
    {
        _once?.Dispose();
        _twice?.Dispose();
    }
}
