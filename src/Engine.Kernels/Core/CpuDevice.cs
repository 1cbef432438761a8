using System.IO.MemoryMappedFiles;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>Vector instructions that the CPU kernels use.</summary>
public enum Isa
{
    /// <summary>Portable 128-bit vectors.</summary>
    Vector128,

    /// <summary>256-bit vectors with fused multiply-add (x86-64 AVX2 + FMA).</summary>
    Avx2,

    /// <summary>512-bit vectors (x86-64 AVX-512 F, BW, DQ, VL).</summary>
    Avx512,
}

/// <summary>The host's cores: a worker pool and an instruction set.</summary>
/// <remarks>
/// Results depend on the instruction set but never on the number of threads: work is cut by shape alone
/// and every sum has a fixed order.
/// </remarks>
public sealed unsafe class CpuDevice : Device
{
    /// <summary>Environment variable that lowers the instruction set: <c>vector128</c>, <c>avx2</c> or <c>avx512</c>.</summary>
    public const string IsaVariable = "ENGINE_ISA";

    /// <summary>Environment variable that, set to <c>off</c>, has weights copied into memory of the process where they would be used from their files.</summary>
    public const string MapVariable = "ENGINE_MAP_WEIGHTS";

    /// <summary>Makes a device with its own worker threads.</summary>
    /// <param name="threads">Threads to use, the caller's included; 0 means one per core.</param>
    /// <param name="isa">Instruction set; null means the widest present (or what <see cref="IsaVariable"/> says).</param>
    /// <exception cref="ArgumentException">The machine lacks the instruction set asked for.</exception>
    /// <exception cref="EngineException">An environment variable asks for what there is not.</exception>
    public CpuDevice(int threads = 0, Isa? isa = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        if (isa > WidestPresent)
        {
            throw new ArgumentException($"This machine has no {isa}; the widest instruction set it has is {WidestPresent}.", nameof(isa));
        }

        Isa = isa ?? Requested;

        Pool = new WorkerPool(threads == 0 ? Environment.ProcessorCount : threads);
    }

    /// <summary>The widest instruction set of this machine.</summary>
    public static Isa WidestPresent { get; } =
        Vector512.IsHardwareAccelerated && Avx512F.IsSupported && Avx512BW.IsSupported && Avx512DQ.IsSupported ? Isa.Avx512
        : Avx2.IsSupported && Fma.IsSupported ? Isa.Avx2
        : Isa.Vector128;

    /// <summary>The instruction set that devices use unless told otherwise: what <see cref="IsaVariable"/> says, or the widest present.</summary>
    /// <exception cref="EngineException">The variable names none, or one that the machine lacks.</exception>
    public static Isa Requested => FromEnvironment() ?? WidestPresent;

    /// <summary>The instruction set in use.</summary>
    public Isa Isa { get; }

    /// <summary>The worker threads.</summary>
    public WorkerPool Pool { get; }

    /// <summary>True when large weights are used where they lie in their files, through the system's file cache, rather than copied.</summary>
    /// <remarks>Unless told otherwise, what <see cref="MapVariable"/> says: true if it is not set.</remarks>
    public bool MapsFiles { get; set; } = MapsByDefault();

    /// <inheritdoc/>
    public override DeviceKind Kind => DeviceKind.Cpu;

    /// <inheritdoc/>
    public override string Name => $"cpu ({Pool.Threads} threads, {Isa})";

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, Storage target, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + source.Length, target.Bytes, nameof(source));
        source.CopyTo(new Span<byte>(target.Address + offset, source.Length));
    }

    /// <inheritdoc/>
    public override void Download(Storage source, long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + target.Length, source.Bytes, nameof(target));
        new ReadOnlySpan<byte>(source.Address + offset, target.Length).CopyTo(target);
    }

    /// <summary>A block that is part of a file: it can be read and not written, and nothing is copied.</summary>
    /// <remarks>A file that someone cuts short while such a block is in use ends the process, as with every program that maps files.</remarks>
    /// <param name="file">The file; it may be closed while the block is in use.</param>
    /// <param name="offset">First byte.</param>
    /// <param name="bytes">Size, at least 1; the file must reach as far.</param>
    /// <exception cref="IOException">The system cannot map it.</exception>
    /// <exception cref="UnauthorizedAccessException">The file ends before that.</exception>
    public Storage Map(MemoryMappedFile file, long offset, long bytes) => Counted(new Storage(this, bytes, new FileMemory(file, offset, bytes)));

    internal override IDeviceMemory NewMemory(long bytes) => new HostMemory(bytes);

    internal override void Copy(Storage source, long sourceOffset, Storage target, long targetOffset, long bytes) =>
        Buffer.MemoryCopy(source.Address + sourceOffset, target.Address + targetOffset, target.Bytes - targetOffset, bytes);

    internal override void Fill(Storage target, long offset, long count, float value)
    {
        float* at = (float*)(target.Address + offset);
        for (long done = 0; done < count;)
        {
            int now = (int)Math.Min(count - done, int.MaxValue);
            new Span<float>(at + done, now).Fill(value);
            done += now;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Pool.Dispose();
        }

        base.Dispose(disposing);
    }

    static bool MapsByDefault() => Environment.GetEnvironmentVariable(MapVariable) switch
    {
        null or "" or "on" => true,
        "off" => false,
        string other => throw new EngineException(ErrorKind.BadRequest, $"{MapVariable} is '{other}'; it can be on or off."),
    };

    static Isa? FromEnvironment()
    {
        string? name = Environment.GetEnvironmentVariable(IsaVariable);
        if (string.IsNullOrEmpty(name))
        {
            return null;
        }

        if (!Enum.TryParse(name, ignoreCase: true, out Isa isa) || !Enum.IsDefined(isa))
        {
            throw new EngineException(ErrorKind.BadRequest, $"{IsaVariable} is '{name}'; it can be vector128, avx2 or avx512.");
        }

        return isa <= WidestPresent
            ? isa
            : throw new EngineException(ErrorKind.NoResources, $"{IsaVariable} is '{name}', but the widest instruction set of this machine is {WidestPresent}.");
    }
}
