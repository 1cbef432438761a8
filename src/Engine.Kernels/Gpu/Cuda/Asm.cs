using System.Runtime.CompilerServices;
using ILGPU.Runtime.Cuda;

namespace Engine.Kernels.Gpu;

/// <summary>PTX instructions that ILGPU has no name for. Operands are 32 or 64 bits wide: narrower ones leave stack frames.</summary>
/// <remarks>
/// Addresses of shared memory are 32-bit offsets, those of global memory plain 64-bit pointers. <see cref="PtxPatch"/> turns the
/// variables that operands pass through into registers. Semantics: PTX ISA 7.8.
/// </remarks>
static class Asm
{
    const MethodImplOptions Inline = MethodImplOptions.AggressiveInlining;

    /// <summary>First byte of the dynamic shared memory. The kernel must also call <see cref="ILGPU.SharedMemory.GetDynamic{T}"/>.</summary>
    [MethodImpl(Inline)]
    public static uint SharedBase()
    {
        CudaAsm.Emit("mov.u32 %0, __dyn_shared_alloca;", out uint address);
        uint copy = address;
        return copy;
    }

    /// <summary>Starts a copy of 16 bytes from global to shared memory; only the first <paramref name="bytes"/> (0 or 16) are read, the rest is zero.</summary>
    [MethodImpl(Inline)]
    public static void CopyAsync(uint to, ulong from, uint bytes) =>
        CudaAsm.Emit("cp.async.cg.shared.global [%0], [%1], 16, %2;", to, from, bytes);

    /// <summary>Closes a group of copies.</summary>
    [MethodImpl(Inline)]
    public static void Commit() => CudaAsm.Emit("cp.async.commit_group;");

    /// <summary>Waits for this thread's copies but those of the last two groups.</summary>
    [MethodImpl(Inline)]
    public static void WaitAllButTwo() => CudaAsm.Emit("cp.async.wait_group 2;");

    /// <summary>Waits for this thread's copies but those of the last group.</summary>
    [MethodImpl(Inline)]
    public static void WaitAllButOne() => CudaAsm.Emit("cp.async.wait_group 1;");

    /// <summary>Waits for all of this thread's copies.</summary>
    [MethodImpl(Inline)]
    public static void WaitAll() => CudaAsm.Emit("cp.async.wait_group 0;");

    /// <summary>Loads 16 bytes of global memory (through the read-only cache), or zeros when <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static U32x4 Load16(ulong from, int inside)
    {
        Output<uint> a = default, b = default, c = default, d = default;
        Input<ulong> p = from;
        Input<int> q = inside;
        CudaAsm.EmitRef(
            "{ .reg .pred in; setp.ne.s32 in, %5, 0; mov.b32 %0, 0; mov.b32 %1, 0; mov.b32 %2, 0; mov.b32 %3, 0; @in ld.global.nc.v4.b32 {%0,%1,%2,%3}, [%4]; }",
            ref a, ref b, ref c, ref d, ref p, ref q);
        U32x4 r;
        r.X = a.Value;
        r.Y = b.Value;
        r.Z = c.Value;
        r.W = d.Value;
        return r;
    }

