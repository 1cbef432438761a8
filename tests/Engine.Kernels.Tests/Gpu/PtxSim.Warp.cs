using System.Runtime.Intrinsics;

namespace Engine.Kernels.Tests.Gpu;

/// <content>What the 32 threads of a warp do together.</content>
sealed partial class PtxSim
{
    readonly float[] _a = new float[16 * 16];
    readonly float[] _b = new float[8 * 16];

    void Together(Thread[] warp, PtxInstruction i)
    {
        switch (i.Op)
        {
            case PtxOp.LdMatrix:
                LoadMatrix(warp, i);
                break;
            case PtxOp.Shfl:
                Shuffle(warp, i);
                break;
            case PtxOp.Vote:
                Vote(warp, i);
                break;
            case PtxOp.Mma:
                Multiply(warp, i);
                break;
            default:
                throw new NotSupportedException(i.ToString());
        }
    }

    // Matrix m: its row r is at the address of lane 8 m + r; lane l gets row l / 4, columns 2 (l % 4) and the next.
    void LoadMatrix(Thread[] warp, PtxInstruction i)
    {
        bool transposed = i.Parts.Contains("trans");
        var to = i.Operands[0];
        Span<ulong> addresses = stackalloc ulong[WarpSize];
        for (int l = 0; l < WarpSize; l++)
        {
            addresses[l] = Address(warp[l], i[1]);
        }

        for (int m = 0; m < to.Length; m++)
        {
            for (int l = 0; l < WarpSize; l++)
            {
                int row = l / 4;
                int column = l % 4 * 2;
                uint value = 0;
                for (int k = 0; k < 2; k++)
                {
                    var (r, c) = transposed ? (column + k, row) : (row, column + k);
                    var bytes = Shared(addresses[(m * 8) + r], 16);
                    value |= (uint)(bytes[2 * c] | (bytes[(2 * c) + 1] << 8)) << (16 * k);
                }

                warp[l].Registers[to[m].Register] = value;
            }
        }
    }

    void Shuffle(Thread[] warp, PtxInstruction i)
    {
        if (i.Parts[2] != "bfly")
        {
            throw new NotSupportedException(i.ToString());
        }

        Span<ulong> values = stackalloc ulong[WarpSize];
        for (int l = 0; l < WarpSize; l++)
        {
            values[l] = Get(warp[l], i[1]);
        }

        for (int l = 0; l < WarpSize; l++)
        {
            warp[l].Registers[i[0].Register] = values[l ^ (int)Get(warp[l], i[2])];
        }
    }

    void Vote(Thread[] warp, PtxInstruction i)
    {
        if (i.Opcode != "vote.sync.any.pred")
        {
            throw new NotSupportedException(i.ToString());
        }

        bool any = Array.Exists(warp, t => (Get(t, i[1]) & 1) != 0);
        Array.ForEach(warp, t => t.Registers[i[0].Register] = any ? 1u : 0u);
    }

    // m16n8k16. Lane l: a holds rows l / 4 (+ 8 in registers 1 and 3), k 2 (l % 4) and the next (+ 8 in registers 2 and 3);
    // b holds column l / 4, the same k; c holds rows l / 4 (+ 8 in registers 2 and 3), columns 2 (l % 4) and the next.
    void Multiply(Thread[] warp, PtxInstruction i)
    {
        bool half = i.Opcode switch
        {
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32" => false,
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32" => true,
            _ => throw new NotSupportedException(i.ToString()),
        };
        var (d, a, b, c) = (i.Operands[0], i.Operands[1], i.Operands[2], i.Operands[3]);
        for (int l = 0; l < WarpSize; l++)
        {
            int g = l / 4;
            int q = l % 4 * 2;
            for (int k = 0; k < 4; k++)
            {
                uint v = (uint)Get(warp[l], a[k]);
                int row = g + (k % 2 * 8);
                int depth = q + (k / 2 * 8);
                _a[(row * 16) + depth] = half ? FromF16(v) : FromBf16(v & 0xFFFF);
                _a[(row * 16) + depth + 1] = half ? FromF16(v >> 16) : FromBf16(v >> 16);
            }

            for (int k = 0; k < 2; k++)
            {
                uint v = (uint)Get(warp[l], b[k]);
                _b[(g * 16) + q + (k * 8)] = half ? FromF16(v) : FromBf16(v & 0xFFFF);
                _b[(g * 16) + q + (k * 8) + 1] = half ? FromF16(v >> 16) : FromBf16(v >> 16);
            }
        }

        Span<float> sums = stackalloc float[4];
        for (int l = 0; l < WarpSize; l++)
        {
            for (int k = 0; k < 4; k++)
            {
                int row = (l / 4) + (k / 2 * 8);
                int column = (l % 4 * 2) + (k % 2);
                var products = Vector512.Create(_a, row * 16) * Vector512.Create(_b, column * 16);
                sums[k] = F(Get(warp[l], c[k])) + Vector512.Sum(products);
            }

            for (int k = 0; k < 4; k++)
            {
                warp[l].Registers[d[k].Register] = U(sums[k]);
            }
        }
    }
}
