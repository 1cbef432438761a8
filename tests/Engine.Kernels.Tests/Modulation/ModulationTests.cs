using Xunit;

namespace Engine.Kernels.Tests.Modulation;

public sealed class ModulationTests
{
    [Theory, InlineData(1, 1), InlineData(2, 7), InlineData(3, 19)]
    public void Adds_the_table_and_sorts_by_kind(int distinct, int columns)
    {
        const int Kinds = 6;
        using var device = new CpuDevice(threads: 1);
        using var table = Noise(device, [1, Kinds, columns], 1);
        using var time = Noise(device, [distinct, Kinds * columns], 2);
        using var y = device.NewTensor([Kinds, distinct, columns]);
        Engine.Kernels.Modulation.Run(device, table, time, y);
        for (int j = 0; j < Kinds; j++)
        {
            for (int u = 0; u < distinct; u++)
            {
                for (int c = 0; c < columns; c++)
                {
                    float want = table.Span[(j * columns) + c] + time.Span[(u * Kinds * columns) + (j * columns) + c];
                    Assert.Equal(want, y.Span[(((j * distinct) + u) * columns) + c]);
                }
            }
        }
    }

    [Fact]
    public void A_shared_embedding_meets_every_kind()
    {
        using var device = new CpuDevice(threads: 1);
        using var table = Noise(device, [1, 2, 9], 1);
        using var time = Noise(device, [2, 9], 2);
        using var y = device.NewTensor([2, 2, 9]);
        Engine.Kernels.Modulation.Run(device, table, time, y);
        Assert.Equal(table.Span[9 + 4] + time.Span[9 + 4], y.Span[(3 * 9) + 4]);
    }

    static Tensor Noise(Device device, Shape shape, long seed)
    {
        var tensor = device.NewTensor(shape);
        new TorchRandom(seed).Normal(tensor);
        return tensor;
    }
}