    /// <summary>Loads 4 bytes of global memory (through the read-only cache), or zero when <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static uint Load4(ulong from, int inside)
    {
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %2, 0; mov.b32 %0, 0; @in ld.global.nc.b32 %0, [%1]; }", out uint value, from, inside);
        uint copy = value;
        return copy;
    }

    /// <summary>Loads 2 bytes of global memory into the lower half, or zero when <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static uint Load2(ulong from, int inside)
    {
        CudaAsm.Emit(
            "{ .reg .pred in; .reg .b16 h; setp.ne.s32 in, %2, 0; mov.b16 h, 0; @in ld.global.nc.b16 h, [%1]; cvt.u32.u16 %0, h; }",
            out uint value, from, inside);
        uint copy = value;
        return copy;
    }

    /// <summary>Loads an f32 value that this kernel may also write, or zero when <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static float LoadFloat(ulong from, int inside)
    {
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %2, 0; mov.f32 %0, 0f00000000; @in ld.global.f32 %0, [%1]; }", out float value, from, inside);
        float copy = value;
        return copy;
    }

    /// <summary>Loads four f32 values that this kernel may also write, or zeros when <paramref name="inside"/> is 0; 16-byte aligned.</summary>
    [MethodImpl(Inline)]
    public static F32x4 LoadFloats(ulong from, int inside)
    {
        Output<float> a = default, b = default, c = default, d = default;
        Input<ulong> p = from;
        Input<int> q = inside;
        CudaAsm.EmitRef(
            "{ .reg .pred in; setp.ne.s32 in, %5, 0; mov.f32 %0, 0f00000000; mov.f32 %1, 0f00000000; mov.f32 %2, 0f00000000; mov.f32 %3, 0f00000000; @in ld.global.v4.f32 {%0,%1,%2,%3}, [%4]; }",
            ref a, ref b, ref c, ref d, ref p, ref q);
        F32x4 r;
        r.X = a.Value;
        r.Y = b.Value;
        r.Z = c.Value;
        r.W = d.Value;
        return r;
    }

    /// <summary>Stores an f32 value unless <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static void StoreFloat(ulong to, float value, int inside) =>
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %2, 0; @in st.global.f32 [%0], %1; }", to, value, inside);

    /// <summary>Stores two f32 values unless <paramref name="inside"/> is 0; 8-byte aligned.</summary>
    [MethodImpl(Inline)]
    public static void StorePair(ulong to, float x, float y, int inside) =>
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %3, 0; @in st.global.v2.f32 [%0], {%1,%2}; }", to, x, y, inside);

    /// <summary>Stores four f32 values unless <paramref name="inside"/> is 0; 16-byte aligned.</summary>
    [MethodImpl(Inline)]
    public static void StoreFloats(ulong to, F32x4 v, int inside) =>
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %5, 0; @in st.global.v4.f32 [%0], {%1,%2,%3,%4}; }", to, v.X, v.Y, v.Z, v.W, inside);

    /// <summary>Stores 16 bytes unless <paramref name="inside"/> is 0.</summary>
    [MethodImpl(Inline)]
    public static void Store16(ulong to, U32x4 v, int inside) =>
        CudaAsm.Emit("{ .reg .pred in; setp.ne.s32 in, %5, 0; @in st.global.v4.b32 [%0], {%1,%2,%3,%4}; }", to, v.X, v.Y, v.Z, v.W, inside);

    /// <summary>Stores 16 bytes to shared memory.</summary>
    [MethodImpl(Inline)]
    public static void StoreShared16(uint to, U32x4 v) =>
        CudaAsm.Emit("st.shared.v4.b32 [%0], {%1,%2,%3,%4};", to, v.X, v.Y, v.Z, v.W);

    /// <summary>Stores two f32 values to shared memory.</summary>
    [MethodImpl(Inline)]
    public static void StoreShared(uint to, float x, float y) => CudaAsm.Emit("st.shared.v2.f32 [%0], {%1,%2};", to, x, y);

    /// <summary>Loads four f32 values of shared memory.</summary>
    [MethodImpl(Inline)]
    public static F32x4 LoadShared(uint from)
    {
        Output<float> a = default, b = default, c = default, d = default;
        Input<uint> p = from;
        CudaAsm.EmitRef("ld.shared.v4.f32 {%0,%1,%2,%3}, [%4];", ref a, ref b, ref c, ref d, ref p);
        F32x4 r;
        r.X = a.Value;
        r.Y = b.Value;
        r.Z = c.Value;
        r.W = d.Value;
        return r;
    }

    /// <summary>2^x, 2 units in the last place.</summary>
    [MethodImpl(Inline)]
    public static float Exp2(float x)
    {
        CudaAsm.Emit("ex2.approx.ftz.f32 %0, %1;", out float y, x);
        float copy = y;
        return copy;
    }

    /// <summary>a / b, 2 units in the last place; 0 for b beyond 2^126.</summary>
    [MethodImpl(Inline)]
    public static float Divide(float a, float b)
    {
        CudaAsm.Emit("div.full.f32 %0, %1, %2;", out float y, a, b);
        float copy = y;
        return copy;
    }

    /// <summary>The larger of two values.</summary>
    [MethodImpl(Inline)]
    public static float Max(float a, float b)
    {
        CudaAsm.Emit("max.f32 %0, %1, %2;", out float y, a, b);
        float copy = y;
        return copy;
    }

    /// <summary>The value that the lane whose number differs by <paramref name="mask"/> holds.</summary>
    [MethodImpl(Inline)]
    public static float ShuffleXor(float value, int mask)
    {
        CudaAsm.Emit("shfl.sync.bfly.b32 %0, %1, %2, 31, 0xffffffff;", out float y, value, mask);
        float copy = y;
        return copy;
    }

    /// <summary>1 if the value of any lane of the warp is not 0.</summary>
    [MethodImpl(Inline)]
    public static int Any(int value)
    {
        CudaAsm.Emit(
            "{ .reg .pred mine, any; setp.ne.s32 mine, %1, 0; vote.sync.any.pred any, mine, 0xffffffff; selp.b32 %0, 1, 0, any; }",
            out int result, value);
        int copy = result;
        return copy;
    }

    /// <summary>Two f32 values rounded to bf16: <paramref name="low"/> in the lower half.</summary>
    [MethodImpl(Inline)]
    public static uint PackBf16(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.bf16x2.f32 %0, %1, %2;", out uint r, high, low);
        uint copy = r;
        return copy;
    }

    /// <summary>Two f32 values rounded to f16: <paramref name="low"/> in the lower half.</summary>
    [MethodImpl(Inline)]
    public static uint PackF16(float low, float high)
    {
        CudaAsm.Emit("cvt.rn.f16x2.f32 %0, %1, %2;", out uint r, high, low);
        uint copy = r;
        return copy;
    }

    /// <summary>Value of the f16 in the lower half.</summary>
    [MethodImpl(Inline)]
    public static float LowF16(uint pair)
    {
        CudaAsm.Emit("{ .reg .b16 lo, hi; mov.b32 {lo, hi}, %1; cvt.f32.f16 %0, lo; }", out float r, pair);
        float copy = r;
        return copy;
    }

    /// <summary>Value of the f16 in the upper half.</summary>
    [MethodImpl(Inline)]
    public static float HighF16(uint pair) => LowF16(pair >> 16);

    /// <summary>The same bits as f32.</summary>
    [MethodImpl(Inline)]
    public static float AsFloat(uint bits)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out float r, bits);
        float copy = r;
        return copy;
    }

    /// <summary>The same bits as an integer.</summary>
    [MethodImpl(Inline)]
    public static uint AsBits(float value)
    {
        CudaAsm.Emit("mov.b32 %0, %1;", out uint r, value);
        uint copy = r;
        return copy;
    }

    /// <summary>Bytes of two words picked by four digits: 0 to 3 from <paramref name="a"/>, 4 to 7 from <paramref name="b"/>.</summary>
    [MethodImpl(Inline)]
    public static uint Permute(uint a, uint b, uint digits)
    {
        CudaAsm.Emit("prmt.b32 %0, %1, %2, %3;", out uint r, a, b, digits);
        uint copy = r;
        return copy;
    }

    /// <summary>a b + c on pairs of f16, each rounded once.</summary>
    [MethodImpl(Inline)]
    public static uint MultiplyAddF16(uint a, uint b, uint c)
    {
        CudaAsm.Emit("{ .reg .b32 x, y, z; mov.b32 x, %1; mov.b32 y, %2; mov.b32 z, %3; fma.rn.f16x2 %0, x, y, z; }", out uint r, a, b, c);
        uint copy = r;
        return copy;
    }
}
