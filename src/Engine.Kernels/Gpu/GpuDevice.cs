using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Kernels.Gpu;

/// <summary>A CUDA or OpenCL device driven through ILGPU. Work is given to one stream and runs in order.</summary>
/// <remarks>One thread at a time may run operations; uploads and frees may come from others.</remarks>
public sealed class GpuDevice : Device
{
    // Offsets of OpenCL views are 32 bits wide in ILGPU 1.5.3, so that shared slabs stay below that.
    const long LargestOpenClSlab = 1L << 30;
    const long LargestCudaSlab = 64L << 30;

    readonly Accelerator _accelerator;
    readonly GpuArena _arena;
    readonly GpuTransfers _transfers;
    readonly GpuMemory _none;
    readonly Lock _loading = new();
    readonly List<Kernel> _kernels = [];
    Delegate?[] _loaded = [];

    internal GpuDevice(DeviceKind kind, int index, ILGPU.Runtime.Device device, bool reduced = false)
    {
        Kind = kind;
        _accelerator = device.CreateAccelerator(GpuContext.Instance);
        Name = $"{(kind == DeviceKind.Cuda ? "cuda" : "opencl")}:{index} ({_accelerator.Name.Trim()}{(reduced ? ", reduced precision" : "")})";
        ReducedPrecision = reduced;
        Stream = kind == DeviceKind.Cuda ? _accelerator.CreateStream() : _accelerator.DefaultStream;
        _arena = new GpuArena(_accelerator, Name, kind == DeviceKind.Cuda ? LargestCudaSlab : LargestOpenClSlab);
        _transfers = new GpuTransfers(_accelerator, Stream);
        _none = _arena.Allocate(GpuArena.Alignment);
        CudaQueue = _accelerator is CudaAccelerator cuda ? new CudaStreamQueue(this, cuda, Stream) : null;
        RunsOnHostCores = device is CLDevice { DeviceType: CLDeviceType.CL_DEVICE_TYPE_CPU };
        ComputeCapability = device is CudaDevice { Architecture: { } arch } ? (arch.Major * 10) + arch.Minor : 0;
    }

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override DeviceKind Kind { get; }

    /// <summary>True for an OpenCL device that is the host's processor, where barriers cost much and registers are few.</summary>
    public bool RunsOnHostCores { get; }

    /// <summary>CUDA compute capability times ten (80, 89, 90), or 0.</summary>
    public int ComputeCapability { get; }

    /// <summary>True when tensor cores multiply operands rounded to 16 bits; false when they are taken in parts, so that results are f32-like.</summary>
    public bool ReducedPrecision { get; }

    /// <summary>Memory of the device, bytes.</summary>
    public long TotalMemory => _accelerator.MemorySize;

    /// <summary>Bytes of it that no program uses; null where the driver does not tell.</summary>
    public long? FreeMemory => _accelerator is CudaAccelerator cuda ? cuda.GetFreeMemory() : null;

    /// <summary>Bytes that the arena holds, lent out or not.</summary>
    public long ReservedMemory => _arena.Capacity;

    /// <summary>The stream that every kernel runs on.</summary>
    internal AcceleratorStream Stream { get; }

    /// <summary>Where kernels of the CUDA tier are launched; null on other devices.</summary>
    internal ICudaQueue? CudaQueue { get; }

    /// <summary>The device behind it.</summary>
    internal Accelerator Accelerator => _accelerator;

    /// <summary>Kernels started so far.</summary>
    public long Launches { get; private set; }

    /// <summary>Takes memory from the driver at once, so that a job that fits by its plan cannot fail midway.</summary>
    /// <exception cref="EngineException">The device has not that much free.</exception>
    public void Reserve(long bytes) => _arena.Reserve(bytes);

