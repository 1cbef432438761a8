using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>The product that a kernel's tensor cores do: 16-bit operands of one type, f32 sums.</summary>
interface IMma
{
    /// <summary>c + a b for four 16 x 8 tiles that share a.</summary>
    /// <param name="c">Sums of 16 x 32.</param>
    /// <param name="a">16 x 16, as <see cref="TensorCore.LoadMatrix"/> gives it for rows of k.</param>
    /// <param name="b0">16 x 16: columns 0-15, as <see cref="TensorCore.LoadMatrix"/> gives them with <see cref="TensorCore.ColumnRow"/>.</param>
    /// <param name="b1">16 x 16: columns 16-31.</param>
    static abstract Strip Multiply(Strip c, U32x4 a, U32x4 b0, U32x4 b1);
}

/// <summary>mma.sync m16n8k16 and ldmatrix.</summary>
static class TensorCore
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>Four 8 x 8 matrices of 16-bit values; every lane names one row of one of them.</summary>
    /// <remarks>
    /// For an operand a (16 rows of k): lanes 0-15 name rows 0-15 of the first 8 values of k, lanes 16-31 those of the next 8.
    /// </remarks>
    [MethodImpl(Inline)]
    public static U32x4 LoadMatrix(uint address)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> p = address;
        CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];", ref a, ref b, ref c, ref d, ref p);
        U32x4 r;
        r.X = a.Value;
        r.Y = b.Value;
        r.Z = c.Value;
        r.W = d.Value;
        return r;
    }

    /// <summary>As <see cref="LoadMatrix"/>, each matrix transposed.</summary>
    [MethodImpl(Inline)]
    public static U32x4 LoadTransposed(uint address)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<uint> p = address;
        CudaAsm.EmitRef("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];", ref a, ref b, ref c, ref d, ref p);
        U32x4 r;
        r.X = a.Value;
        r.Y = b.Value;
        r.Z = c.Value;
        r.W = d.Value;
        return r;
    }

    /// <summary>Row of the second operand (one row per column n, k along it) that a lane names: 8 rows, k 0-7 then 8-15; then 8 more rows.</summary>
    [MethodImpl(Inline)]
    public static int ColumnRow(int lane) => (lane & 7) + ((lane >> 4) << 3);

    /// <summary>Chunk of 8 values of k that a lane names beside <see cref="ColumnRow"/>.</summary>
    [MethodImpl(Inline)]
    public static int ColumnChunk(int lane) => (lane >> 3) & 1;
}

/// <summary>bf16 operands: the range of f32, 8 significant bits.</summary>
readonly struct MmaBf16 : IMma
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Strip Multiply(Strip c, U32x4 a, U32x4 b0, U32x4 b1)
    {
        Ref<float> c0 = c.A.X, c1 = c.A.Y, c2 = c.A.Z, c3 = c.A.W, c4 = c.B.X, c5 = c.B.Y, c6 = c.B.Z, c7 = c.B.W;
        Ref<float> c8 = c.C.X, c9 = c.C.Y, c10 = c.C.Z, c11 = c.C.W, c12 = c.D.X, c13 = c.D.Y, c14 = c.D.Z, c15 = c.D.W;
        Input<uint> a0 = a.X, a1 = a.Y, a2 = a.Z, a3 = a.W;
        Input<uint> x0 = b0.X, x1 = b0.Y, x2 = b0.Z, x3 = b0.W, x4 = b1.X, x5 = b1.Y, x6 = b1.Z, x7 = b1.W;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%16,%17,%18,%19}, {%20,%21}, {%0,%1,%2,%3};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%4,%5,%6,%7}, {%16,%17,%18,%19}, {%22,%23}, {%4,%5,%6,%7};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%8,%9,%10,%11}, {%16,%17,%18,%19}, {%24,%25}, {%8,%9,%10,%11};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%12,%13,%14,%15}, {%16,%17,%18,%19}, {%26,%27}, {%12,%13,%14,%15};",
            ref c0, ref c1, ref c2, ref c3, ref c4, ref c5, ref c6, ref c7, ref c8, ref c9, ref c10, ref c11, ref c12, ref c13, ref c14, ref c15,
            ref a0, ref a1, ref a2, ref a3, ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7);
        c.A.X = c0.Value;
        c.A.Y = c1.Value;
        c.A.Z = c2.Value;
        c.A.W = c3.Value;
        c.B.X = c4.Value;
        c.B.Y = c5.Value;
        c.B.Z = c6.Value;
        c.B.W = c7.Value;
        c.C.X = c8.Value;
        c.C.Y = c9.Value;
        c.C.Z = c10.Value;
        c.C.W = c11.Value;
        c.D.X = c12.Value;
        c.D.Y = c13.Value;
        c.D.Z = c14.Value;
        c.D.W = c15.Value;
        return c;
    }
}

/// <summary>f16 operands: 11 significant bits, up to 65504.</summary>
readonly struct MmaF16 : IMma
{
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Strip Multiply(Strip c, U32x4 a, U32x4 b0, U32x4 b1)
    {
        Ref<float> c0 = c.A.X, c1 = c.A.Y, c2 = c.A.Z, c3 = c.A.W, c4 = c.B.X, c5 = c.B.Y, c6 = c.B.Z, c7 = c.B.W;
        Ref<float> c8 = c.C.X, c9 = c.C.Y, c10 = c.C.Z, c11 = c.C.W, c12 = c.D.X, c13 = c.D.Y, c14 = c.D.Z, c15 = c.D.W;
        Input<uint> a0 = a.X, a1 = a.Y, a2 = a.Z, a3 = a.W;
        Input<uint> x0 = b0.X, x1 = b0.Y, x2 = b0.Z, x3 = b0.W, x4 = b1.X, x5 = b1.Y, x6 = b1.Z, x7 = b1.W;
        CudaAsm.EmitRef(
            "mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0,%1,%2,%3}, {%16,%17,%18,%19}, {%20,%21}, {%0,%1,%2,%3};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%4,%5,%6,%7}, {%16,%17,%18,%19}, {%22,%23}, {%4,%5,%6,%7};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%8,%9,%10,%11}, {%16,%17,%18,%19}, {%24,%25}, {%8,%9,%10,%11};\n"
            + "\tmma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%12,%13,%14,%15}, {%16,%17,%18,%19}, {%26,%27}, {%12,%13,%14,%15};",
            ref c0, ref c1, ref c2, ref c3, ref c4, ref c5, ref c6, ref c7, ref c8, ref c9, ref c10, ref c11, ref c12, ref c13, ref c14, ref c15,
            ref a0, ref a1, ref a2, ref a3, ref x0, ref x1, ref x2, ref x3, ref x4, ref x5, ref x6, ref x7);
        c.A.X = c0.Value;
        c.A.Y = c1.Value;
        c.A.Z = c2.Value;
        c.A.W = c3.Value;
        c.B.X = c4.Value;
        c.B.Y = c5.Value;
        c.B.Z = c6.Value;
        c.B.W = c7.Value;
        c.C.X = c8.Value;
        c.C.Y = c9.Value;
        c.C.Z = c10.Value;
        c.C.W = c11.Value;
        c.D.X = c12.Value;
        c.D.Y = c13.Value;
        c.D.Z = c14.Value;
        c.D.W = c15.Value;
        return c;
    }
}
