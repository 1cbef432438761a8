using Engine.Model.Vae.Tiling;
using Xunit;

namespace Engine.Model.Tests.Vae;

public sealed class TileAxisTests
{
    [Theory]
    [InlineData(7, 7, 2, 1), InlineData(33, 8, 0, 4), InlineData(33, 8, 3, 8), InlineData(90, 32, 4, 8), InlineData(20, 3, 6, 2), InlineData(5, 1, 1, 1)]
    public void Shares_make_one_and_lie_inside_their_tiles(int length, int tile, int halo, int scale)
    {
        var axis = new TileAxis(length, tile, halo);
        for (int point = 0; point < length * scale; point++)
        {
            float sum = 0;
            for (int i = 0; i < axis.Count; i++)
            {
                float weight = axis.Weight(i, point, scale);
                Assert.InRange(weight, 0, 1);
                bool inside = point >= axis.Start(i) * scale && point < (axis.Start(i) + axis.Extent) * scale;
                Assert.True(inside || weight == 0, $"tile {i} counts at {point} but ends before");
                sum += weight;
            }

            Assert.Equal(1, sum, 1e-6);
        }
    }

    [Fact]
    public void One_tile_is_the_whole_side() => Assert.Equal((1, 9), (new TileAxis(9, 16, 4).Count, new TileAxis(9, 16, 4).Extent));
}
