namespace Engine.Kernels;

/// <summary>Through what a device is driven.</summary>
public enum DeviceKind
{
    /// <summary>The host's cores, with this engine's own vector code.</summary>
    Cpu,

    /// <summary>An NVIDIA device.</summary>
    Cuda,

    /// <summary>A device of any maker's OpenCL driver.</summary>
    OpenCl,
}

/// <summary>Where operations run and tensors live.</summary>
/// <remarks>
/// Every operation's front calls <see cref="Skips"/> first and <see cref="Done"/> last. On a dry-run device the first counts the
/// work and says "skip", so that running a model on it measures memory and work without doing any: this is how a plan is made.
/// </remarks>
public abstract class Device : IDisposable
{
    long _allocated;
    long _peak;

    /// <summary>Name as <c>engine devices</c> prints it.</summary>
    public abstract string Name { get; }

    /// <summary>Through what the device is driven; a dry-run device has the kind of the one it stands for.</summary>
    public abstract DeviceKind Kind { get; }

    /// <summary>True when operations run on the host's cores and tensors live in host memory.</summary>
    public bool IsCpu => this is CpuDevice;

    /// <summary>True when nothing is computed or stored, only counted.</summary>
    public virtual bool IsDry => false;

    /// <summary>Bytes allocated now.</summary>
    public long Allocated => Interlocked.Read(ref _allocated);

    /// <summary>Most bytes allocated at one time since the last <see cref="ResetPeak"/>.</summary>
    public long Peak => Interlocked.Read(ref _peak);

    /// <summary>Starts a new peak measurement at the current allocation.</summary>
    public void ResetPeak() => Interlocked.Exchange(ref _peak, Allocated);

    /// <summary>Allocates a block (uninitialised).</summary>
    /// <param name="bytes">Size, 0 or more.</param>
    public Storage Allocate(long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        return Counted(new Storage(this, bytes, NewMemory(bytes)));
    }

    /// <summary>Counts a block of this device that is new.</summary>
    private protected Storage Counted(Storage storage)
    {
        long bytes = storage.Bytes;
        long now = Interlocked.Add(ref _allocated, bytes);
        long peak;
        while (now > (peak = Interlocked.Read(ref _peak)) && Interlocked.CompareExchange(ref _peak, now, peak) != peak)
        {
        }

        return storage;
    }

    /// <summary>Allocates an uninitialised f32 tensor that owns its memory.</summary>
    public Tensor NewTensor(Shape shape) => new(Allocate(checked(shape.Count * sizeof(float))), 0, shape);

    /// <summary>Reports one operation; true means: counted only, do not compute.</summary>
    /// <param name="operation">Name of the operation, as profiles print it.</param>
    /// <param name="flops">Floating-point operations it does.</param>
    /// <param name="bytes">Bytes it must move at least.</param>
    public virtual bool Skips(string operation, double flops, double bytes)
    {
        Watch?.Begin(operation, flops, bytes);
        return false;
    }

    /// <summary>Reports the end of the operation that <see cref="Skips"/> reported last and did not skip.</summary>
    public void Done() => Watch?.End();

    /// <summary>Told each operation and kernel, for profiles; costs nothing while null.</summary>
    public IDeviceWatch? Watch { get; set; }

    /// <summary>Memory for one block, or null when nothing is stored.</summary>
    /// <exception cref="EngineException">The device has not that much memory left.</exception>
    internal abstract IDeviceMemory? NewMemory(long bytes);

    /// <summary>Copies host bytes into a block, from byte <paramref name="offset"/> on; returns when they are there.</summary>
    public abstract void Upload(ReadOnlySpan<byte> source, Storage target, long offset);

    /// <summary>Copies bytes of a block to the host once all work on them is done.</summary>
    public abstract void Download(Storage source, long offset, Span<byte> target);

    /// <summary>Copies bytes between two blocks of this device.</summary>
    internal abstract void Copy(Storage source, long sourceOffset, Storage target, long targetOffset, long bytes);

    /// <summary>Sets <paramref name="count"/> f32 values from byte <paramref name="offset"/> on.</summary>
    internal abstract void Fill(Storage target, long offset, long count, float value);

    /// <summary>Waits until all work given to the device is done.</summary>
    public virtual void Synchronize()
    {
    }

    internal void Released(long bytes) => Interlocked.Add(ref _allocated, -bytes);

    /// <summary>Stops worker threads and frees what the device itself holds.</summary>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what the device holds.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>Counts memory and work instead of doing it: the basis of plans and time estimates.</summary>
/// <param name="like">The device it stands for; null means the host's cores.</param>
public sealed class DryDevice(Device? like = null) : Device
{
    readonly Dictionary<string, (long Calls, double Flops, double Bytes)> _work = [];

    /// <inheritdoc/>
    public override string Name => "dry run";

    /// <inheritdoc/>
    public override DeviceKind Kind { get; } = like?.Kind ?? DeviceKind.Cpu;

    /// <summary>Threads that parts of a job would run on.</summary>
    internal int Threads { get; } = (like as CpuDevice)?.Pool.Threads ?? (like as DryDevice)?.Threads ?? Environment.ProcessorCount;

    /// <inheritdoc/>
    public override bool IsDry => true;

    /// <summary>What each operation would have done, by name.</summary>
    public IReadOnlyDictionary<string, (long Calls, double Flops, double Bytes)> Work => _work;

    /// <summary>Forgets the counted work.</summary>
    public void ClearWork() => _work.Clear();

    /// <summary>Does nothing: there is nothing stored.</summary>
    public override void Upload(ReadOnlySpan<byte> source, Storage target, long offset)
    {
    }

    /// <summary>Leaves <paramref name="target"/> as it is: there is nothing stored.</summary>
    public override void Download(Storage source, long offset, Span<byte> target)
    {
    }

    internal override IDeviceMemory? NewMemory(long bytes) => null;

    internal override void Copy(Storage source, long sourceOffset, Storage target, long targetOffset, long bytes)
    {
    }

    internal override void Fill(Storage target, long offset, long count, float value)
    {
    }

    /// <inheritdoc/>
    public override bool Skips(string operation, double flops, double bytes)
    {
        var sum = _work.GetValueOrDefault(operation);
        _work[operation] = (sum.Calls + 1, sum.Flops + flops, sum.Bytes + bytes);
        return true;
    }
}
