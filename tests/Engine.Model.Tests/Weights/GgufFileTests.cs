using Engine.Kernels;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class GgufFileTests
{
    static readonly string s_blocks = Path.Combine(Repository.Goldens, "models", "single-files", "blocks.gguf");

    [Fact]
    public void Every_block_format_expands_as_the_reference_does()
    {
        var golden = Golden.Load("format-gguf-blocks");
        using var file = GgufFile.Open(golden.Model!);
        Assert.Equal(golden.Names.Order(), file.Tensors.Select(t => t.Name).Order());
        foreach (var tensor in file.Tensors.Where(t => t.Type.IsBlockType()))
        {
            var stored = new byte[tensor.Bytes];
            file.Read(tensor, 0, stored);
            var values = new float[tensor.Shape.Aggregate(1L, (a, b) => a * b)];
            BlockFormats.Expand(tensor.Type, stored, values);
            double error = Golden.RelativeError(values, golden.Floats(tensor.Name));
            Assert.True(error <= 1e-6, $"{tensor.Name}: {error}");
        }
    }

    [Fact]
    public void Flattened_patch_embedding_has_its_shape_back()
    {
        using var file = GgufFile.Open(Path.Combine(Repository.Goldens, "models", "single-files", "dit_q8_0.gguf"));
        Assert.Equal(5, file.Find("patch_embedding.weight")!.Shape.Count);
    }

    [Fact]
    public void Every_cut_is_refused_with_one_sentence()
    {
        byte[] whole = File.ReadAllBytes(s_blocks);
        string path = Path.Combine(Path.GetTempPath(), $"engine-gguf-{Guid.NewGuid():n}.gguf");
        try
        {
            for (int length = 0; length < whole.Length; length += 1 + (length / 40))
            {
                File.WriteAllBytes(path, whole[..length]);
                var error = Assert.Throws<WeightFileException>(() => GgufFile.Open(path).Dispose());
                Assert.DoesNotContain('\n', error.Message);
            }
        }
        finally
        {
            File.Delete(path);
        }
    }
}
