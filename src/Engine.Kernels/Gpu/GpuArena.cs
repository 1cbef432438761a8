using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace Engine.Kernels.Gpu;

/// <summary>A device's memory, taken from the driver in large slabs and lent out in blocks.</summary>
/// <remarks>
/// A driver's own allocation waits for the device; this one does not. All work is ordered on one stream, so that a freed block can be
/// lent again while earlier work still reads it. Blocks begin at multiples of 256 bytes, as ILGPU expects.
/// </remarks>
sealed class GpuArena : IDisposable
{
    internal const long Alignment = 256;
    const long SmallestSlab = 32L << 20;

    readonly Accelerator _accelerator;
    readonly string _deviceName;
    readonly long _largestSlab;
    readonly List<Slab> _slabs = [];
    readonly Lock _lock = new();
    bool _disposed;

    /// <param name="accelerator">Where the memory is.</param>
    /// <param name="deviceName">As errors name it.</param>
    /// <param name="largestSlab">Most bytes of a slab that several blocks share.</param>
    public GpuArena(Accelerator accelerator, string deviceName, long largestSlab)
    {
        _accelerator = accelerator;
        _deviceName = deviceName;
        _largestSlab = largestSlab;
    }

    /// <summary>Bytes taken from the driver.</summary>
    public long Capacity
    {
        get
        {
            lock (_lock)
            {
                return Held;
            }
        }
    }

    /// <summary>Takes memory from the driver at once, so that a job that fits by its plan cannot fail midway.</summary>
    /// <exception cref="EngineException">The device has not that much free.</exception>
    public void Reserve(long bytes)
    {
        lock (_lock)
        {
            long missing = bytes - _slabs.Sum(s => s.Free);
            if (missing <= 0)
            {
                return;
            }

            // Slabs of another job's shape would only be in the way.
            Trim();
            for (missing = bytes - _slabs.Sum(s => s.Free); missing > 0;)
            {
                long now = Math.Max(Math.Min(missing, _largestSlab), SmallestSlab);
                _ = TryAdd(now, out var cause) ?? throw NoMemory(bytes, cause);
                missing -= now;
            }
        }
    }

    /// <summary>Lends a block; its values are undefined.</summary>
    /// <exception cref="EngineException">The device has not that much free.</exception>
    public GpuMemory Allocate(long bytes)
    {
        long rounded = Math.Max(Alignment, (bytes + Alignment - 1) / Alignment * Alignment);
        lock (_lock)
        {
            var slab = BestFit(rounded) ?? AddSlab(Math.Max(rounded, Math.Min(SmallestSlab, _largestSlab)));
            return new GpuMemory(this, slab, slab.Take(rounded), rounded);
        }
    }

    internal void Free(GpuMemory block)
    {
        lock (_lock)
        {
            if (!_disposed)
            {
                block.Slab.Return(block.Offset, block.Bytes);
            }
        }
    }

    /// <summary>Gives slabs that nothing is lent from back to the driver.</summary>
    public void Trim()
    {
        lock (_lock)
        {
            foreach (var slab in _slabs.Where(s => s.Free == s.Buffer.Length).ToArray())
            {
                _slabs.Remove(slab);
                slab.Buffer.Dispose();
            }
        }
    }

    /// <summary>Gives everything back to the driver; blocks must not be used afterwards.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            _slabs.ForEach(s => s.Buffer.Dispose());
            _slabs.Clear();
        }
    }

    Slab? BestFit(long bytes)
    {
        Slab? best = null;
        foreach (var slab in _slabs)
        {
            long hole = slab.SmallestHole(bytes);
            if (hole >= bytes && (best is null || hole < best.SmallestHole(bytes)))
            {
                best = slab;
            }
        }

        return best;
    }

    Slab AddSlab(long bytes)
    {
        if (TryAdd(bytes, out _) is { } slab)
        {
            return slab;
        }

        // What earlier stages used and nobody uses now may be all that is missing.
        Trim();
        return TryAdd(bytes, out var cause) ?? throw NoMemory(bytes, cause);
    }

    EngineException NoMemory(long bytes, Exception? cause) => new(
        ErrorKind.NoResources,
        $"{_deviceName} has no {bytes / 1e6:F0} MB of memory left ({Held / 1e6:F0} of {_accelerator.MemorySize / 1e6:F0} MB are in use here); ask for a smaller clip, give a --memory limit, or free memory that other programs hold.",
        cause);

    // Some drivers promise more than there is and fail only when it is used.
    Slab? TryAdd(long bytes, out Exception? cause)
    {
        cause = null;
        if (bytes > _accelerator.MemorySize - Held)
        {
            return null;
        }

        try
        {
            var slab = new Slab(_accelerator.Allocate1D<byte>(bytes));
            _slabs.Add(slab);
            return slab;
        }
        catch (Exception e) when (IsOutOfMemory(e))
        {
            cause = e;
            return null;
        }
    }

    long Held => _slabs.Sum(s => s.Buffer.Length);

    static bool IsOutOfMemory(Exception e) => e switch
    {
        CudaException cuda => cuda.Error == nameof(CudaError.CUDA_ERROR_OUT_OF_MEMORY),
        CLException cl => cl.Error is CLError.CL_MEM_OBJECT_ALLOCATION_FAILURE or CLError.CL_OUT_OF_RESOURCES
            or CLError.CL_OUT_OF_HOST_MEMORY or CLError.CL_INVALID_BUFFER_SIZE,
        _ => e is OutOfMemoryException,
    };

    /// <summary>One allocation of the driver and its holes, in order of their place.</summary>
    internal sealed class Slab(MemoryBuffer1D<byte, Stride1D.Dense> buffer)
    {
        readonly SortedList<long, long> _holes = new() { [0] = buffer.Length };

        public MemoryBuffer1D<byte, Stride1D.Dense> Buffer { get; } = buffer;

        public long Free { get; private set; } = buffer.Length;

        /// <summary>Size of the smallest hole that holds so much, or 0.</summary>
        public long SmallestHole(long bytes)
        {
            long best = 0;
            foreach (long size in _holes.Values)
            {
                if (size >= bytes && (best == 0 || size < best))
                {
                    best = size;
                }
            }

            return best;
        }

        public long Take(long bytes)
        {
            long size = SmallestHole(bytes);
            int index = _holes.Values.IndexOf(size);
            long at = _holes.Keys[index];
            _holes.RemoveAt(index);
            if (size > bytes)
            {
                _holes.Add(at + bytes, size - bytes);
            }

            Free -= bytes;
            return at;
        }

        public void Return(long at, long bytes)
        {
            Free += bytes;
            _holes.Add(at, bytes);
            int index = _holes.IndexOfKey(at);
            if (index + 1 < _holes.Count && at + bytes == _holes.Keys[index + 1])
            {
                bytes += _holes.Values[index + 1];
                _holes.RemoveAt(index + 1);
                _holes[at] = bytes;
            }

            if (index > 0 && _holes.Keys[index - 1] + _holes.Values[index - 1] == at)
            {
                _holes[_holes.Keys[index - 1]] += bytes;
                _holes.RemoveAt(index);
            }
        }
    }
}
