using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>What is measured.</summary>
public enum BenchKind
{
    /// <summary>One linear layer: the transformer's widest, over all tokens.</summary>
    Gemm,

    /// <summary>One self-attention over all tokens.</summary>
    Attention,

    /// <summary>One causal 3x3x3 convolution: the decoder's at full resolution.</summary>
    Conv,

    /// <summary>One forward of the transformer.</summary>
    Dit,

    /// <summary>Decoding a whole clip.</summary>
    VaeDecode,

    /// <summary>Encoding a whole clip.</summary>
    VaeEncode,

    /// <summary>Encoding a prompt of full length.</summary>
    Text,

    /// <summary>Steps and decode, one after the other, as a job runs them.</summary>
    E2e,
}

/// <summary>What to measure, and at which size.</summary>
public sealed record BenchRequest
{
    /// <summary>What is measured.</summary>
    public required BenchKind Kind { get; init; }

    /// <summary>Whose sizes it has.</summary>
    public required BenchModel Model { get; init; }

    /// <summary>Width of the clip, pixels.</summary>
    public int Width { get; init; } = 256;

    /// <summary>Height of the clip, pixels.</summary>
    public int Height { get; init; } = 256;

    /// <summary>Frames of the clip, 4n + 1.</summary>
    public int Frames { get; init; } = 17;

    /// <summary>Sampler steps (<see cref="BenchKind.E2e"/> only).</summary>
    public int Steps { get; init; } = 1;

    /// <summary>How the weight matrices are stored.</summary>
    public DType Weights { get; init; } = DType.BF16;

    /// <summary>Tokens of the prompt (<see cref="BenchKind.Text"/> only); 0 means as many as the model takes.</summary>
    public int Tokens { get; init; }

    /// <summary>
    /// Write the weights to a temporary file first and read them from there (<see cref="BenchKind.Dit"/> and <see cref="BenchKind.Text"/>),
    /// so that loading is timed, and what is read layer by layer comes from the disk.
    /// </summary>
    public bool FromDisk { get; init; }

    /// <summary>Keep the cross-attention's keys and values of the text over the steps, as a job does (<see cref="BenchKind.Dit"/> only).</summary>
    public bool KeepText { get; init; }

    /// <summary>CPU threads; 0 means one per core.</summary>
    public int Threads { get; init; }

    /// <summary>Timed runs; 0 chooses by how long one takes.</summary>
    public int Runs { get; init; }
}

/// <summary>What was measured.</summary>
/// <param name="Request">What was asked for.</param>
/// <param name="What">The work in words: shapes, layers.</param>
/// <param name="Device">Where it ran.</param>
/// <param name="Seconds">Median of the timed runs.</param>
/// <param name="Fastest">Fastest of them, seconds.</param>
/// <param name="Runs">How many were timed.</param>
/// <param name="Flops">Floating-point operations of one run, counted by a dry run of the same code.</param>
/// <param name="MachinePeak">The machine's own multiply-add peak, GFLOP/s, measured just before.</param>
/// <param name="ProcessorSeconds">Processor time of one run over all threads, median: on a machine with other work, the steadier figure.</param>
/// <param name="PeakMemory">Most memory the process held (VmHWM), bytes, the runtime included.</param>
/// <param name="Parts">Seconds of the parts of a run, where it has parts.</param>
public sealed record BenchResult(
    BenchRequest Request,
    string What,
    string Device,
    double Seconds,
    double Fastest,
    int Runs,
    double Flops,
    double MachinePeak,
    double ProcessorSeconds,
    long PeakMemory,
    IReadOnlyList<(string Name, double Seconds)> Parts)
{
    /// <summary>Speed, GFLOP/s.</summary>
    public double GFlops => Flops / Seconds / 1e9;

    /// <summary>Speed as a share of the machine's peak.</summary>
    public double PeakFraction => GFlops / MachinePeak;
}
