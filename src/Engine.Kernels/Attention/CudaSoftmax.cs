using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Values of one row that four neighbouring lanes hold.</summary>
static class Quad
{
    /// <summary>The largest; every lane gets it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float v)
    {
        v = Asm.Max(v, Asm.ShuffleXor(v, 1));
        return Asm.Max(v, Asm.ShuffleXor(v, 2));
    }

    /// <summary>The sum; every lane gets it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(float v)
    {
        v += Asm.ShuffleXor(v, 1);
        return v + Asm.ShuffleXor(v, 2);
    }
}

/// <summary>Softmax on a strip of scores: a thread holds eight of one row and eight of the row 8 further on.</summary>
static class Softmax
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>Largest of this thread's scores of the first row.</summary>
    [MethodImpl(Inline)]
    public static float FirstRow(Strip s) => Asm.Max(
        Asm.Max(Asm.Max(s.A.X, s.A.Y), Asm.Max(s.B.X, s.B.Y)), Asm.Max(Asm.Max(s.C.X, s.C.Y), Asm.Max(s.D.X, s.D.Y)));

    /// <summary>Largest of this thread's scores of the second row.</summary>
    [MethodImpl(Inline)]
    public static float SecondRow(Strip s) => Asm.Max(
        Asm.Max(Asm.Max(s.A.Z, s.A.W), Asm.Max(s.B.Z, s.B.W)), Asm.Max(Asm.Max(s.C.Z, s.C.W), Asm.Max(s.D.Z, s.D.W)));

    /// <summary>Sum of this thread's weights of the first row.</summary>
    [MethodImpl(Inline)]
    public static float FirstSum(Strip s) => (s.A.X + s.A.Y + (s.B.X + s.B.Y)) + (s.C.X + s.C.Y + (s.D.X + s.D.Y));

    /// <summary>Sum of this thread's weights of the second row.</summary>
    [MethodImpl(Inline)]
    public static float SecondSum(Strip s) => (s.A.Z + s.A.W + (s.B.Z + s.B.W)) + (s.C.Z + s.C.W + (s.D.Z + s.D.W));

    /// <summary>2 to the power of each score less its row's maximum.</summary>
    [MethodImpl(Inline)]
    public static Strip Weights(Strip s, float first, float second)
    {
        s.A = Weights(s.A, first, second);
        s.B = Weights(s.B, first, second);
        s.C = Weights(s.C, first, second);
        s.D = Weights(s.D, first, second);
        return s;
    }

    /// <summary>Weights of 16 keys as the first operand of a product: part 0 rounded to bf16, part 1 what that left.</summary>
    [MethodImpl(Inline)]
    public static U32x4 Pack(F32x4 low, F32x4 high, int part)
    {
        U32x4 r;
        r.X = Bf16Parts.Two(low.X, low.Y, part);
        r.Y = Bf16Parts.Two(low.Z, low.W, part);
        r.Z = Bf16Parts.Two(high.X, high.Y, part);
        r.W = Bf16Parts.Two(high.Z, high.W, part);
        return r;
    }

    [MethodImpl(Inline)]
    static F32x4 Weights(F32x4 s, float first, float second)
    {
        s.X = Asm.Exp2(s.X - first);
        s.Y = Asm.Exp2(s.Y - first);
        s.Z = Asm.Exp2(s.Z - second);
        s.W = Asm.Exp2(s.W - second);
        return s;
    }
}
