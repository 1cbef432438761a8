using BenchmarkDotNet.Attributes;
using Engine.Kernels;

namespace Engine.Perf.Operations;

/// <summary>What the benchmarks of single operations share: a device, scratch and tensors of noise.</summary>
public abstract class KernelBenchmarks : IDisposable
{
    readonly List<IDisposable> _held = [];

    /// <summary>Worker threads.</summary>
    [Params(1, 2)]
    public int Threads { get; set; }

    /// <summary>Instruction set.</summary>
    [Params(Isa.Avx2, Isa.Avx512)]
    public Isa Isa { get; set; }

    protected CpuDevice Device { get; private set; } = null!;

    protected Workspace Scratch { get; private set; } = null!;

    /// <summary>Frees everything; also between parameter sets.</summary>
    [GlobalCleanup]
    public void Dispose()
    {
        _held.ForEach(h => h.Dispose());
        _held.Clear();
        GC.SuppressFinalize(this);
    }

    protected void Open()
    {
        _held.Add(Device = new CpuDevice(Threads, Isa));
        _held.Add(Scratch = new Workspace(Device));
    }

    protected Tensor Noise(Shape shape)
    {
        var tensor = Device.NewTensor(shape);
        _held.Add(tensor);
        var random = new Random(1);
        foreach (ref float v in tensor.Span)
        {
            v = random.NextSingle() - 0.5f;
        }

        return tensor;
    }

    /// <summary>Weights of arbitrary but finite values.</summary>
    protected unsafe Weight Weights(DType type, int rows, int columns)
    {
        var weight = new Weight(Device.Allocate(type.Bytes((long)rows * columns)), type, rows, columns);
        _held.Add(weight);
        new Span<byte>(weight.Address, checked((int)weight.Bytes)).Fill(0x3C);
        return weight;
    }
}
