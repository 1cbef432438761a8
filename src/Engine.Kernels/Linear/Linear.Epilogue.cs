using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>What happens to a tile of sums on its way to y.</content>
public static unsafe partial class Linear
{
    static class Epilogue
    {
        /// <summary>tile = tile * scale + bias + partial, the last two where they are given.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Collect(float* tile, int width, int rows, int columns, float scale, float* bias, float* partial, nint stride)
        {
            if (scale == 1 && bias == null && partial == null)
            {
                return;
            }

            var scales = Vector256.Create(scale);
            for (; rows > 0; rows--, tile += width)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    var v = Vector256.LoadAligned(tile + c);
                    v = bias == null ? v * scales : Vector256.MultiplyAddEstimate(v, scales, Vector256.Load(bias + c));
                    v = partial == null ? v : v + Vector256.Load(partial + c);
                    v.StoreAligned(tile + c);
                }

                for (; c < columns; c++)
                {
                    float v = tile[c] * scale;
                    v = bias == null ? v : v + bias[c];
                    tile[c] = partial == null ? v : v + partial[c];
                }

                partial = partial == null ? null : partial + stride;
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Store(float* tile, int width, int rows, int columns, float* y, nint stride)
        {
            for (; rows > 0; rows--, tile += width, y += stride)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    Vector256.LoadAligned(tile + c).Store(y + c);
                }

                for (; c < columns; c++)
                {
                    y[c] = tile[c];
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Add(float* tile, int width, int rows, int columns, float* y, nint stride)
        {
            for (; rows > 0; rows--, tile += width, y += stride)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    (Vector256.Load(y + c) + Vector256.LoadAligned(tile + c)).Store(y + c);
                }

                for (; c < columns; c++)
                {
                    y[c] += tile[c];
                }
            }
        }

        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Multiply(float* tile, int width, int rows, int columns, float* y, nint stride)
        {
            for (; rows > 0; rows--, tile += width, y += stride)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    (Vector256.Load(y + c) * Vector256.LoadAligned(tile + c)).Store(y + c);
                }

                for (; c < columns; c++)
                {
                    y[c] *= tile[c];
                }
            }
        }

        /// <summary>One row: y += gate * tile.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddGated(float* tile, int columns, float* gate, float* y)
        {
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                Vector256.MultiplyAddEstimate(Vector256.Load(gate + c), Vector256.LoadAligned(tile + c), Vector256.Load(y + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] += gate[c] * tile[c];
            }
        }
    }
}
