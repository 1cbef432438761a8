using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>Keeps a plane in three quarters of its memory: 24 of 32 bits of each value, for causal caches of large frames.</summary>
/// <remarks>
/// Packed memory of a pixel: C words of 16 bits (sign, exponent and 7 bits of each value), then C bytes (the next 8 bits).
/// Sixteen significant bits, rounded to nearest, halves away from zero: an error of at most 2^-16 of each value, about as much as
/// Winograd's transforms make. Zero stays zero.
/// Only the inside is written. C: a multiple of 16. On the host's cores only.
/// </remarks>
public static unsafe class PlanePacking
{
    /// <summary>The shape that holds a packed plane.</summary>
    public static Shape ShapeOf(int height, int width, int channels, int border) => Plane.ShapeOf(height, width, channels / 4 * 3, border);

    /// <summary>Packs a plane.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Plane in.</param>
    /// <param name="y">Plane out: packed, of the same size.</param>
    /// <exception cref="ArgumentException">The planes differ in size, or the device has no packing.</exception>
    public static void Run(Device device, Plane x, Plane y)
    {
        if (x.IsPacked || !y.IsPacked || x.Height != y.Height || x.Width != y.Width || x.Channels != y.Channels || x.Channels % 16 != 0
            || device.Kind != DeviceKind.Cpu)
        {
            throw new ArgumentException($"A plane {x} cannot be packed into {y} on {device.Name}: sizes must be the same, with channels in multiples of 16.");
        }

        double values = (double)x.Height * x.Width * x.Channels;
        if (device.Skips(nameof(PlanePacking), 2 * values, 7 * values))
        {
            return;
        }

        var split = new RowSplit(x.Height, (long)x.Width * x.Channels);
        var job = new PackJob(x, y, split);
        ((CpuDevice)device).Pool.Run(split.Parts, ref job);
        device.Done();
    }

    /// <summary>A value as it comes back.</summary>
    internal static float Rounded(float value) => BitConverter.UInt32BitsToSingle((BitConverter.SingleToUInt32Bits(value) + 0x80) & 0xffffff00);

    readonly struct PackJob(Plane x, Plane y, RowSplit split) : IPartitioned
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Run(int part)
        {
            int channels = x.Channels;
            for (int row = split.Start(part); row < split.End(part); row++)
            {
                uint* from = (uint*)x.At(row, 0);
                byte* to = (byte*)y.At(row, 0);
                for (int column = 0; column < x.Width; column++)
                {
                    Pixel(from, (ushort*)to, to + (2 * channels), channels);
                    from += channels;
                    to += 3 * channels;
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static void Pixel(uint* from, ushort* high, byte* low, int channels)
        {
            var half = Vector256.Create(0x80u);
            for (int c = 0; c < channels; c += 16)
            {
                var a = Vector256.Load(from + c) + half;
                var b = Vector256.Load(from + c + 8) + half;
                Vector256.Narrow(a >>> 16, b >>> 16).Store(high + c);
                var bytes = Vector256.Narrow((a >>> 8) & Vector256.Create(0xffu), (b >>> 8) & Vector256.Create(0xffu));
                Vector128.Narrow(Vector256.GetLower(bytes), Vector256.GetUpper(bytes)).Store(low + c);
            }
        }
    }
}
