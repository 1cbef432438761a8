using System.Diagnostics;
using Engine.Kernels.Gpu;
using ILGPU.Runtime;

namespace Engine.Kernels.Profiling;

/// <summary>Stamps moments of a device's work, and tells later when they were.</summary>
abstract class DeviceClock : IDisposable
{
    /// <summary>How the times come about, in words for whoever reads them.</summary>
    public abstract string Method { get; }

    /// <summary>Stamps the moment at which all work given so far is done; returns the stamp's number.</summary>
    public abstract int Stamp();

    /// <summary>Seconds of every stamp since the clock was made, in order; waits for the device. The stamps are kept.</summary>
    public abstract IReadOnlyList<double> Read();

    /// <summary>The clock for a device.</summary>
    public static DeviceClock For(Device device) => device is GpuDevice gpu ? new MarkerClock(gpu) : new HostClock();

    /// <inheritdoc/>
    public virtual void Dispose()
    {
    }

    /// <summary>The host's own clock: its operations are done when they return.</summary>
    sealed class HostClock : DeviceClock
    {
        readonly long _start = Stopwatch.GetTimestamp();
        readonly List<double> _seconds = [];

        public override string Method => "the host's clock at the start and end of each operation";

        public override int Stamp()
        {
            _seconds.Add(Stopwatch.GetElapsedTime(_start).TotalSeconds);
            return _seconds.Count - 1;
        }

        public override IReadOnlyList<double> Read() => _seconds;
    }

    /// <summary>Markers in the device's own stream: the host does not wait, so that the work runs as it does without a profile.</summary>
    sealed class MarkerClock : DeviceClock
    {
        // A driver holds each marker until it is read.
        const int MostPending = 4096;

        readonly GpuDevice _device;
        readonly ProfilingMarker _origin;
        readonly List<ProfilingMarker> _pending = [];
        readonly List<double> _seconds = [];

        public MarkerClock(GpuDevice device)
        {
            _device = device;
            device.Synchronize();
            _origin = device.Stream.AddProfilingMarker();
            device.Synchronize();
        }

        public override string Method => "markers in the device's stream before and after each kernel; the host does not wait";

        public override int Stamp()
        {
            if (_pending.Count == MostPending)
            {
                Read();
            }

            _pending.Add(_device.Stream.AddProfilingMarker());
            return _seconds.Count + _pending.Count - 1;
        }

        public override IReadOnlyList<double> Read()
        {
            _device.Synchronize();
            foreach (var marker in _pending)
            {
                _seconds.Add(marker.MeasureFrom(_origin).TotalSeconds);
                marker.Dispose();
            }

            _pending.Clear();
            return _seconds;
        }

        public override void Dispose()
        {
            Read();
            _origin.Dispose();
            base.Dispose();
        }
    }
}
