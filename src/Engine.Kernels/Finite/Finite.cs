namespace Engine.Kernels;

/// <summary>Tells whether a tensor holds numbers only: no NaN, no infinity.</summary>
/// <remarks>x: n values f32. Cost: reads n floats; on a device one short copy to the host, for which all work before it is waited for.</remarks>
public static partial class Finite
{
    internal delegate bool Kernel(Device device, Tensor x, Workspace scratch);

    // Order is preference. ENGINE_FORCE_FINITE=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Variants = new("Finite")
    {
        { "CpuSums", CpuSums, (d, _) => d.IsCpu },
        { "GpuFlags", GpuFlags, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", Reference, (d, _) => d.IsCpu },
    };

    /// <summary>True when every value is a finite number (and on a dry-run device).</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Any tensor.</param>
    /// <param name="scratch">Where a device's threads leave what they found.</param>
    public static bool All(Device device, Tensor x, Workspace scratch)
    {
        using var scope = scratch.Scope();
        if (device.Skips(nameof(Finite), x.Count, 4.0 * x.Count))
        {
            return true;
        }

        bool finite = Variants.Pick(device, x.Shape).Invoke(device, x, scratch);
        device.Done();
        return finite;
    }

    static unsafe bool Reference(Device device, Tensor x, Workspace scratch)
    {
        for (long i = 0; i < x.Count; i++)
        {
            if (!float.IsFinite(x.Pointer[i]))
            {
                return false;
            }
        }

        return true;
    }

    // A sum is not finite when a part is not; chunks keep it from overflowing by itself.
    static unsafe bool CpuSums(Device device, Tensor x, Workspace scratch)
    {
        const int Chunk = 4096;
        for (long i = 0; i < x.Count; i += Chunk)
        {
            var values = new ReadOnlySpan<float>(x.Pointer + i, (int)Math.Min(Chunk, x.Count - i));
            if (!float.IsFinite(System.Numerics.Tensors.TensorPrimitives.SumOfMagnitudes(values)) && values.ContainsAnyNotFinite())
            {
                return false;
            }
        }

        return true;
    }

    static bool ContainsAnyNotFinite(this ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (!float.IsFinite(value))
            {
                return true;
            }
        }

        return false;
    }
}
