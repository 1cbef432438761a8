using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Text;

public sealed class EmbeddingCacheTests : IDisposable
{
    readonly string _folder = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
    readonly CpuDevice _device = new(threads: 1);

    public void Dispose()
    {
        _device.Dispose();
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Fact]
    public void What_was_written_is_read_back()
    {
        var cache = new EmbeddingCache(Path.Combine(_folder, "deep"));
        using var written = Noise(3);
        using var read = _device.NewTensor([3, 8]);
        Assert.False(cache.TryRead("model", [1, 2, 3], read));
        Assert.True(cache.Write("model", [1, 2, 3], written));
        Assert.True(cache.TryRead("model", [1, 2, 3], read));
        Assert.Equal(written.ToArray(), read.ToArray());
        Assert.False(cache.TryRead("model", [1, 2, 4], read));
        Assert.False(cache.TryRead("other", [1, 2, 3], read));
        Assert.Null(cache.Problem);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(9)]
    [InlineData(40)]
    [InlineData(-1)]
    public void A_damaged_entry_is_ignored_and_rewritten(int at)
    {
        var cache = new EmbeddingCache(_folder);
        using var written = Noise(2);
        using var read = _device.NewTensor([2, 8]);
        cache.Write("model", [1, 2], written);
        string file = Assert.Single(Directory.GetFiles(_folder));
        byte[] bytes = File.ReadAllBytes(file);
        bytes[at < 0 ? bytes.Length - 1 : at] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.False(cache.TryRead("model", [1, 2], read));
        File.WriteAllBytes(file, bytes[..(bytes.Length / 2)]);
        Assert.False(cache.TryRead("model", [1, 2], read));
        Assert.True(cache.Write("model", [1, 2], written));
        Assert.True(cache.TryRead("model", [1, 2], read));
    }

    [Fact]
    public void The_entries_used_longest_ago_go_first()
    {
        using var embedding = Noise(4);
        long entry = (embedding.Count * sizeof(float)) + 48;
        var cache = new EmbeddingCache(_folder, maxBytes: 3 * entry);
        for (int i = 0; i < 3; i++)
        {
            cache.Write("model", [i, 0, 0, 0], embedding);
            foreach (string file in Directory.GetFiles(_folder))
            {
                File.SetLastWriteTimeUtc(file, File.GetLastWriteTimeUtc(file).AddMinutes(-1));
            }
        }

        Assert.True(cache.TryRead("model", [0, 0, 0, 0], embedding));
        cache.Write("model", [3, 0, 0, 0], embedding);
        Assert.Equal(3, Directory.GetFiles(_folder).Length);
        Assert.True(cache.TryRead("model", [0, 0, 0, 0], embedding));
        Assert.False(cache.TryRead("model", [1, 0, 0, 0], embedding));
    }

    [Fact]
    public void A_folder_that_cannot_be_written_is_reported_not_thrown()
    {
        Directory.CreateDirectory(_folder);
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        var cache = new EmbeddingCache(Path.Combine(file, "below"));
        using var embedding = Noise(1);
        Assert.False(cache.Write("model", [1], embedding));
        Assert.NotNull(cache.Problem);
    }

    [Fact]
    public void The_encoder_reads_no_weights_for_a_prompt_it_has_seen()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);
        var cache = new EmbeddingCache(_folder);
        using var scratch = new Workspace(_device);
        int layers = 0;
        float[] Encode()
        {
            using var source = model.OpenTextEncoder();
            using var encoder = new Umt5Encoder(source, model.TextEncoder!, _device, resident: false, cache);
            var all = encoder.Encode([[3, 51, 52, 1], [1]], scratch, _ => layers++, TestContext.Current.CancellationToken);
            float[] values = all[0].ToArray();
            Array.ForEach(all, t => t.Dispose());
            return values;
        }

        float[] first = Encode();
        Assert.Equal(model.TextEncoder!.Layers, layers);
        Assert.Equal(first, Encode());
        Assert.Equal(model.TextEncoder!.Layers, layers);
    }

    [Fact]
    public void Encoders_of_other_weights_or_sizes_have_other_names()
    {
        var one = Checkpoint.Open(Repository.BuiltinModel);
        var two = Checkpoint.Open(Golden.Load("module-umt5").Model!);
        using var first = one.OpenTextEncoder();
        using var second = two.OpenTextEncoder();
        string name = EmbeddingCache.Identify(first, one.TextEncoder!, _device);
        Assert.Equal(name, EmbeddingCache.Identify(first, one.TextEncoder!, _device));
        Assert.NotEqual(name, EmbeddingCache.Identify(second, two.TextEncoder!, _device));
        Assert.NotEqual(name, EmbeddingCache.Identify(first, one.TextEncoder! with { Eps = 1e-5f }, _device));
    }

    Tensor Noise(int rows)
    {
        var tensor = _device.NewTensor([rows, 8]);
        new TorchRandom(1).Normal(tensor);
        return tensor;
    }
}
