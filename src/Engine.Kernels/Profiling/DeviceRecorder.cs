namespace Engine.Kernels.Profiling;

/// <summary>Records every operation and kernel of a device, from its making until it is disposed.</summary>
/// <remarks>Operations may come from several threads of the host; each has its own nesting.</remarks>
public sealed class DeviceRecorder : IDeviceWatch, IDisposable
{
    const int None = -1;

    readonly Device _device;
    readonly DeviceClock _clock;
    readonly Lock _lock = new();
    readonly List<Entry> _entries = [];
    readonly Dictionary<int, Stack<int>> _open = [];

    /// <summary>Begins to record.</summary>
    /// <param name="device">What is recorded; nobody else may be watching it.</param>
    public DeviceRecorder(Device device)
    {
        if (device.Watch is not null)
        {
            throw new InvalidOperationException($"{device.Name} is recorded already.");
        }

        _device = device;
        _clock = DeviceClock.For(device);
        device.Watch = this;
    }

    /// <summary>How the times come about, in words.</summary>
    public string Method => _clock.Method;

    /// <inheritdoc/>
    public void Begin(string operation, double flops, double bytes)
    {
        lock (_lock)
        {
            var open = Open();
            int parent = open.TryPeek(out int at) ? at : None;
            CloseKernel(parent);
            open.Push(Add(operation, parent, flops, bytes));
        }
    }

    /// <inheritdoc/>
    public void Pick(string variant)
    {
        lock (_lock)
        {
            if (Open().TryPeek(out int at))
            {
                _entries[at].Variant = variant;
            }
        }
    }

    /// <inheritdoc/>
    public void Launch(string kernel)
    {
        lock (_lock)
        {
            int parent = Open().TryPeek(out int at) ? at : None;
            CloseKernel(parent);
            int made = Add(kernel, parent, 0, 0);
            _entries[made].IsKernel = true;
            if (parent != None)
            {
                _entries[parent].Kernel = made;
            }
        }
    }

    /// <inheritdoc/>
    public void Pause()
    {
        lock (_lock)
        {
            CloseKernel(Open().TryPeek(out int at) ? at : None);
        }
    }

    /// <inheritdoc/>
    public void End()
    {
        lock (_lock)
        {
            if (Open().TryPop(out int at))
            {
                CloseKernel(at);
                _entries[at].End = _clock.Stamp();
            }
        }
    }

    /// <summary>What has been recorded; waits for the device.</summary>
    /// <exception cref="InvalidOperationException">An operation began and never ended: its front does not call <see cref="Device.Done"/>.</exception>
    public IReadOnlyList<ProfileSpan> Spans()
    {
        lock (_lock)
        {
            if (_open.Values.FirstOrDefault(o => o.Count > 0) is { } unfinished)
            {
                throw new InvalidOperationException($"{_entries[unfinished.Peek()].Name} never said that it was done.");
            }

            var times = _clock.Read();
            var kernels = _entries.Where(e => e.IsKernel && e.Parent != None).ToLookup(e => e.Parent);
            return [.. _entries.Select((e, i) => Span(e, [.. kernels[i]], times))];
        }
    }

    /// <summary>Ends the recording.</summary>
    public void Dispose()
    {
        if (_device.Watch == this)
        {
            _device.Watch = null;
            _clock.Dispose();
        }
    }

    // An operation with kernels of its own lasts from the start of the first to the end of the last: what a device waits before
    // is the host's time.
    static ProfileSpan Span(Entry e, Entry[] kernels, IReadOnlyList<double> times)
    {
        double start = times[kernels.Length > 0 ? kernels[0].Start : e.Start];
        double end = Math.Max(start, times[e.End]);
        double busy = kernels.Length > 0 ? kernels.Sum(k => Math.Max(0, times[k.End] - times[k.Start])) : end - start;
        return new(e.Name, e.Variant, e.Parent, e.IsKernel, e.Thread, start, end - start, busy, e.Flops, e.Bytes);
    }

    Stack<int> Open()
    {
        int thread = Environment.CurrentManagedThreadId;
        if (!_open.TryGetValue(thread, out var stack))
        {
            _open.Add(thread, stack = new Stack<int>());
        }

        return stack;
    }

    int Add(string name, int parent, double flops, double bytes)
    {
        int stamp = _clock.Stamp();
        _entries.Add(new Entry(name, parent, Environment.CurrentManagedThreadId, stamp, flops, bytes) { End = stamp });
        return _entries.Count - 1;
    }

    void CloseKernel(int operation)
    {
        if (operation != None && _entries[operation].Kernel is var kernel and not None)
        {
            _entries[kernel].End = _clock.Stamp();
            _entries[operation].Kernel = None;
        }
    }

    sealed class Entry(string name, int parent, int thread, int start, double flops, double bytes)
    {
        public string Name { get; } = name;

        public string Variant { get; set; } = "";

        public int Parent { get; } = parent;

        public int Thread { get; } = thread;

        public int Start { get; } = start;

        public int End { get; set; }

        public double Flops { get; } = flops;

        public double Bytes { get; } = bytes;

        public bool IsKernel { get; set; }

        /// <summary>The kernel of this operation that is running, or none.</summary>
        public int Kernel { get; set; } = None;
    }
}
