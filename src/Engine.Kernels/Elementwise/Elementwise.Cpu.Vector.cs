using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <content>Eight values at a time, blocks shared out over the threads.</content>
public static unsafe partial class Elementwise
{
    // Values are cut into blocks of this many, and blocks into parts: no product of row numbers can overflow.
    const int Block = 1 << 12;

    enum Step
    {
        Combine,
        Multiply,
        Activate,
    }

    static void CpuVectorCombine(Device device, Tensor a, float factorA, Tensor b, float factorB, Tensor y) =>
        Run(device, Step.Combine, a.Pointer, factorA, b.Pointer, factorB, y, Activation.None, workPerValue: 1);

    static void CpuVectorMultiply(Device device, Tensor x, Tensor y) =>
        Run(device, Step.Multiply, x.Pointer, 1, y.Pointer, 1, y, Activation.None, workPerValue: 1);

    static void CpuVectorActivate(Device device, Tensor y, Activation activation) =>
        Run(device, Step.Activate, y.Pointer, 1, y.Pointer, 1, y, activation, workPerValue: 4);

    static void Run(
        Device device, Step step, float* a, float factorA, float* b, float factorB, Tensor y, Activation activation, int workPerValue)
    {
        int blocks = checked((int)((y.Count + Block - 1) / Block));
        var job = new ValuesJob
        {
            Step = step,
            A = a,
            FactorA = factorA,
            B = b,
            FactorB = factorB,
            Y = y.Pointer,
            Count = y.Count,
            Activation = activation,
            Isa = ((CpuDevice)device).Isa,
            Split = new RowSplit(blocks, (long)Block * workPerValue),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    static void CpuVectorGate(Device device, Tensor x, Tensor gate, RowMap? rows, Tensor y)
    {
        var job = new GateJob
        {
            X = x.Pointer,
            Gate = gate.Pointer,
            Map = rows is null ? null : rows.Pointer,
            Y = y.Pointer,
            Columns = y.Columns,
            Split = new RowSplit(y.Rows, y.Columns),
        };
        ((CpuDevice)device).Pool.Run(job.Split.Parts, ref job);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void CombineBlock(float* a, float factorA, float* b, float factorB, float* y, long count)
    {
        var fa = Vector256.Create(factorA);
        var fb = Vector256.Create(factorB);
        long i = 0;
        if (factorB == 0)
        {
            // b is not read: it may hold anything, infinities included.
            for (; i <= count - 8; i += 8)
            {
                (Vector256.Load(a + i) * fa).Store(y + i);
            }

            for (; i < count; i++)
            {
                y[i] = a[i] * factorA;
            }

            return;
        }

        for (; i <= count - 8; i += 8)
        {
            Vector256.MultiplyAddEstimate(Vector256.Load(a + i), fa, Vector256.Load(b + i) * fb).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = (a[i] * factorA) + (b[i] * factorB);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void MultiplyBlock(float* a, float* b, float* y, long count)
    {
        long i = 0;
        for (; i <= count - 8; i += 8)
        {
            (Vector256.Load(a + i) * Vector256.Load(b + i)).Store(y + i);
        }

        for (; i < count; i++)
        {
            y[i] = a[i] * b[i];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void GateRow(float* x, float* gate, float* y, int columns)
    {
        int c = 0;
        for (; c <= columns - 8; c += 8)
        {
            Vector256.MultiplyAddEstimate(Vector256.Load(gate + c), Vector256.Load(x + c), Vector256.Load(y + c)).Store(y + c);
        }

        for (; c < columns; c++)
        {
            y[c] += gate[c] * x[c];
        }
    }

    struct ValuesJob : IPartitioned
    {
        public Step Step;
        public float* A;
        public float FactorA;
        public float* B;
        public float FactorB;
        public float* Y;
        public long Count;
        public Activation Activation;
        public Isa Isa;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            long start = (long)Split.Start(part) * Block;
            long count = Math.Min((long)Split.End(part) * Block, Count) - start;
            switch (Step)
            {
                case Step.Combine:
                    CombineBlock(A + start, FactorA, B + start, FactorB, Y + start, count);
                    break;
                case Step.Multiply:
                    MultiplyBlock(A + start, B + start, Y + start, count);
                    break;
                default:
                    ActivationMath.Apply(Isa, Activation, Y + start, count);
                    break;
            }
        }
    }

    struct GateJob : IPartitioned
    {
        public float* X;
        public float* Gate;
        public int* Map;
        public float* Y;
        public int Columns;
        public RowSplit Split;

        public readonly void Run(int part)
        {
            for (int m = Split.Start(part); m < Split.End(part); m++)
            {
                long row = Map == null ? 0 : (long)Map[m] * Columns;
                GateRow(X + ((long)m * Columns), Gate + row, Y + ((long)m * Columns), Columns);
            }
        }
    }
}
