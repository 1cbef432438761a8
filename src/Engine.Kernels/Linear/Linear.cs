using Engine.Kernels.Gpu;

namespace Engine.Kernels;

/// <summary>What <see cref="Linear"/> does with each value it computes.</summary>
public enum LinearOutput
{
    /// <summary>y = v</summary>
    Store,

    /// <summary>y += v (a residual)</summary>
    Add,

    /// <summary>y += gate * v (a modulated residual)</summary>
    AddGated,

    /// <summary>y *= v (a gated feed-forward network)</summary>
    Multiply,
}

/// <summary>Affine map of every row, with what follows it fused in.</summary>
/// <remarks>
/// v[m, n] = activation(sum_k x[m, k] * w[n, k] * w.Scale + bias[n]), then y = v, y += v, y += gate[rows[m], n] * v or y *= v.
/// x: [M, K] f32; w: [N, K] as stored; bias: [N] f32; gate: [U, N] f32; y: [M, N] f32, not overlapping x.
/// Cost: 2 M N K operations; compute-bound from about 16 rows on, below that bound by reading w.
/// Tolerance: 2e-6 of the root of the sum of squared terms, because sums are made in another order; 6e-6 for large products on the
/// CPU, which are made by Strassen's method (1e-6 of a transformer's result).
/// </remarks>
public static partial class Linear
{
    internal delegate void Kernel(Device device, in LinearCall call);

    // Order is preference. ENGINE_FORCE_LINEAR=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Linear")
    {
        { "CpuDots", CpuDots, (d, s) => d.IsCpu && s[0] <= MostDotRows },
        { "CpuStrassen", CpuStrassen, (d, s) => d.IsCpu && StrassenPays(s[0], s[2], s[1]) },
        { "CpuPacked", CpuPacked, (d, _) => d.IsCpu },
        { "GpuPanels", GpuPanels, (d, _) => d is GpuDevice { RunsOnHostCores: true } },
        { "GpuDots", GpuDots, (d, s) => d.Kind != DeviceKind.Cpu && s[0] <= MostDotRows },
        { "CudaTensorCores", CudaTensorCores, CudaSupports },
        { "GpuTiles", GpuTiles, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>Fastest variant for this device and shape.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Input [M, K].</param>
    /// <param name="w">Weights [N, K].</param>
    /// <param name="bias">Bias [N], or default for none.</param>
    /// <param name="y">Output [M, N].</param>
    /// <param name="scratch">Where partial sums go during the call.</param>
    /// <param name="activation">Function of the sum.</param>
    /// <param name="output">How the result meets what <paramref name="y"/> holds.</param>
    /// <param name="gate">Gates [U, N] for <see cref="LinearOutput.AddGated"/>.</param>
    /// <param name="rows">Row of <paramref name="gate"/> for each row of x; null means row 0 for all.</param>
    public static void Run(
        Device device,
        Tensor x,
        Weight w,
        Tensor bias,
        Tensor y,
        Workspace scratch,
        Activation activation = Activation.None,
        LinearOutput output = LinearOutput.Store,
        Tensor gate = default,
        RowMap? rows = null)
    {
        Operands.Extent(nameof(Linear), "width of x", w.Columns, x.Columns);
        Operands.Extent(nameof(Linear), "width of y", w.Rows, y.Columns);
        Operands.Extent(nameof(Linear), "rows of y", x.Rows, y.Rows);
        if (!bias.IsEmpty)
        {
            Operands.Extent(nameof(Linear), "length of bias", w.Rows, bias.Count);
        }

        if (output == LinearOutput.AddGated)
        {
            Operands.Extent(nameof(Linear), "gates given", 1, gate.IsEmpty ? 0 : 1);
            Operands.Table(nameof(Linear), nameof(gate), gate, w.Rows, rows, x.Rows);
        }

        using var scope = scratch.Scope();

        bool strassen = device.Kind == DeviceKind.Cpu && StrassenPays(x.Rows, w.Columns, w.Rows);
        bool partials = device.Kind == DeviceKind.Cpu
            && (strassen ? output != LinearOutput.Store : NeedsPartials(w.Columns, activation, output));

        // The portable kernels of accelerators keep their sums in registers or shared memory.
        var partial = partials ? scratch.Take([x.Rows, w.Rows])
            : CudaScratch(device, x, w) is > 0 and var floats ? scratch.Take([floats]) : default;
        var packed = strassen ? scratch.Take([checked((int)StrassenScratch(device, x.Rows, w.Columns, w.Rows))]) : default;
        var call = new LinearCall(x, w, bias, y, activation, output, gate, rows, partial, packed);
        double flops = 2.0 * x.Rows * w.Rows * w.Columns;
        double bytes = w.Bytes + (4.0 * (x.Count + y.Count));
        if (device.Skips(nameof(Linear), flops, bytes))
        {
            return;
        }

        if (x.Rows > 0 && w.Rows > 0)
        {
            Variants.Pick(device, [x.Rows, w.Rows, w.Columns, (int)w.Type]).Invoke(device, call);
        }

        device.Done();
    }
}

/// <summary>Operands of one <see cref="Linear"/>, checked.</summary>
readonly record struct LinearCall(
    Tensor X,
    Weight W,
    Tensor Bias,
    Tensor Y,
    Activation Activation,
    LinearOutput Output,
    Tensor Gate,
    RowMap? Map,
    Tensor Partial,
    Tensor Packed = default);
