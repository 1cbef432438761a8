using System.Buffers.Binary;

namespace Engine.Kernels.Tests.Gpu;

/// <content>What a thread does on its own.</content>
sealed partial class PtxSim
{
    static float F(ulong v) => BitConverter.UInt32BitsToSingle((uint)v);

    static ulong U(float f) => BitConverter.SingleToUInt32Bits(f);

    // f32 to bf16, to the nearest, ties to even.
    static uint ToBf16(float f)
    {
        uint u = BitConverter.SingleToUInt32Bits(f);
        return float.IsNaN(f) ? 0x7FFFu : (u + 0x7FFF + ((u >> 16) & 1)) >> 16;
    }

    static float FromBf16(uint v) => BitConverter.UInt32BitsToSingle(v << 16);

    static uint ToF16(float f) => BitConverter.HalfToUInt16Bits((Half)f);

    static float FromF16(uint v) => (float)BitConverter.UInt16BitsToHalf((ushort)v);

    static ulong Cut(ulong v, int bits) => bits switch { 64 => v, 32 => (uint)v, 16 => (ushort)v, 1 => v & 1, _ => (byte)v };

    void RunThread(Thread t)
    {
        var code = _program.Code;
        while (true)
        {
            var i = code[t.At];
            if (i.Predicate >= 0 && (t.Registers[i.Predicate] & 1) != 0 == i.Negated)
            {
                t.At++;
                continue;
            }

            switch (i.Op)
            {
                case PtxOp.Mov:
                    Move(t, i);
                    break;
                case PtxOp.Ret:
                    t.Done = true;
                    return;
                case PtxOp.Bra:
                    t.At = i.Target;
                    continue;
                case PtxOp.Bar:
                case PtxOp.Mma:
                case PtxOp.LdMatrix:
                case PtxOp.Shfl:
                case PtxOp.Vote:
                    t.Waits = i.Op;
                    return;
                case PtxOp.Ld:
                    Load(t, i);
                    break;
                case PtxOp.St:
                    Store(t, i);
                    break;
                case PtxOp.Cp:
                    CopyAsync(t, i);
                    break;
                default:
                    t.Registers[i[0].Register] = i.IsFloat && i.Op is not (PtxOp.Cvt or PtxOp.Setp) ? U(Float(t, i)) : Cut(Integer(t, i), i.ResultBits);
                    break;
            }

            t.At++;
        }
    }

    float Float(Thread t, PtxInstruction i)
    {
        float A(int k) => F(Get(t, i[k]));
        return i.Op switch
        {
            PtxOp.Add => A(1) + A(2),
            PtxOp.Sub => A(1) - A(2),
            PtxOp.Mul => A(1) * A(2),
            PtxOp.Div => A(1) / A(2),
            PtxOp.Fma or PtxOp.Mad => MathF.FusedMultiplyAdd(A(1), A(2), A(3)),
            PtxOp.Neg => -A(1),
            PtxOp.Abs => MathF.Abs(A(1)),
            PtxOp.Max => float.IsNaN(A(1)) ? A(2) : float.IsNaN(A(2)) ? A(1) : Math.Max(A(1), A(2)),
            PtxOp.Min => float.IsNaN(A(1)) ? A(2) : float.IsNaN(A(2)) ? A(1) : Math.Min(A(1), A(2)),
            PtxOp.Ex2 => MathF.Pow(2, A(1)),
            PtxOp.Lg2 => MathF.Log2(A(1)),
            PtxOp.Rcp => 1 / A(1),
            PtxOp.Sqrt => MathF.Sqrt(A(1)),
            PtxOp.Selp => (Get(t, i[3]) & 1) != 0 ? A(1) : A(2),
            _ => throw new NotSupportedException(i.ToString()),
        };
    }

