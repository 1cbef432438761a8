using System.Runtime.Intrinsics;
using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests;

public sealed unsafe class VectorMathTests
{
    [Fact]
    public void Exp_is_within_two_units_in_the_last_place()
    {
        Sweep(-87.2f, 88.7f, v => VectorMath.Exp(v), Math.Exp, 2.4e-7);
        Assert.Equal(float.PositiveInfinity, VectorMath.Exp(Vector256.Create(89f))[0]);
        Assert.InRange(VectorMath.Exp(Vector256.Create(-200f))[3], 0, 2e-38f);
        Assert.Equal(1, VectorMath.Exp(Vector256.Create(-0f))[0]);
        Assert.True(float.IsNaN(VectorMath.Exp(Vector256.Create(float.NaN))[7]));
        Assert.InRange(VectorMath.Exp(Vector256.Create(float.NegativeInfinity))[0], 0, 2e-38f);
    }

    [Fact]
    public void Exp2_is_within_two_units_in_the_last_place()
    {
        Sweep(-125.9f, 1, v => VectorMath.Exp2OfNegative(v), x => Math.Pow(2, x), 2.4e-7);
        Assert.InRange(VectorMath.Exp2OfNegative(Vector256.Create(-1e30f))[0], 0, 2e-38f);
        Assert.InRange(VectorMath.Exp2OfNegative(Vector256.Create(float.NegativeInfinity))[0], 0, 2e-38f);
        Assert.True(float.IsNaN(VectorMath.Exp2OfNegative(Vector256.Create(float.NaN))[7]));
        Assert.Equal(1, VectorMath.Exp2OfNegative(Vector256<float>.Zero)[0]);
    }

    [Fact]
    public void Wide_vectors_give_the_same_bits()
    {
        for (float x = -130; x < 90; x += 0.37f)
        {
            Assert.Equal(VectorMath.Exp(Vector256.Create(x))[0], VectorMath.Exp(Vector512.Create(x))[15]);
            Assert.Equal(VectorMath.Exp2OfNegative(Vector256.Create(Math.Min(x, 0)))[0], VectorMath.Exp2OfNegative(Vector512.Create(Math.Min(x, 0)))[15]);
        }
    }

    [Fact]
    public void Erfc_holds_its_accuracy()
    {
        Sweep(0, 1, VectorMath.Erfc, ActivationMath.Erfc, 4e-7);
        Sweep(1, 8.9f, VectorMath.Erfc, ActivationMath.Erfc, 6e-6);
        Assert.True(float.IsNaN(VectorMath.Erfc(Vector256.Create(float.NaN))[0]));
        Assert.InRange(VectorMath.Erfc(Vector256.Create(30f))[0], 0, 1e-38f);
    }

    [Fact]
    public void The_reference_of_erfc_is_right()
    {
        // Tabulated: Abramowitz and Stegun, table 7.1, and 7.1.14 beyond.
        Assert.Equal(1, ActivationMath.Erfc(0), 15);
        Assert.Equal(1 - 0.5204998778130465, ActivationMath.Erfc(0.5), 13);
        Assert.Equal(1 - 0.8427007929497149, ActivationMath.Erfc(1), 13);
        Assert.Equal(1 - 0.9953222650189527, ActivationMath.Erfc(2), 13);
        Assert.Equal(1 + 0.8427007929497149, ActivationMath.Erfc(-1), 13);
        Assert.Equal(2.209049699858544, ActivationMath.Erfc(3) * 1e5, 9);
        Assert.Equal(1.541725790028002, ActivationMath.Erfc(4) * 1e8, 9);
    }

    [Theory]
    [InlineData(Activation.GeluTanh)]
    [InlineData(Activation.GeluErf)]
    [InlineData(Activation.Silu)]
    [InlineData(Activation.QuickGelu)]
    public void Activations_match_the_reference(Activation activation)
    {
        foreach (var isa in TestDevices.Isas)
        {
            using var memory = new GuardedMemory(TestDevices.Cpu(isa));
            foreach (int count in new[] { 1, 7, 8, 16, 37, 4001 })
            {
                var y = memory.Noise([count], count, spread: 12);
                var want = memory.Copy(y);
                for (int i = 0; i < count; i++)
                {
                    want.Span[i] = (float)ActivationMath.Reference(activation, want.Span[i]);
                }

                ActivationMath.Apply(isa, activation, y.Pointer, count);
                TensorAssert.Close(want, y, relative: 1e-6, absolute: 1e-7);
            }
        }
    }

    static void Sweep(float from, float to, Func<Vector256<float>, Vector256<float>> got, Func<double, double> want, double relative)
    {
        for (int i = 0; i <= 100_000; i++)
        {
            float x = from + ((to - from) * i / 100_000);
            double expected = want(x);
            double error = Math.Abs(got(Vector256.Create(x))[0] - expected) / expected;
            Assert.True(error <= relative, $"at {x:G9}: relative error {error:E2}");
        }
    }
}
