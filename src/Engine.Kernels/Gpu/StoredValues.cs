using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>How a kernel reads values of one <see cref="DType"/>; kernels are compiled once for each.</summary>
interface IStored
{
    /// <summary>Eight values, widened exactly as <see cref="Widening"/> does it.</summary>
    /// <param name="stored">The matrix.</param>
    /// <param name="at">First value; for block types a multiple of 8.</param>
    /// <param name="count">Values there are; those beyond are 0. Block types always have eight.</param>
    /// <param name="aligned">True when the matrix and <paramref name="at"/> are multiples of eight values.</param>
    static abstract F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned);
}

/// <summary>Single precision.</summary>
readonly struct StoredF32 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned) => Eight(stored.Cast<float>(), at, count, aligned);

    /// <summary>Eight floats; <paramref name="aligned"/> asks for addresses that are multiples of 16 bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<float> values, long at, int count, bool aligned)
    {
        F8 r = default;
        if (aligned && count >= 8)
        {
            var four = values.Cast<F4>();
            var low = four[at >> 2];
            var high = four[(at >> 2) + 1];
            r.V0 = low.V0;
            r.V1 = low.V1;
            r.V2 = low.V2;
            r.V3 = low.V3;
            r.V4 = high.V0;
            r.V5 = high.V1;
            r.V6 = high.V2;
            r.V7 = high.V3;
            return r;
        }

        r.V0 = count > 0 ? values[at] : 0;
        r.V1 = count > 1 ? values[at + 1] : 0;
        r.V2 = count > 2 ? values[at + 2] : 0;
        r.V3 = count > 3 ? values[at + 3] : 0;
        r.V4 = count > 4 ? values[at + 4] : 0;
        r.V5 = count > 5 ? values[at + 5] : 0;
        r.V6 = count > 6 ? values[at + 6] : 0;
        r.V7 = count > 7 ? values[at + 7] : 0;
        return r;
    }

    /// <summary>Writes eight floats, or as many as there is room for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ArrayView<float> values, long at, int count, F8 v)
    {
        StoreOne(values, at, count > 0, v.V0);
        StoreOne(values, at + 1, count > 1, v.V1);
        StoreOne(values, at + 2, count > 2, v.V2);
        StoreOne(values, at + 3, count > 3, v.V3);
        StoreOne(values, at + 4, count > 4, v.V4);
        StoreOne(values, at + 5, count > 5, v.V5);
        StoreOne(values, at + 6, count > 6, v.V6);
        StoreOne(values, at + 7, count > 7, v.V7);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static void StoreOne(ArrayView<float> values, long at, bool there, float v)
    {
        if (there)
        {
            values[at] = v;
        }
    }
}

/// <summary>bfloat16.</summary>
readonly struct StoredBf16 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        var bits = Halves.Eight(stored, at, count, aligned);
        F8 r = default;
        r.V0 = Interop.IntAsFloat(bits.V0 << 16);
        r.V1 = Interop.IntAsFloat(bits.V0 & 0xFFFF0000);
        r.V2 = Interop.IntAsFloat(bits.V1 << 16);
        r.V3 = Interop.IntAsFloat(bits.V1 & 0xFFFF0000);
        r.V4 = Interop.IntAsFloat(bits.V2 << 16);
        r.V5 = Interop.IntAsFloat(bits.V2 & 0xFFFF0000);
        r.V6 = Interop.IntAsFloat(bits.V3 << 16);
        r.V7 = Interop.IntAsFloat(bits.V3 & 0xFFFF0000);
        return r;
    }
}

/// <summary>Half precision.</summary>
readonly struct StoredF16 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        var bits = Halves.Eight(stored, at, count, aligned);
        F8 r = default;
        r.V0 = DeviceMath.FromF16(bits.V0 & 0xFFFF);
        r.V1 = DeviceMath.FromF16(bits.V0 >> 16);
        r.V2 = DeviceMath.FromF16(bits.V1 & 0xFFFF);
        r.V3 = DeviceMath.FromF16(bits.V1 >> 16);
        r.V4 = DeviceMath.FromF16(bits.V2 & 0xFFFF);
        r.V5 = DeviceMath.FromF16(bits.V2 >> 16);
        r.V6 = DeviceMath.FromF16(bits.V3 & 0xFFFF);
        r.V7 = DeviceMath.FromF16(bits.V3 >> 16);
        return r;
    }
}

