using Engine.Kernels;
using Engine.Model.Transformer;

namespace Engine.Runtime.Benchmarks;

/// <summary>Something to time: set up once on a device, run many times. A dry run of it counts its operations.</summary>
/// <param name="What">The work in words.</param>
/// <param name="Prepare">Makes what the work needs and returns it.</param>
sealed record Work(string What, Func<Device, Pieces, Action> Prepare);

/// <summary>Tensors, weights and models that a piece of work holds, freed together.</summary>
sealed class Pieces(Device device) : IDisposable
{
    readonly List<IDisposable> _held = [];

    /// <summary>Seconds of what was done before the timed runs, such as loading.</summary>
    public List<(string Name, double Seconds)> Parts { get; } = [];

    /// <summary>Notes what reading blocks took in the run that was just done, in place of what the run before it took.</summary>
    public void Read(BlockReading reading)
    {
        if (reading.Bytes > 0)
        {
            Parts.RemoveAll(part => part.Name.Contains(" blocks", StringComparison.Ordinal));
            Parts.Add(($"reading {reading.Bytes / 1e9:0.00} GB of blocks", reading.Busy));
            Parts.Add(("waiting for blocks", reading.Waited));
        }
    }

    /// <summary>Notes how long the beginning of a file takes to read for itself.</summary>
    public void ReadPlainly(RandomCheckpoint file)
    {
        var (bytes, seconds) = file.ReadPlainly(Cancel);
        Parts.Add(($"plain read of {bytes / 1e9:0.00} GB", seconds));
    }

    /// <summary>Stops work whose single run takes minutes, so that a temporary file is not left behind.</summary>
    public CancellationToken Cancel { get; init; }

    /// <summary>Keeps something until the end.</summary>
    public T Keep<T>(T item)
        where T : IDisposable
    {
        _held.Add(item);
        return item;
    }

    /// <summary>An f32 tensor, uninitialised.</summary>
    public Tensor Tensor(Shape shape)
    {
        var tensor = device.NewTensor(shape);
        _held.Add(tensor.Storage);
        return tensor;
    }

    /// <summary>An f32 tensor of values around 1 in size.</summary>
    public Tensor Noise(Shape shape)
    {
        var tensor = Tensor(shape);
        if (!device.IsDry)
        {
            // A short pattern is enough: speed does not depend on the values, only on their being ordinary.
            var values = new float[tensor.Count];
            for (int i = 0; i < values.Length; i++)
            {
                values[i] = (((i * 2654435761u) >> 16) % 2001 / 1000f) - 1;
            }

            tensor.CopyFrom(values);
        }

        return tensor;
    }

    /// <summary>A weight matrix of small ordinary values.</summary>
    public Weight RandomWeight(DType type, int rows, int columns)
    {
        var weight = Keep(new Weight(device.Allocate(type.Bytes((long)rows * columns)), type, rows, columns));
        if (!device.IsDry)
        {
            var values = new byte[weight.Bytes];
            RandomValues.Fill(type, values);
            device.Upload(values, weight.Storage, 0);
        }

        return weight;
    }

    /// <summary>Scratch memory.</summary>
    public Workspace Workspace() => Keep(new Workspace(device));

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = _held.Count - 1; i >= 0; i--)
        {
            _held[i].Dispose();
        }

        _held.Clear();
    }
}
