using Engine.Testing;
using Xunit;

namespace Engine.Kernels.Tests.Noise;

public sealed class TorchRandomTests
{
    static readonly Golden s_golden = Golden.Load("noise-torch-cpu");

    public static TheoryData<string> Seeded => [.. s_golden.Names.Where(n => n.StartsWith("seed.", StringComparison.Ordinal))];

    [Theory, MemberData(nameof(Seeded))]
    public void Draws_what_torch_draws(string tensor)
    {
        var random = new TorchRandom(long.Parse(tensor.Split('.')[1]));
        float[] want = s_golden.Floats(tensor);
        float[] got = new float[want.Length];
        random.Normal(got);
        AssertSame(want, got);
    }

    [Fact]
    public void Goes_on_where_the_first_draw_ended()
    {
        var random = new TorchRandom(7);
        foreach (string tensor in (string[])["twice.7.a.24", "twice.7.b.9"])
        {
            float[] want = s_golden.Floats(tensor);
            float[] got = new float[want.Length];
            random.Normal(got);
            AssertSame(want, got);
        }
    }

    [Theory, InlineData(5), InlineData(40), InlineData(1000)]
    public void Restored_state_goes_on_alike(int drawnBefore)
    {
        var random = new TorchRandom(3);
        random.Normal(new float[drawnBefore]);
        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, System.Text.Encoding.UTF8, leaveOpen: true))
        {
            random.Save(writer);
        }

        float[] want = new float[9];
        random.Normal(want);

        stream.Position = 0;
        var restored = new TorchRandom(0);
        restored.Restore(new BinaryReader(stream));
        float[] got = new float[9];
        restored.Normal(got);
        Assert.Equal(want, got);
    }

    [Fact]
    public void Has_mean_0_and_deviation_1()
    {
        float[] values = new float[1 << 20];
        new TorchRandom(1).Normal(values);
        double mean = values.Average(v => (double)v);
        double variance = values.Average(v => (v - mean) * (v - mean));
        Assert.InRange(mean, -0.004, 0.004);
        Assert.InRange(variance, 0.995, 1.005);
        Assert.DoesNotContain(values, float.IsNaN);
    }

    [Fact]
    public void Broken_state_is_refused()
    {
        using var stream = new MemoryStream([.. Enumerable.Repeat((byte)255, (625 * 4) + 9)]);
        Assert.Throws<EngineException>(() => new TorchRandom(0).Restore(new BinaryReader(stream)));
    }

    static void AssertSame(float[] want, float[] got)
    {
        for (int i = 0; i < want.Length; i++)
        {
            Assert.True(BitConverter.SingleToInt32Bits(want[i]) == BitConverter.SingleToInt32Bits(got[i]), $"[{i}]: {want[i]:R} expected, {got[i]:R} drawn");
        }
    }
}
