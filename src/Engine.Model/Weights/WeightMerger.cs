using System.Buffers;
using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Adds changes to tensors as they are loaded. The products are computed on the device that the tensors go to.</summary>
static class WeightMerger
{
    // Values of a matrix that are widened at a time: 8 MiB of f32, so that no plan has to know of it.
    const int ChunkValues = 2 << 20;

    /// <summary>Fills a block with a matrix and its changes, in the matrix's own stored type.</summary>
    /// <remarks>w = nearest(w * scale + sum of factor * up * down) / scale, with sums in f32; only the result is rounded.</remarks>
    /// <param name="source">Where the matrix is.</param>
    /// <param name="tensor">The matrix [N, K].</param>
    /// <param name="scale">Factor that its stored values have.</param>
    /// <param name="changes">What is added.</param>
    /// <param name="storage">Filled whole.</param>
    public static void Merge(IWeightSource source, TensorInfo tensor, float scale, IReadOnlyList<WeightChange> changes, Storage storage)
    {
        var device = storage.Device;
        int rows = checked((int)tensor.Shape[0]);
        int columns = checked((int)(Count(tensor) / rows));
        int most = Math.Min(rows, Math.Max(1, ChunkValues / columns));
        using var scratch = new Workspace(device);
        using var values = device.NewTensor([most, columns]);
        var terms = changes.Select(change => new Term(change, device, rows, columns)).ToList();
        byte[] stored = ArrayPool<byte>.Shared.Rent(checked((int)tensor.Type.Bytes((long)most * columns)));
        float[] host = ArrayPool<float>.Shared.Rent(most * columns);
        try
        {
            for (int row = 0; row < rows && !device.IsDry; row += most)
            {
                int now = Math.Min(most, rows - row);
                var bytes = stored.AsSpan(0, checked((int)tensor.Type.Bytes((long)now * columns)));
                var widened = host.AsSpan(0, now * columns);
                long offset = tensor.Type.Bytes((long)row * columns);
                source.Read(tensor, offset, bytes);
                WeightReader.Widen(tensor.Type, bytes, widened);
                var part = values.Slice(0, now);
                part.CopyFrom(widened);
                if (scale != 1)
                {
                    Elementwise.Scale(device, part, scale);
                }

                foreach (var term in terms)
                {
                    term.Add(device, row, part, scratch);
                }

                if (scale != 1)
                {
                    Elementwise.Scale(device, part, 1 / scale);
                }

                part.CopyTo(widened);
                Narrowing.Run(tensor.Type, widened, bytes);
                device.Upload(bytes, storage, offset);
            }
        }
        finally
        {
            terms.ForEach(term => term.Dispose());
            ArrayPool<byte>.Shared.Return(stored);
            ArrayPool<float>.Shared.Return(host);
        }
    }

    /// <summary>Adds changes to a small tensor in f32.</summary>
    public static void Add(Tensor values, IReadOnlyList<WeightChange> changes)
    {
        using var difference = values.Device.NewTensor(values.Shape);
        foreach (var change in changes)
        {
            WeightReader.Widen(change.Source, change.Up, difference);
            Elementwise.MulAdd(values.Device, difference, change.Factor, values);
        }
    }

    static long Count(TensorInfo tensor) => tensor.Shape.Aggregate(1L, (product, extent) => product * extent);

    /// <summary>One change on the device: up [N, rank] with the factor in it, and down turned round [K, rank].</summary>
    sealed class Term : IDisposable
    {
        readonly Tensor _up;
        readonly Weight? _down;

        public Term(WeightChange change, Device device, int rows, int columns)
        {
            int rank = change.Down is null ? columns : change.Rank;
            _up = device.NewTensor([rows, rank]);
            WeightReader.Widen(change.Source, change.Up, _up);
            if (!device.IsDry)
            {
                Elementwise.Scale(device, _up, change.Factor);
            }

            if (change.Down is { } down)
            {
                var storage = device.Allocate((long)columns * rank * sizeof(float));
                _down = new Weight(storage, DType.F32, columns, rank);
                using var plain = device.NewTensor([rank, columns]);
                WeightReader.Widen(change.Source, down, plain);
                float[] from = device.IsDry ? [] : plain.ToArray();
                float[] to = new float[from.Length];
                for (int r = 0; r < rank && !device.IsDry; r++)
                {
                    for (int k = 0; k < columns; k++)
                    {
                        to[(k * rank) + r] = from[(r * columns) + k];
                    }
                }

                device.Upload(MemoryMarshal.AsBytes(to.AsSpan()), storage, 0);
            }
        }

        public void Add(Device device, int row, Tensor part, Workspace scratch)
        {
            var up = _up.Slice(row, part.Rows);
            if (_down is null)
            {
                Elementwise.Add(device, up, part);
            }
            else
            {
                Linear.Run(device, up, _down, default, part, scratch, output: LinearOutput.Add);
            }
        }

        public void Dispose()
        {
            _up.Dispose();
            _down?.Dispose();
        }
    }
}
