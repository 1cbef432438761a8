using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Two linear layers with a tanh GELU between them.</summary>
/// <remarks>
/// Port of FeedForward as transformer_wan.py uses it, src/diffusers/models/attention.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). The inner activations are the widest of the model, so that long
/// clips go through in slices of rows.
/// </remarks>
sealed class FeedForward : IDisposable
{
    // 64 MiB of inner activations: thousands of rows at any real width, so that reading the weights once per slice costs nothing.
    const long MostInnerValues = 16L << 20;

    readonly Projection _in;
    readonly Projection _out;

    FeedForward(Projection first, Projection second)
    {
        _in = first;
        _out = second;
    }

    /// <summary>Reads <c>net.0.proj</c> and <c>net.2</c> below a prefix.</summary>
    public static FeedForward Load(WeightScope at, int width, int inner) =>
        new(Projection.Load(at["net.0.proj"], inner, width), Projection.Load(at["net.2"], width, inner));

    /// <summary>x[r] += gate[r] * net(h)[r]; h is spent.</summary>
    public void Run(Device device, Tensor h, Tensor x, Tensor gate, RowMap? rows, Workspace scratch)
    {
        int slice = (int)Math.Max(1, Math.Min(h.Rows, MostInnerValues / _in.Outputs));
        using var scope = scratch.Scope();
        var inner = scratch.Take([slice, _in.Outputs]);
        for (int start = 0; start < h.Rows; start += slice)
        {
            int count = Math.Min(slice, h.Rows - start);
            var part = inner.Slice(0, count);
            _in.Run(device, h.Slice(start, count), part, scratch, Activation.GeluTanh);
            if (rows is null || slice == h.Rows)
            {
                _out.Run(device, part, x.Slice(start, count), scratch, output: LinearOutput.AddGated, gate: gate, rows: rows);
            }
            else
            {
                _out.Run(device, part, h.Slice(start, count), scratch);
            }
        }

        // The map counts rows from the first, so that slices cannot use it.
        if (rows is not null && slice < h.Rows)
        {
            Elementwise.AddGated(device, h, gate, rows, x);
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _in.Dispose();
        _out.Dispose();
    }
}
