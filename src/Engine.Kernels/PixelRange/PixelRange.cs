namespace Engine.Kernels;

/// <summary>Between the VAE's range of colours and pictures': -1..1, 0..1 and bytes.</summary>
/// <remarks>
/// ToUnit: y = clamp(x / 2 + 1 / 2, 0, 1), NaN becomes 0. ToBytes: floor(255 x + 1 / 2) of values in 0..1.
/// FromBytes: 2 (b / 255) - 1, with upstream's two roundings.
/// Cost: bandwidth-bound. Tolerance: ToUnit 1e-7; ToBytes and FromBytes equal on every device but for one step at exact halves.
/// </remarks>
public static partial class PixelRange
{
    internal delegate void UnitKernel(Device device, Tensor x);

    internal delegate void BytesKernel(Device device, Tensor x, Span<byte> bytes, Workspace scratch);

    internal delegate void PixelsKernel(Device device, ReadOnlySpan<byte> bytes, Tensor y, Workspace scratch);

    internal static readonly VariantTable<UnitKernel> Units = new("ToUnit")
    {
        { "Reference", ReferenceUnit, (d, _) => d.IsCpu },
        { "GpuStrided", GpuUnit, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    internal static readonly VariantTable<BytesKernel> Bytes = new("ToBytes")
    {
        { "Reference", ReferenceBytes, (d, _) => d.IsCpu },
        { "GpuPacked", GpuBytes, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    internal static readonly VariantTable<PixelsKernel> Pixels = new("FromBytes")
    {
        { "Reference", ReferencePixels, (d, _) => d.IsCpu },
        { "GpuPacked", GpuPixels, (d, _) => d.Kind != DeviceKind.Cpu },
    };

    /// <summary>From -1..1 to 0..1 in place, cut off at both ends.</summary>
    public static void ToUnit(Device device, Tensor x)
    {
        if (!device.Skips(nameof(ToUnit), 3.0 * x.Count, 8.0 * x.Count))
        {
            Units.Pick(device, x.Shape).Invoke(device, x);
            device.Done();
        }
    }

    /// <summary>Values in 0..1 as bytes on the host.</summary>
    /// <param name="device">Where the values are.</param>
    /// <param name="x">Values in 0..1.</param>
    /// <param name="bytes">Receives one byte for each.</param>
    /// <param name="scratch">Where the device puts them together.</param>
    public static void ToBytes(Device device, Tensor x, Span<byte> bytes, Workspace scratch)
    {
        Operands.Extent(nameof(ToBytes), "number of bytes", x.Count, bytes.Length);
        using var scope = scratch.Scope();
        if (!device.Skips(nameof(ToBytes), 2.0 * x.Count, 5.0 * x.Count))
        {
            Bytes.Pick(device, x.Shape).Invoke(device, x, bytes, scratch);
            device.Done();
        }
    }

    /// <summary>Bytes on the host as values in -1..1.</summary>
    /// <param name="device">Where the values go.</param>
    /// <param name="bytes">One for each value.</param>
    /// <param name="y">Receives the values.</param>
    /// <param name="scratch">Where the device keeps the bytes meanwhile.</param>
    public static void FromBytes(Device device, ReadOnlySpan<byte> bytes, Tensor y, Workspace scratch)
    {
        Operands.Extent(nameof(FromBytes), "number of values", bytes.Length, y.Count);
        using var scope = scratch.Scope();
        if (!device.Skips(nameof(FromBytes), 3.0 * y.Count, 5.0 * y.Count))
        {
            Pixels.Pick(device, y.Shape).Invoke(device, bytes, y, scratch);
            device.Done();
        }
    }

    static void ReferenceUnit(Device device, Tensor x)
    {
        foreach (ref float value in x.Span)
        {
            // Written so that NaN becomes 0 rather than an undefined byte.
            float unit = (value * 0.5f) + 0.5f;
            value = unit > 0 ? Math.Min(unit, 1) : 0;
        }
    }

    static void ReferenceBytes(Device device, Tensor x, Span<byte> bytes, Workspace scratch)
    {
        var values = x.Span;
        for (int i = 0; i < values.Length; i++)
        {
            bytes[i] = (byte)((values[i] * 255) + 0.5f);
        }
    }

    static void ReferencePixels(Device device, ReadOnlySpan<byte> bytes, Tensor y, Workspace scratch)
    {
        var values = y.Span;
        for (int i = 0; i < values.Length; i++)
        {
            values[i] = (2 * (bytes[i] / 255f)) - 1;
        }
    }
}