    ulong Integer(Thread t, PtxInstruction i)
    {
        ulong V(int k) => i.Bits == 32 ? (uint)Get(t, i[k]) : Get(t, i[k]);
        long S(int k) => i.Bits == 32 ? (int)Get(t, i[k]) : (long)Get(t, i[k]);
        ulong Wide() => i.Signed ? (ulong)(S(1) * S(2)) : V(1) * V(2);
        int Shift() => (int)Math.Min(Get(t, i[2]) & 0xFFFFFFFF, 63);
        switch (i.Op)
        {
            case PtxOp.Add: return V(1) + V(2);
            case PtxOp.Sub: return V(1) - V(2);
            case PtxOp.Mul: return i.Wide ? Wide() : i.Parts[1] == "hi" ? Wide() >> 32 : V(1) * V(2);
            case PtxOp.Mad: return i.Wide ? Wide() + Get(t, i[3]) : (V(1) * V(2)) + V(3);
            case PtxOp.Neg: return (ulong)-S(1);
            case PtxOp.Not: return ~V(1);
            case PtxOp.And: return V(1) & V(2);
            case PtxOp.Or: return V(1) | V(2);
            case PtxOp.Xor: return V(1) ^ V(2);
            case PtxOp.Shl: return Shift() >= i.Bits ? 0 : V(1) << Shift();
            case PtxOp.Shr: return i.Signed ? (ulong)(S(1) >> Math.Min(Shift(), i.Bits - 1)) : Shift() >= i.Bits ? 0 : V(1) >> Shift();
            case PtxOp.Div: return i.Signed ? (ulong)(S(1) / S(2)) : V(1) / V(2);
            case PtxOp.Rem: return i.Signed ? (ulong)(S(1) % S(2)) : V(1) % V(2);
            case PtxOp.Min: return i.Signed ? (ulong)Math.Min(S(1), S(2)) : Math.Min(V(1), V(2));
            case PtxOp.Max: return i.Signed ? (ulong)Math.Max(S(1), S(2)) : Math.Max(V(1), V(2));
            case PtxOp.Selp: return (Get(t, i[3]) & 1) != 0 ? V(1) : V(2);
            case PtxOp.Setp: return Compare(t, i) ? 1u : 0u;
            case PtxOp.Prmt: return Permute((uint)V(1) | (V(2) << 32), (uint)V(3));
            case PtxOp.Cvta: return Get(t, i[1]);
            case PtxOp.Cvt: return Convert(t, i);
            case PtxOp.Fma when i.Opcode == "fma.rn.f16x2":
                uint Lane(int shift) => ToF16((float)(((double)FromF16((uint)V(1) >> shift) * FromF16((uint)V(2) >> shift)) + FromF16((uint)V(3) >> shift)));
                return Lane(0) | (ulong)Lane(16) << 16;
            default: throw new NotSupportedException(i.ToString());
        }
    }

    static ulong Permute(ulong bytes, uint digits)
    {
        ulong r = 0;
        for (int k = 0; k < 4; k++)
        {
            r |= ((bytes >> (int)(((digits >> (4 * k)) & 7) * 8)) & 0xFF) << (8 * k);
        }

        return r;
    }

    bool Compare(Thread t, PtxInstruction i)
    {
        string how = i.Parts[1];
        if (i.IsFloat)
        {
            float a = F(Get(t, i[1]));
            float b = F(Get(t, i[2]));
            bool unordered = float.IsNaN(a) || float.IsNaN(b);
            return how switch
            {
                "eq" => a == b,
                "ne" => !unordered && a != b,
                "lt" => a < b,
                "le" => a <= b,
                "gt" => a > b,
                "ge" => a >= b,
                "equ" => unordered || a == b,
                "neu" => unordered || a != b,
                "ltu" => unordered || a < b,
                "leu" => unordered || a <= b,
                "gtu" => unordered || a > b,
                "geu" => unordered || a >= b,
                _ => throw new NotSupportedException(i.ToString()),
            };
        }

        ulong x = Get(t, i[1]);
        ulong y = Get(t, i[2]);
        int c = (i.Signed, i.Bits) switch
        {
            (true, 32) => ((int)x).CompareTo((int)y),
            (true, _) => ((long)x).CompareTo((long)y),
            (false, 32) => ((uint)x).CompareTo((uint)y),
            _ => x.CompareTo(y),
        };
        return how switch
        {
            "eq" => c == 0,
            "ne" => c != 0,
            "lt" or "lo" => c < 0,
            "le" or "ls" => c <= 0,
            "gt" or "hi" => c > 0,
            "ge" or "hs" => c >= 0,
            _ => throw new NotSupportedException(i.ToString()),
        };
    }

