using System.Runtime.InteropServices;

namespace Engine.Kernels.Profiling;

/// <summary>Operands of one probe on a device: the same values, in the same order, on every device.</summary>
/// <param name="device">Where they are.</param>
/// <param name="weights">How weight matrices are stored.</param>
/// <param name="isReference">True for the run that others are held against.</param>
public sealed class ProbeBench(Device device, DType weights = DType.BF16, bool isReference = false) : IDisposable
{
    readonly List<IDisposable> _held = [];
    readonly List<Tensor> _results = [];
    uint _state = 0x9E3779B9;

    /// <summary>Where the operands are.</summary>
    public Device Device => device;

    /// <summary>True for the run that others are held against.</summary>
    public bool IsReference => isReference;

    /// <summary>What the operation writes, in the order it was made.</summary>
    public IReadOnlyList<Tensor> Results => _results;

    /// <summary>Keeps something until the end.</summary>
    internal T Keep<T>(T item)
        where T : IDisposable
    {
        _held.Add(item);
        return item;
    }

    internal Workspace Scratch() => Keep(new Workspace(device));

    /// <summary>Values between -1 and 1 that are only read.</summary>
    internal Tensor Noise(Shape shape, float offset = 0)
    {
        var tensor = device.NewTensor(shape);
        _held.Add(tensor.Storage);
        float[] values = new float[tensor.Count];
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = Next() + offset;
        }

        tensor.CopyFrom(values);
        return tensor;
    }

    /// <summary>Values that the operation changes in place; compared afterwards.</summary>
    internal Tensor Changed(Shape shape)
    {
        var tensor = Noise(shape);
        _results.Add(tensor);
        return tensor;
    }

    /// <summary>NaN that the operation has to write over; compared afterwards.</summary>
    internal Tensor Result(Shape shape)
    {
        var tensor = device.NewTensor(shape);
        _held.Add(tensor.Storage);
        tensor.Fill(float.NaN);
        _results.Add(tensor);
        return tensor;
    }

    /// <summary>A frame of values, its border zero as convolutions expect it.</summary>
    internal Plane Frame(int height, int width, int channels, int border = 0)
    {
        var tensor = device.NewTensor(Plane.ShapeOf(height, width, channels, border));
        _held.Add(tensor.Storage);
        float[] values = new float[tensor.Count];
        var plane = new Plane(tensor, border);
        for (int y = 0; y < height; y++)
        {
            foreach (ref float v in values.AsSpan((int)plane.Offset(y, 0), width * channels))
            {
                v = Next();
            }
        }

        tensor.CopyFrom(values);
        return plane;
    }

    /// <summary>A frame of zeros for the result; compared afterwards.</summary>
    internal Plane FrameResult(int height, int width, int channels, int border = 0)
    {
        var tensor = device.NewTensor(Plane.ShapeOf(height, width, channels, border));
        _held.Add(tensor.Storage);
        tensor.Fill(0);
        _results.Add(tensor);
        return new Plane(tensor, border);
    }

    /// <summary>A weight matrix as it is stored, of values within about 1/32 of zero.</summary>
    internal Weight Weight(int rows, int columns)
    {
        byte[] bytes = new byte[weights.Bytes((long)rows * columns)];
        ProbeWeights.Fill(weights, bytes, Next);
        var weight = Keep(new Weight(device.Allocate(bytes.Length), weights, rows, columns));
        device.Upload(bytes, weight.Storage, 0);
        return weight;
    }

    /// <summary>A map that sends tokens to <paramref name="rows"/> rows in turn.</summary>
    internal RowMap Rows(int tokens, int rows) => Keep(new RowMap(device, [.. Enumerable.Range(0, tokens).Select(i => i % rows)]));

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            _held[i].Dispose();
        }

        _held.Clear();
    }

    // xorshift32: the same everywhere, and good enough where only the size of the values matters.
    float Next()
    {
        _state ^= _state << 13;
        _state ^= _state >> 17;
        _state ^= _state << 5;
        return ((int)_state >> 7) / (float)(1 << 24);
    }
}

/// <summary>Stored weights of ordinary size in every type.</summary>
static class ProbeWeights
{
    const float Size = 1 / 32f;

    /// <summary>Fills a weight's bytes.</summary>
    /// <param name="type">Stored type.</param>
    /// <param name="bytes">Whole values or blocks.</param>
    /// <param name="next">Gives values between -1 and 1.</param>
    public static void Fill(DType type, Span<byte> bytes, Func<float> next)
    {
        switch (type)
        {
            case DType.F32:
                foreach (ref float v in MemoryMarshal.Cast<byte, float>(bytes))
                {
                    v = Size * next();
                }

                break;
            case DType.BF16:
                foreach (ref ushort v in MemoryMarshal.Cast<byte, ushort>(bytes))
                {
                    v = (ushort)(BitConverter.SingleToUInt32Bits(Size * next()) >> 16);
                }

                break;
            case DType.F16:
                foreach (ref var v in MemoryMarshal.Cast<byte, Half>(bytes))
                {
                    v = (Half)(Size * next());
                }

                break;
            case DType.F8E4M3 or DType.F8E5M2:
                // Sign, a small exponent and a mantissa: both forms hold values of this size.
                foreach (ref byte v in bytes)
                {
                    float x = next();
                    v = (byte)((x < 0 ? 0x80 : 0) | 0x10 | (int)(Math.Abs(x) * 15));
                }

                break;
            default:
                FillBlocks(type, bytes, next);
                break;
        }
    }

    // Any bits will do in a block but those of its f16 scales, which must be small numbers.
    static void FillBlocks(DType type, Span<byte> bytes, Func<float> next)
    {
        foreach (ref byte v in bytes)
        {
            v = (byte)(int)((next() + 1) * 127);
        }

        int[] scales = type switch
        {
            DType.Q4_1 or DType.Q5_1 or DType.Q4_K or DType.Q5_K => [0, 2],
            DType.Q2_K => [80, 82],
            DType.Q3_K => [108],
            DType.Q6_K => [208],
            _ => [0],
        };
        for (int block = 0; block < bytes.Length; block += type.Block().Bytes)
        {
            foreach (int at in scales)
            {
                BitConverter.TryWriteBytes(bytes[(block + at)..], (Half)(0.001f * (next() + 1.5f)));
            }
        }
    }
}
