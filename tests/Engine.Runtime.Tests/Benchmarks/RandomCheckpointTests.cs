using Engine.Kernels;
using Engine.Model.Weights;
using Engine.Runtime.Benchmarks;
using Xunit;

namespace Engine.Runtime.Tests.Benchmarks;

/// <summary>The temporary files of benchmarks.</summary>
public sealed class RandomCheckpointTests
{
    [Fact]
    public void A_file_left_behind_is_deleted_and_one_in_use_is_not()
    {
        using var weights = new RandomWeightSource("random weights", [("a.weight", [4, 8])], DType.BF16);
        string[] before = Files();
        using var used = new RandomCheckpoint(weights, TestContext.Current.CancellationToken);

        // Other benchmarks may run at the same time; their files are larger.
        string mine = Assert.Single(Files().Except(before), path => new FileInfo(path).Length is > 0 and < 200);
        string abandoned = Path.Combine(Path.GetTempPath(), $"engine-bench-{Guid.NewGuid():N}.safetensors");
        File.Copy(mine, abandoned);

        RandomCheckpoint.DeleteAbandoned(Path.GetTempPath());

        Assert.False(File.Exists(abandoned));
        Assert.True(File.Exists(mine));
        using (var source = used.Open())
        {
            Assert.Equal("a.weight", Assert.Single(source.Tensors).Name);
        }

        used.Dispose();
        Assert.False(File.Exists(mine));
    }

    [Fact]
    public void Writing_that_is_stopped_leaves_nothing()
    {
        using var weights = new RandomWeightSource("random weights", [("a.weight", [4, 8])], DType.BF16);
        string[] before = Files();

        Assert.Throws<OperationCanceledException>(() => new RandomCheckpoint(weights, new CancellationToken(canceled: true)));

        Assert.DoesNotContain(Files().Except(before), path => new FileInfo(path).Length < 200);
    }

    static string[] Files() => Directory.GetFiles(Path.GetTempPath(), "engine-bench-*");
}
