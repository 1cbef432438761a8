using Engine.Kernels.Gpu;
using Engine.Testing;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Runs the same operation's specification on the host and a variant on an accelerator.</summary>
/// <remarks>Kernels are not made for several threads, so that tests that use a bench are in one collection.</remarks>
public sealed class GpuBench : IDisposable
{
    readonly List<Tensor> _onDevice = [];

    /// <summary>Skips the test where there is no accelerator.</summary>
    public GpuBench()
    {
        Gpu = TestDevices.Gpu();
        Host = new GuardedMemory(TestDevices.Cpu(Isa.Vector128));
    }

    /// <summary>The accelerator.</summary>
    public GpuDevice Gpu { get; }

    /// <summary>Host tensors, their ends guarded.</summary>
    public GuardedMemory Host { get; }

    /// <summary>The host's device, for specifications.</summary>
    public Device Cpu => Host.Device;

    /// <summary>A copy of a host tensor on the accelerator.</summary>
    public Tensor Send(Tensor host)
    {
        if (host.IsEmpty)
        {
            return default;
        }

        var tensor = Gpu.NewTensor(host.Shape);
        tensor.CopyFrom(host.Span);
        _onDevice.Add(tensor);
        return tensor;
    }

    /// <summary>A tensor of NaN on the accelerator, so that what is not written shows.</summary>
    public Tensor Empty(Shape shape)
    {
        var tensor = Gpu.NewTensor(shape);
        tensor.Fill(float.NaN);
        _onDevice.Add(tensor);
        return tensor;
    }

    /// <summary>A copy of weights on the accelerator; the caller disposes it.</summary>
    public unsafe Weight Send(Weight host)
    {
        var storage = Gpu.Allocate(host.Bytes);
        Gpu.Upload(new ReadOnlySpan<byte>(host.Address, checked((int)host.Bytes)), storage, 0);
        return new Weight(storage, host.Type, host.Rows, host.Columns, host.Scale);
    }

    /// <summary>A plane of noise on the host; a border, if any, is zero.</summary>
    public Plane NoisePlane(int height, int width, int channels, int border, int seed)
    {
        var plane = new Plane(Host.Noise(Plane.ShapeOf(height, width, channels, border), seed), border);
        for (int row = -border; row < height + border; row++)
        {
            for (int column = -border; column < width + border; column++)
            {
                if (row < 0 || row == height || column < 0 || column == width)
                {
                    plane.Values.Span.Slice((int)plane.Offset(row, column), channels).Clear();
                }
            }
        }

        return plane;
    }

    /// <summary>A plane on the host full of a value that shows where nothing was written.</summary>
    public Plane BlankPlane(int height, int width, int channels, int border)
    {
        var plane = new Plane(Host.Empty(Plane.ShapeOf(height, width, channels, border)), border);
        plane.Values.Fill(77);
        return plane;
    }

    /// <summary>A copy of a host plane on the accelerator.</summary>
    public Plane Send(Plane host) => host.IsEmpty ? default : new Plane(Send(host.Values), host.Border);

    /// <summary>A copy of a tensor of the accelerator on the host.</summary>
    public Tensor Receive(Tensor device)
    {
        var tensor = Host.Empty(device.Shape);
        device.CopyTo(tensor.Span);
        return tensor;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _onDevice.ForEach(t => t.Dispose());
        Host.Dispose();
    }
}
