using Engine.Kernels;
using Engine.Kernels.Gpu;

namespace Engine.Runtime.Verification;

/// <summary>One case being run: its data, the device, and the rows found so far.</summary>
sealed class CaseRun(GoldenCase golden, Device device, Action<VerificationRow> report)
{
    readonly HashSet<string> _compared = new(StringComparer.Ordinal);
    readonly HashSet<string> _inputs = new(StringComparer.Ordinal);

    readonly double _tolerance = golden.Tolerance(reduced: device is GpuDevice { ReducedPrecision: true });

    public GoldenCase Golden { get; } = golden;

    public Device Device { get; } = device;

    /// <summary>Reads a tensor that is an input, not to be compared.</summary>
    public GoldenTensor Input(string name)
    {
        _inputs.Add(name);
        return Golden.Tensor(name);
    }

    /// <summary>An input as a tensor on the device, without its leading batch axis of 1.</summary>
    public Tensor InputOnDevice(string name, bool dropBatch = true)
    {
        var values = Input(name);
        int[] shape = dropBatch ? values.Shape[1..] : values.Shape;
        if (dropBatch && values.Shape[0] != 1)
        {
            throw new EngineException(ErrorKind.BadInput, $"Case {Golden.Name}: tensor '{name}' has a batch of {values.Shape[0]}; only 1 is run.");
        }

        var tensor = Device.NewTensor(Shape.Create(shape));
        tensor.CopyFrom(values.Values);
        return tensor;
    }

    /// <summary>Compares one output tensor; shapes are compared without axes of 1.</summary>
    public void Compare(string name, ReadOnlySpan<float> got, Shape shape)
    {
        _compared.Add(name);
        var want = Golden.Tensor(name);
        if (!Squeezed(shape.ToArray()).SequenceEqual(Squeezed(want.Shape)))
        {
            Fail(name, $"the engine gives {shape}, the reference [{string.Join(", ", want.Shape)}]");
            return;
        }

        report(new VerificationRow(Golden.Name, name, RelativeError(got, want.Values), _tolerance));
    }

    /// <summary>Compares one output tensor.</summary>
    public void Compare(string name, Tensor got) => Compare(name, got.ToArray(), got.Shape);

    /// <summary>Reports an exact comparison.</summary>
    public void Equal(string name, bool equal, string message) =>
        report(new VerificationRow(Golden.Name, name, equal ? 0 : double.PositiveInfinity, 0, equal ? null : message));

    /// <summary>Reports a failure that has no error figure.</summary>
    public void Fail(string name, string message)
    {
        _compared.Add(name);
        report(new VerificationRow(Golden.Name, name, double.PositiveInfinity, _tolerance, message));
    }

    /// <summary>Every tensor of the case that was neither an input nor compared is a failure.</summary>
    public void FailWhatWasNotCompared()
    {
        foreach (string name in Golden.TensorNames().Where(n => !_compared.Contains(n) && !_inputs.Contains(n)))
        {
            Fail(name, "the engine did not produce this tensor");
        }
    }

    /// <summary>||got - want|| / ||want|| over the whole tensor; the plain norm of the difference when want is zero.</summary>
    internal static double RelativeError(ReadOnlySpan<float> got, ReadOnlySpan<float> want)
    {
        double difference = 0;
        double norm = 0;
        for (int i = 0; i < want.Length; i++)
        {
            double d = (double)got[i] - want[i];
            difference += d * d;
            norm += (double)want[i] * want[i];
        }

        return norm == 0 ? Math.Sqrt(difference) : Math.Sqrt(difference / norm);
    }

    static IEnumerable<int> Squeezed(int[] shape) => shape.Where(e => e != 1);
}
