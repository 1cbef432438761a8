using System.Runtime.InteropServices;

namespace Engine.Kernels;

/// <summary>Weights and bias of one convolution, packed once for the kernels.</summary>
/// <remarks>
/// Stored: [N, C, taps] (N outputs, C inputs, taps in t, y, x order) in any weight type. Packed, f32: panels of 16 outputs,
/// [panel][step][16], where a step is one (tap, input channel) pair; outputs beyond N are zero. Taps that lie side by side in
/// memory (dx) follow one another, so that a row of taps is one run of steps.
/// <see cref="ConvKind.Double"/> is packed as four 2x2 convolutions of the small plane, one per position inside the 2x2 output
/// block, whose taps are sums of the 3x3 ones: 16 multiplications instead of 36 per input pixel, and nothing is enlarged.
/// </remarks>
public sealed unsafe partial class ConvWeight : IDisposable
{
    /// <summary>Outputs per panel.</summary>
    internal const int PanelWidth = 16;

    readonly Storage _packed;
    readonly Storage _bias;

    ConvWeight(Storage packed, Storage bias, ConvKind kind, int inputs, int outputs, WinogradForm form)
    {
        _packed = packed;
        _bias = bias;
        Kind = kind;
        Inputs = inputs;
        Outputs = outputs;
        Form = form;
    }

    /// <summary>What the convolution does.</summary>
    public ConvKind Kind { get; }

    /// <summary>C, channels in.</summary>
    public int Inputs { get; }

    /// <summary>N, channels out.</summary>
    public int Outputs { get; }

    /// <summary>The transform the weights are packed in.</summary>
    public WinogradForm Form { get; }

    /// <summary>Bytes of the packed weights and the bias.</summary>
    public long Bytes => _packed.Bytes + _bias.Bytes;

    /// <summary>Panels of 16 outputs.</summary>
    internal int Panels => PanelsFor(Outputs);

    /// <summary>N rounded up to whole panels.</summary>
    internal int PaddedOutputs => Panels * PanelWidth;

    /// <summary>Positions inside an output block that have weights of their own: 4 for <see cref="ConvKind.Double"/>, else 1.</summary>
    internal int Phases => Kind == ConvKind.Double ? 4 : 1;

    /// <summary>Runs of steps that are contiguous in the input: rows of taps.</summary>
    internal int Runs => Kind switch { ConvKind.Causal => 9, ConvKind.Halve => 3, ConvKind.Double => 2, ConvKind.Time => 3, _ => 1 };

    /// <summary>Steps in one run.</summary>
    internal int RunLength => (Kind switch { ConvKind.Causal or ConvKind.Halve => 3, ConvKind.Double => 2, _ => 1 }) * Inputs;

    /// <summary>True where the form's weights are made anew for each call, because they are too large to keep; stored plain.</summary>
    internal bool TransformsEachCall => WinogradForms.TransformsEachCall(Form, Inputs, Outputs);

    /// <summary>The packed values: [phase][panel][run][step][16], or transformed [point in time][point][panel][frame][channel][16].</summary>
    internal Storage PackedStorage => _packed;

    /// <summary>The bias, zero-padded to whole panels.</summary>
    internal Storage BiasStorage => _bias;

    /// <summary>The packed values (CPU devices only).</summary>
    internal float* Packed => (float*)_packed.Address;

    /// <summary>The bias (CPU devices only).</summary>
    internal float* Bias => (float*)_bias.Address;

    /// <summary>Packs a convolution.</summary>
    /// <param name="device">Device that will run it.</param>
    /// <param name="stored">[N, C * taps] as checkpoints store it; only read here.</param>
    /// <param name="bias">[N], or default for none.</param>
    /// <param name="kind">What the convolution does.</param>
    /// <param name="firstRow">First output row to take; the weight of a time convolution holds two frames' outputs.</param>
    /// <param name="rows">Output rows to take, or -1 for all.</param>
    /// <param name="form">Transform to pack in; forms other than none need a CPU device, a kind that has the form and inputs in multiples of 16.</param>
    public static ConvWeight Pack(
        Device device, Weight stored, Tensor bias, ConvKind kind, int firstRow = 0, int rows = -1, WinogradForm form = WinogradForm.None)
    {
        int taps = kind.Frames() * kind.PlaneTaps();
        int outputs = rows < 0 ? stored.Rows - firstRow : rows;
        int inputs = stored.Columns / taps;
        if (inputs * taps != stored.Columns || firstRow < 0 || outputs < 1 || firstRow + outputs > stored.Rows)
        {
            throw new ArgumentException(
                $"A weight of {stored.Rows} x {stored.Columns} cannot be rows {firstRow} to {firstRow + outputs} of a {kind} convolution of {taps} taps.",
                nameof(stored));
        }

        if (!bias.IsEmpty && bias.Count != stored.Rows)
        {
            throw new ArgumentException($"The bias has {bias.Count} values; expected {stored.Rows}.", nameof(bias));
        }

        if (form != WinogradForm.None && (device.Kind != DeviceKind.Cpu || !CanTransform(kind, inputs, form)))
        {
            throw new ArgumentException($"A {kind} convolution {inputs} -> {outputs} has no form {form} on {device.Name}.", nameof(form));
        }

        int panels = PanelsFor(outputs);
        long steps = form != WinogradForm.None && !WinogradForms.TransformsEachCall(form, inputs, outputs)
            ? (long)form.Points() * form.Steps(inputs, kind)
            : (long)(kind == ConvKind.Double ? 16 : taps) * inputs;
        var weight = new ConvWeight(
            device.Allocate(steps * panels * PanelWidth * sizeof(float)),
            device.Allocate((long)panels * PanelWidth * sizeof(float)),
            kind, inputs, outputs, form);
        if (!device.Skips("ConvPack", 0, stored.Bytes + weight.Bytes))
        {
            weight.Fill(stored, firstRow, taps);
            var padded = new float[weight.PaddedOutputs];
            if (!bias.IsEmpty)
            {
                bias.ToArray().AsSpan(firstRow, outputs).CopyTo(padded);
            }

            device.Upload(MemoryMarshal.AsBytes<float>(padded), weight._bias, 0);
            device.Done();
        }

        return weight;
    }

    /// <summary>True when a convolution can be packed in a Winograd form.</summary>
    public static bool CanTransform(ConvKind kind, int inputs, WinogradForm form) =>
        kind == (form == WinogradForm.Shared ? ConvKind.Double : ConvKind.Causal) && inputs % 16 == 0;

    /// <summary>One weight of the plain layout; for <see cref="ConvKind.Double"/> the tap counts 16: phase * 4 + (y, x).</summary>
    internal float At(int output, int tap, int input)
    {
        int perPhase = Kind == ConvKind.Double ? 4 : Kind.Frames() * Kind.PlaneTaps();
        int phase = tap / perPhase;
        long panel = ((long)phase * Panels) + (output / PanelWidth);
        long step = (((panel * perPhase) + (tap % perPhase)) * Inputs) + input;
        return Packed[(step * PanelWidth) + (output % PanelWidth)];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _packed.Dispose();
        _bias.Dispose();
    }

    internal static int PanelsFor(int outputs) => (outputs + PanelWidth - 1) / PanelWidth;
}