    ulong Convert(Thread t, PtxInstruction i)
    {
        ulong v = Get(t, i[1]);
        return i.Opcode switch
        {
            "cvt.s64.s32" => (ulong)(int)v,
            "cvt.u64.u32" or "cvt.u32.u64" or "cvt.s32.s64" or "cvt.u32.s64" => (uint)v,
            "cvt.u32.u16" => (ushort)v,
            "cvt.f32.f16" => U(FromF16((uint)v)),
            "cvt.rn.f32.s32" => U((int)v),
            "cvt.rn.bf16x2.f32" => (ToBf16(F(v)) << 16) | ToBf16(F(Get(t, i[2]))),
            "cvt.rn.f16x2.f32" => (ToF16(F(v)) << 16) | ToF16(F(Get(t, i[2]))),
            _ => throw new NotSupportedException(i.ToString()),
        };
    }

    void Move(Thread t, PtxInstruction i)
    {
        var to = i.Operands[0];
        if (to.Length == 1)
        {
            ulong only = Get(t, i[1]);
            t.Registers[to[0].Register] = i.Bits == 32 ? (uint)only : Cut(only, i.Bits);
            return;
        }

        ulong v = Get(t, i[1]);
        for (int k = 0; k < to.Length; k++)
        {
            t.Registers[to[k].Register] = Cut(v >> (k * i.Bits / to.Length), i.Bits / to.Length);
        }
    }

    void Load(Thread t, PtxInstruction i)
    {
        var to = i.Operands[0];
        int each = i.Bits / 8;
        ulong at = Address(t, i[1]);
        Span<byte> from = i.Parts[1] switch
        {
            "param" => _parameters.AsSpan((int)at, each * to.Length),
            "shared" => Shared(at, each * to.Length),
            "global" => Memory.At(at, each * to.Length),
            _ => throw new NotSupportedException(i.ToString()),
        };
        for (int k = 0; k < to.Length; k++)
        {
            t.Registers[to[k].Register] = Value(from.Slice(k * each, each));
        }
    }

    static ulong Value(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        8 => BinaryPrimitives.ReadUInt64LittleEndian(bytes),
        4 => BinaryPrimitives.ReadUInt32LittleEndian(bytes),
        2 => BinaryPrimitives.ReadUInt16LittleEndian(bytes),
        _ => bytes[0],
    };

    void Store(Thread t, PtxInstruction i)
    {
        var from = i.Operands[1];
        int each = i.Bits / 8;
        ulong at = Address(t, i[0]);
        var to = i.Parts[1] == "shared" ? Shared(at, each * from.Length) : Memory.At(at, each * from.Length);
        for (int k = 0; k < from.Length; k++)
        {
            ulong v = Get(t, from[k]);
            for (int b = 0; b < each; b++)
            {
                to[(k * each) + b] = (byte)(v >> (8 * b));
            }
        }
    }

    void CopyAsync(Thread t, PtxInstruction i)
    {
        switch (i.Parts[2])
        {
            case "commit_group":
                t.Groups.Enqueue(t.Open);
                t.Open = [];
                break;
            case "wait_group":
                while (t.Groups.Count > (int)i[0].Value)
                {
                    t.Groups.Dequeue().ForEach(Land);
                }

                break;
            default:
                var copy = new Copy((uint)Address(t, i[0]), Address(t, i[1]), (int)Get(t, i[3]));
                if (_timing == CopyTiming.Early)
                {
                    Land(copy);
                }
                else
                {
                    t.Open.Add(copy);
                }

                break;
        }
    }

    void Land(Copy copy)
    {
        var to = Shared(copy.To, 16);
        to.Clear();
        if (copy.Bytes > 0)
        {
            Memory.At(copy.From, 16)[..copy.Bytes].CopyTo(to);
        }
    }
}