    /// <summary>Gives memory that nothing uses back to the driver.</summary>
    public void Trim()
    {
        Synchronize();
        _arena.Trim();
    }

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<byte> source, Storage target, long offset)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + source.Length, target.Bytes, nameof(source));
        Watch?.Begin(nameof(Upload), 0, source.Length);
        _transfers.Upload(source, Memory(target), offset);
        Done();
    }

    /// <inheritdoc/>
    public override void Download(Storage source, long offset, Span<byte> target)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + target.Length, source.Bytes, nameof(target));
        Watch?.Begin(nameof(Download), 0, target.Length);
        _transfers.Download(Memory(source), offset, target);
        Done();
    }

    /// <inheritdoc/>
    public override void Synchronize() => Stream.Synchronize();

    internal override IDeviceMemory? NewMemory(long bytes) => _arena.Allocate(bytes);

    internal override void Copy(Storage source, long sourceOffset, Storage target, long targetOffset, long bytes)
    {
        if (bytes > 0)
        {
            Watch?.Begin(nameof(Copy), 0, 2.0 * bytes);
            Memory(source).View<byte>(sourceOffset, bytes).CopyTo(Stream, Memory(target).View<byte>(targetOffset, bytes));
            Done();
        }
    }

    internal override void Fill(Storage target, long offset, long count, float value)
    {
        if (count > 0)
        {
            Watch?.Begin(nameof(Fill), 0, 4.0 * count);
            FillKernel.Run(this, Memory(target).View<float>(offset, count), value);
            Done();
        }
    }

    /// <summary>A tensor's values, as kernels take them.</summary>
    internal ArrayView<float> View(Tensor tensor) =>
        tensor.IsEmpty ? _none.View<float>(0, 1) : Memory(tensor.Storage).View<float>(tensor.ByteOffset, tensor.Count);

    /// <summary>A whole block as values of a type; a remainder of less than one value is left out.</summary>
    internal unsafe ArrayView<T> View<T>(Storage? storage)
        where T : unmanaged =>
        storage is null ? _none.View<T>(0, 1) : Memory(storage).View<T>(0, storage.Bytes / sizeof(T));

    /// <summary>A map of rows, or something to pass in its place.</summary>
    internal ArrayView<int> View(RowMap? map) => View<int>(map?.Storage);

    /// <summary>Device address of a tensor's first value, for kernels in terms of addresses (CUDA only).</summary>
    internal unsafe ulong AddressOf(Tensor tensor) =>
        tensor.IsEmpty ? 0 : (ulong)Memory(tensor.Storage).View<float>(tensor.ByteOffset, 1).LoadEffectiveAddressAsPtr();

    /// <summary>Device address of a block's first byte (CUDA only).</summary>
    internal unsafe ulong AddressOf(Storage? storage) =>
        storage is null ? 0 : (ulong)Memory(storage).View<byte>(0, 1).LoadEffectiveAddressAsPtr();

    /// <summary>The launcher of a kernel that is about to be started.</summary>
    internal Delegate Starting(GpuKernel kernel)
    {
        var launcher = (kernel.Id < _loaded.Length ? _loaded[kernel.Id] : null) ?? Load(kernel);
        Starting(kernel.Name);
        return launcher;
    }

    /// <summary>Counts a kernel that is about to be started.</summary>
    internal void Starting(string kernel)
    {
        Launches++;
        Watch?.Launch(kernel);
    }

    Delegate Load(GpuKernel kernel)
    {
        Watch?.Pause();
        lock (_loading)
        {
            if (kernel.Id >= _loaded.Length)
            {
                Array.Resize(ref _loaded, Math.Max(kernel.Id + 1, 2 * _loaded.Length));
            }

            if (_loaded[kernel.Id] is { } made)
            {
                return made;
            }

            var (loaded, launcher) = kernel.Load(_accelerator);

            // A launcher alone does not keep its kernel loaded.
            _kernels.Add(loaded);
            return _loaded[kernel.Id] = launcher;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Synchronize();
            _kernels.ForEach(k => k.Dispose());
            _transfers.Dispose();
            _arena.Dispose();
            _accelerator.Dispose();
        }

        base.Dispose(disposing);
    }

    static GpuMemory Memory(Storage storage) => storage.Memory as GpuMemory
        ?? throw new ArgumentException("The tensor lives on another device.", nameof(storage));
}