/// <summary>fp8 of 4 exponent bits.</summary>
readonly struct StoredE4M3 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        var bits = Octets.Eight(stored, at, count, aligned);
        F8 r = default;
        r.V0 = DeviceMath.FromE4M3(bits.V0 & 255);
        r.V1 = DeviceMath.FromE4M3((bits.V0 >> 8) & 255);
        r.V2 = DeviceMath.FromE4M3((bits.V0 >> 16) & 255);
        r.V3 = DeviceMath.FromE4M3(bits.V0 >> 24);
        r.V4 = DeviceMath.FromE4M3(bits.V1 & 255);
        r.V5 = DeviceMath.FromE4M3((bits.V1 >> 8) & 255);
        r.V6 = DeviceMath.FromE4M3((bits.V1 >> 16) & 255);
        r.V7 = DeviceMath.FromE4M3(bits.V1 >> 24);
        return r;
    }
}

/// <summary>fp8 of 5 exponent bits.</summary>
readonly struct StoredE5M2 : IStored
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F8 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        var bits = Octets.Eight(stored, at, count, aligned);
        F8 r = default;
        r.V0 = DeviceMath.FromE5M2(bits.V0 & 255);
        r.V1 = DeviceMath.FromE5M2((bits.V0 >> 8) & 255);
        r.V2 = DeviceMath.FromE5M2((bits.V0 >> 16) & 255);
        r.V3 = DeviceMath.FromE5M2(bits.V0 >> 24);
        r.V4 = DeviceMath.FromE5M2(bits.V1 & 255);
        r.V5 = DeviceMath.FromE5M2((bits.V1 >> 8) & 255);
        r.V6 = DeviceMath.FromE5M2((bits.V1 >> 16) & 255);
        r.V7 = DeviceMath.FromE5M2(bits.V1 >> 24);
        return r;
    }
}

/// <summary>Eight values of two bytes.</summary>
static class Halves
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static U4 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        if (aligned && count >= 8)
        {
            return stored.Cast<U4>()[at >> 3];
        }

        var values = stored.Cast<ushort>();
        U4 r = default;
        r.V0 = (count > 0 ? values[at] : 0u) | (count > 1 ? (uint)values[at + 1] << 16 : 0);
        r.V1 = (count > 2 ? values[at + 2] : 0u) | (count > 3 ? (uint)values[at + 3] << 16 : 0);
        r.V2 = (count > 4 ? values[at + 4] : 0u) | (count > 5 ? (uint)values[at + 5] << 16 : 0);
        r.V3 = (count > 6 ? values[at + 6] : 0u) | (count > 7 ? (uint)values[at + 7] << 16 : 0);
        return r;
    }
}

/// <summary>Eight values of one byte.</summary>
static class Octets
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static U2 Eight(ArrayView<byte> stored, long at, int count, bool aligned)
    {
        if (aligned && count >= 8)
        {
            return stored.Cast<U2>()[at >> 3];
        }

        U2 r = default;
        r.V0 = (count > 0 ? stored[at] : 0u) | (count > 1 ? (uint)stored[at + 1] << 8 : 0)
            | (count > 2 ? (uint)stored[at + 2] << 16 : 0) | (count > 3 ? (uint)stored[at + 3] << 24 : 0);
        r.V1 = (count > 4 ? stored[at + 4] : 0u) | (count > 5 ? (uint)stored[at + 5] << 8 : 0)
            | (count > 6 ? (uint)stored[at + 6] << 16 : 0) | (count > 7 ? (uint)stored[at + 7] << 24 : 0);
        return r;
    }
}
