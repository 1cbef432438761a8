using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

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

        // Whether the sums are what y gets, and are made in y itself.
        readonly bool _endsInPartial;

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
            _endsInPartial = _output == LinearOutput.Store && _activation == Activation.None;
        }

        /// <summary>Asks for the part of y that a tile will end in, so that it arrives while the tile is summed (1 to 2 % of the time).</summary>
        public void Expect(int m, int rows, int n, int width) =>
            CacheHint.Rows((_partial == null ? _y : _partial) + ((long)m * N) + n, N, rows, width);

        /// <summary>Brings a block of weights, [rows, depth] from output n and input k on, into the order [depth, width], widened; rows beyond the last are 0.</summary>
        public void Pack(int n, int rows, int k, int depth, float* widened, float* panel, int width)
        {
            if (Type == DType.F32)
            {
                PanelPacking.Transpose((float*)W + ((long)n * K) + k, K, rows, depth, panel, width);
                return;
            }

            for (int r = 0; r < rows; r++)
            {
                Widening.Run(Type, W, ((long)(n + r) * K) + k, depth, widened + (r * depth));
            }

            PanelPacking.Transpose(widened, depth, rows, depth, panel, width);
        }

        /// <summary>Whether the sums of a block of inputs go to where partial sums are kept: always but for the last block, which may have more to do.</summary>
        public bool IsPartial(bool last) => _partial != null && (!last || _endsInPartial);

        /// <summary>Place of a tile among the partial sums.</summary>
        /// <param name="m">Row of y that the tile starts at.</param>
        /// <param name="n">Column of y that the tile starts at.</param>
        /// <param name="first">True where nothing has been summed yet.</param>
        /// <param name="sign">1, or -1 to take the sums away.</param>
        public TileTarget Target(int m, int n, bool first, float sign = 1)
        {
            float* to = _partial + ((long)m * N) + n;
            return first ? TileTarget.Begin(to, N, _bias == null ? null : _bias + n, sign * _scale) : TileTarget.Add(to, N, sign * _scale);
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
            if (IsPartial(last))
            {
                Epilogue.Collect(tile, width, rows, columns, Target(m, n, first));
                return;
            }

            // Without a place for partial sums the output is linear in them (see NeedsPartials), so that each block goes straight to y.
            var target = TileTarget.Begin(tile, width, first && _bias != null ? _bias + n : null, _scale);
            if (!first && _partial != null)
            {
                target.From = _partial + ((long)m * N) + n;
                target.FromStride = N;
            }

            Epilogue.Collect(tile, width, rows, columns, target);
            ActivationMath.Apply(Isa, _activation, tile, rows * width);
            for (int r = 0; r < rows; r++)
            {
                ToOutput(tile + (r * width), m + r, n, columns);
            }
        }

        /// <summary>Takes the whole sums of a row from where they were kept to y.</summary>
        /// <param name="m">Row of y.</param>
        /// <param name="n">First column.</param>
        /// <param name="columns">Number of columns.</param>
        public void End(int m, int n, int columns)
        {
            if (!_endsInPartial)
            {
                float* sums = _partial + ((long)m * N) + n;
                ActivationMath.Apply(Isa, _activation, sums, columns);
                ToOutput(sums, m, n, columns);
            }
        }

        void ToOutput(float* sums, int m, int n, int columns)
        {
            float* y = _y + ((long)m * N) + n;
            switch (_output)
            {
                case LinearOutput.Store:
                    Epilogue.Store(sums, columns, y);
                    break;
                case LinearOutput.Add:
                    Epilogue.Add(sums, columns, y);
                    break;
                case LinearOutput.Multiply:
                    Epilogue.Multiply(sums, columns, y);
                    break;
                default:
                    Epilogue.AddGated(sums, columns, _gate + n + (_map == null ? 0 : (long)_map[m] * N), y);
                    break;
            }
        }
    }

    /// <summary>Loops over tiles and rows of sums.</summary>
    static class Epilogue
    {
        /// <summary>What <see cref="TileTarget"/> says, for the rows and columns that exist.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Collect(float* tile, int width, int rows, int columns, in TileTarget target)
        {
            float* to = target.To;
            float* from = target.From;
            var scales = Vector256.Create(target.Scale);
            for (; rows > 0; rows--, tile += width, to += target.Stride, from += target.FromStride)
            {
                int c = 0;
                for (; c <= columns - 8; c += 8)
                {
                    Vector256.MultiplyAddEstimate(Vector256.LoadAligned(tile + c), scales, Vector256.Load(from + c)).Store(to + c);
                }

                for (; c < columns; c++)
                {
                    to[c] = MathF.FusedMultiplyAdd(tile[c], target.Scale, from[c]);
                }
            }
        }

        /// <summary>One row: y = sums.</summary>
        public static void Store(float* sums, int columns, float* y)
        {
            if (sums != y)
            {
                Buffer.MemoryCopy(sums, y, (long)columns * sizeof(float), (long)columns * sizeof(float));
            }
        }

        /// <summary>One row: y += sums.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Add(float* sums, int columns, float* y)
        {
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                (Vector256.Load(y + c) + Vector256.Load(sums + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] += sums[c];
            }
        }

        /// <summary>One row: y *= sums.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void Multiply(float* sums, int columns, float* y)
        {
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                (Vector256.Load(y + c) * Vector256.Load(sums + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] *= sums[c];
            }
        }

        /// <summary>One row: y += gate * sums.</summary>
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        public static void AddGated(float* sums, int columns, float* gate, float* y)
        {
            int c = 0;
            for (; c <= columns - 8; c += 8)
            {
                Vector256.MultiplyAddEstimate(Vector256.Load(gate + c), Vector256.Load(sums + c), Vector256.Load(y + c)).Store(y + c);
            }

            for (; c < columns; c++)
            {
                y[c] += gate[c] * sums[c];
            }
        }
    }
}
