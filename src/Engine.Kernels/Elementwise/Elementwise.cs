namespace Engine.Kernels;

/// <summary>Operations on each value by itself.</summary>
/// <remarks>
/// All tensors are f32. Operands may be the same tensor as the result.
/// Cost: bandwidth-bound.  Tolerance: 1e-7 relative (one fused multiply-add more or less), 1e-6 for activations.
/// </remarks>
public static partial class Elementwise
{
    internal delegate void CombineKernel(Device device, Tensor a, float factorA, Tensor b, float factorB, Tensor y);

    internal delegate void MultiplyKernel(Device device, Tensor x, Tensor y);

    internal delegate void GateKernel(Device device, Tensor x, Tensor gate, RowMap? rows, Tensor y);

    internal delegate void ActivateKernel(Device device, Tensor y, Activation activation);

    internal static readonly VariantTable<CombineKernel> Combines = new("Combine")
    {
        { "CpuVector", CpuVectorCombine, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuCombine, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceCombine, (d, _) => d.IsCpu },
    };

    internal static readonly VariantTable<MultiplyKernel> Multiplies = new("Multiply")
    {
        { "CpuVector", CpuVectorMultiply, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuMultiply, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceMultiply, (d, _) => d.IsCpu },
    };

    internal static readonly VariantTable<GateKernel> Gates = new("Gate")
    {
        { "CpuVector", CpuVectorGate, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuGate, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceGate, (d, _) => d.IsCpu },
    };

    internal static readonly VariantTable<ActivateKernel> Activations = new("Activate")
    {
        { "CpuVector", CpuVectorActivate, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuActivate, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceActivate, (d, _) => d.IsCpu },
    };

    /// <summary>y = factorA * a + factorB * b.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="a">First operand.</param>
    /// <param name="factorA">Its factor.</param>
    /// <param name="b">Second operand, as large as the first.</param>
    /// <param name="factorB">Its factor.</param>
    /// <param name="y">Result, as large; may be <paramref name="a"/> or <paramref name="b"/>.</param>
    public static void Combine(Device device, Tensor a, float factorA, Tensor b, float factorB, Tensor y)
    {
        Operands.Extent(nameof(Combine), "size of b", a.Count, b.Count);
        Operands.Extent(nameof(Combine), "size of y", a.Count, y.Count);
        if (!device.Skips(nameof(Combine), 3.0 * y.Count, 12.0 * y.Count))
        {
            Combines.Pick(device, y.Shape).Invoke(device, a, factorA, b, factorB, y);
            device.Done();
        }
    }

    /// <summary>y += x.</summary>
    public static void Add(Device device, Tensor x, Tensor y) => Combine(device, x, 1, y, 1, y);

    /// <summary>y += factor * x.</summary>
    public static void MulAdd(Device device, Tensor x, float factor, Tensor y) => Combine(device, x, factor, y, 1, y);

    /// <summary>y *= factor.</summary>
    public static void Scale(Device device, Tensor y, float factor) => Combine(device, y, factor, y, 0, y);

    /// <summary>y *= x, value by value.</summary>
    public static void Multiply(Device device, Tensor x, Tensor y)
    {
        Operands.Extent(nameof(Multiply), "size of x", y.Count, x.Count);
        if (!device.Skips(nameof(Multiply), y.Count, 12.0 * y.Count))
        {
            Multiplies.Pick(device, y.Shape).Invoke(device, x, y);
            device.Done();
        }
    }

    /// <summary>y[m, c] += gate[rows[m], c] * x[m, c]: a modulated residual.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">What is added [M, C].</param>
    /// <param name="gate">Gates [U, C], one row per distinct timestep.</param>
    /// <param name="rows">Row of <paramref name="gate"/> for each token; null means row 0 for all.</param>
    /// <param name="y">What it is added to [M, C].</param>
    public static void AddGated(Device device, Tensor x, Tensor gate, RowMap? rows, Tensor y)
    {
        Operands.SameMatrix(nameof(AddGated), nameof(y), x, y);
        Operands.Table(nameof(AddGated), nameof(gate), gate, x.Columns, rows, x.Rows);
        if (!device.Skips("Gate", 2.0 * y.Count, 12.0 * y.Count))
        {
            Gates.Pick(device, y.Shape).Invoke(device, x, gate, rows, y);
            device.Done();
        }
    }

    /// <summary>Applies an activation to every value, in place.</summary>
    public static void Activate(Device device, Tensor y, Activation activation)
    {
        if (activation != Activation.None && !device.Skips(nameof(Activate), 20.0 * y.Count, 8.0 * y.Count))
        {
            Activations.Pick(device, y.Shape).Invoke(device, y, activation);
            device.Done();
        }
    }
}
