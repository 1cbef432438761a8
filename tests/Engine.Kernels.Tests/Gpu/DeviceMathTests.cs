using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Functions of one value, as an accelerator computes them.</summary>
[Collection("gpu")]
public sealed class DeviceMathTests
{
    const int Exp = -1;
    const int Exp2 = -2;
    const int HalfPrecision = -3;
    const int E4M3 = -4;
    const int E5M2 = -5;
    const int BFloat = -6;

    static readonly GpuKernel<Action<AcceleratorStream, KernelConfig, ArrayView<float>, ArrayView<float>, int>> s_map =
        new(typeof(DeviceMathTests), nameof(Map), 64);

    [Fact]
    public void Exponentials_are_exact_to_two_units()
    {
        float[] x = [.. Enumerable.Range(-870, 1757).Select(i => i * 0.1f + 0.0123f), 0, -0f, 88.7f, 88.8f, 1000, float.PositiveInfinity];
        Close(x, Run(Exp, x), v => Math.Exp(v), 2.4e-7);
        x = [.. x.Where(v => v < 1).Select(v => v * 1.4f)];
        Close(x, Run(Exp2, x), v => Math.Pow(2, v), 2.4e-7);
        float[] wild = Run(Exp, [float.NaN, float.NegativeInfinity, -1000]);
        Assert.True(float.IsNaN(wild[0]));
        Assert.All(wild[1..], v => Assert.InRange(v, 0, 2e-38f));
        wild = Run(Exp2, [float.NaN, float.NegativeInfinity, -1e30f]);
        Assert.True(float.IsNaN(wild[0]));
        Assert.All(wild[1..], v => Assert.InRange(v, 0, 2e-38f));
    }

    [Theory, InlineData(Activation.None), InlineData(Activation.GeluTanh), InlineData(Activation.GeluErf), InlineData(Activation.Silu), InlineData(Activation.QuickGelu)]
    public void Activations_match_the_specification(Activation activation)
    {
        float[] x = [.. Enumerable.Range(-800, 1600).Select(i => i * 0.01f + 0.0012f)];

        // Where the result is small the argument of exp, which is large there, is rounded.
        Close(x, Run((int)activation, x), v => ActivationMath.Reference(activation, v), 3e-6, absolute: 1e-7);
        Assert.True(float.IsNaN(Run((int)activation, [float.NaN])[0]));
    }

    [Fact]
    public void Narrow_floats_are_widened_exactly()
    {
        Same(1 << 16, HalfPrecision, i => (float)BitConverter.UInt16BitsToHalf((ushort)i));
        Same(1 << 16, BFloat, i => BitConverter.Int32BitsToSingle(i << 16));
        Same(256, E5M2, i => (float)BitConverter.UInt16BitsToHalf((ushort)(i << 8)));
        Same(256, E4M3, Widened);
        static unsafe float Widened(int i)
        {
            byte bits = (byte)i;
            return Widening.Reference(DType.F8E4M3, &bits, 0);
        }
    }

    static void Map(ArrayView<float> x, ArrayView<float> y, int function)
    {
        for (long i = Grids.First; i < x.Length; i += Grids.Stride)
        {
            float v = x[i];
            y[i] = function switch
            {
                Exp => DeviceMath.Exp(v),
                Exp2 => DeviceMath.Exp2OfNegative(v),
                HalfPrecision => DeviceMath.FromF16((uint)(int)v),
                E4M3 => DeviceMath.FromE4M3((uint)(int)v),
                E5M2 => DeviceMath.FromE5M2((uint)(int)v),
                BFloat => DeviceMath.FromBf16((ushort)(int)v),
                _ => DeviceMath.Activate(function, v),
            };
        }
    }

    static float[] Run(int function, float[] x)
    {
        using var bench = new GpuBench();
        var from = bench.Empty([x.Length]);
        from.CopyFrom(x);
        var to = bench.Empty([x.Length]);
        s_map.On(bench.Gpu)(bench.Gpu.Stream, Grids.Linear(x.Length, 64), bench.Gpu.View(from), bench.Gpu.View(to), function);
        return to.ToArray();
    }

    static void Same(int count, int function, Func<int, float> want)
    {
        float[] got = Run(function, [.. Enumerable.Range(0, count).Select(i => (float)i)]);
        for (int i = 0; i < count; i++)
        {
            Assert.True(want(i).Equals(got[i]), $"{i:x}: {got[i]}, expected {want(i)}");
        }
    }

    static void Close(float[] x, float[] got, Func<float, double> want, double relative, double absolute = 0)
    {
        for (int i = 0; i < x.Length; i++)
        {
            double w = want(x[i]);
            bool same = w > float.MaxValue ? float.IsPositiveInfinity(got[i]) : Math.Abs(got[i] - w) <= (relative * Math.Abs(w)) + absolute;
            Assert.True(same, $"f({x[i]}) is {got[i]}, expected {w}");
        }
    }
}
