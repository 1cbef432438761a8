using Xunit;

namespace Engine.Kernels.Tests.TimeEmbedding;

public sealed class TimeEmbeddingTests
{
    [Fact]
    public void Cosines_come_first_and_angles_are_those_of_f32()
    {
        using var device = new CpuDevice(threads: 1);
        using var y = device.NewTensor([3, 8]);
        Engine.Kernels.TimeEmbedding.Run(device, [0, 999, 0.5f], y);
        float[] got = y.ToArray();
        Assert.Equal([1, 1, 1, 1, 0, 0, 0, 0], got[..8]);
        for (int u = 1; u < 3; u++)
        {
            double t = u == 1 ? 999 : 0.5;
            for (int i = 0; i < 4; i++)
            {
                // The frequencies are 1, 1/10, 1/100 and 1/1000; f32 angles up to 999 are 3e-5 apart.
                double angle = t * Math.Pow(10, -i);
                Assert.Equal(Math.Cos(angle), got[(u * 8) + i], 1e-4);
                Assert.Equal(Math.Sin(angle), got[(u * 8) + 4 + i], 1e-4);
            }
        }
    }
}
