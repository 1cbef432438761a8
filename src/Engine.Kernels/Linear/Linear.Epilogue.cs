using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <content>What happens to a tile of sums on its way to y.</content>
public static unsafe partial class Linear
{
    /// <summary>Operands as the loops need them, and the way of a tile to y.</summary>
    readonly struct CpuOperands
    {
        public readonly float* X;
        public readonly byte* W;
        public readonly DType Type;
        public readonly int M;
        public readonly int N;
        public readonly int K;
        public readonly Isa Isa;
        readonly float _scale;
        readonly float* _bias;
        readonly float* _y;
        readonly float* _partial;
        readonly float* _gate;
        readonly int* _map;
        readonly Activation _activation;
        readonly LinearOutput _output;

        public CpuOperands(CpuDevice device, in LinearCall call)
        {
            Isa = device.Isa;
            X = call.X.Pointer;
            W = call.W.Address;
            Type = call.W.Type;
            M = call.X.Rows;
            N = call.W.Rows;
            K = call.W.Columns;
            _scale = call.W.Scale;
            _bias = call.Bias.IsEmpty ? null : call.Bias.Pointer;
            _y = call.Y.Pointer;
            _partial = call.Output == LinearOutput.Store ? _y : call.Partial.IsEmpty ? null : call.Partial.Pointer;
            _gate = call.Output == LinearOutput.AddGated ? call.Gate.Pointer : null;
            _map = call.Map is null ? null : call.Map.Pointer;
            _activation = call.Activation;
            _output = call.Output;
        }

        /// <summary>Asks for the part of y that a tile will end in, so that it arrives while the tile is summed (1 to 2 % of the time).</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public void Expect(int m, int rows, int n, int width)
        {
            if (!Sse.IsSupported)
            {
                return;
            }

            float* at = (_partial == null ? _y : _partial) + ((long)m * N) + n;
            for (; rows > 0; rows--, at += N)
            {
                Sse.Prefetch0(at);
                Sse.Prefetch0(at + 16);
                Sse.Prefetch0(at + width - 1);
            }
        }

        /// <summary>Takes a tile of sums over one block of inputs: the middle blocks add up, the last one ends in y.</summary>
        /// <param name="tile">Sums [rows, width]; overwritten.</param>
        /// <param name="m">Row of y that the tile starts at.</param>
        /// <param name="rows">Rows of the tile.</param>
        /// <param name="n">Column of y that the tile starts at.</param>
        /// <param name="width">Width of the tile; columns beyond N are ignored.</param>
        /// <param name="first">True for the first block of inputs.</param>
        /// <param name="last">True for the last block of inputs.</param>
        public void Finish(float* tile, int m, int rows, int n, int width, bool first, bool last)
        {
            int columns = Math.Min(width, N - n);
            long at = ((long)m * N) + n;
            float* partial = _partial == null ? null : _partial + at;
            float* y = _y + at;
            float* bias = first && _bias != null ? _bias + n : null;
            if (partial != null && (!last || (_output == LinearOutput.Store && _activation == Activation.None)))
            {
                Epilogue.Sum(tile, width, rows, columns, _scale, bias, !first, partial, N);
                return;
            }

            Epilogue.Collect(tile, width, rows, columns, _scale, bias, first ? null : partial, N);
            if (!last && partial != null)
            {
                Epilogue.Store(tile, width, rows, columns, partial, N);
                return;
            }

            // Without a place for partial sums the output is linear in them (see NeedsPartials), so that each block goes straight to y.
            ActivationMath.Apply(Isa, _activation, tile, rows * width);
            switch (_output)
            {
                case LinearOutput.Store:
                    Epilogue.Store(tile, width, rows, columns, y, N);
                    break;
                case LinearOutput.Add:
                    Epilogue.Add(tile, width, rows, columns, y, N);
                    break;
                case LinearOutput.Multiply:
                    Epilogue.Multiply(tile, width, rows, columns, y, N);
                    break;
                default:
                    for (int r = 0; r < rows; r++)
                    {
                        long row = _map == null ? 0 : (long)_map[m + r] * N;
                        Epilogue.AddGated(tile + (r * width), columns, _gate + row + n, y + ((long)r * N));
                    }

                    break;
            }
        }
    }

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

        /// <summary>y = tile * scale + bias + y, the last two where they are given: what <see cref="Collect"/> and <see cref="Store"/> do, in one pass.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Sum(float* tile, int width, int rows, int columns, float scale, float* bias, bool add, float* y, nint stride)
        {
            var scales = Vector256.Create(scale);
            for (; rows > 0; rows--, tile += width, y += stride)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    var v = Vector256.LoadAligned(tile + c);
                    v = bias == null ? v * scales : Vector256.MultiplyAddEstimate(v, scales, Vector256.Load(bias + c));
                    v = add ? v + Vector256.Load(y + c) : v;
                    v.Store(y + c);
                }

                for (; c < columns; c++)
                {
                    float v = tile[c] * scale;
                    v = bias == null ? v : v + bias[c];
                    y[c] = add ? v + y[c] : v;
                }
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
