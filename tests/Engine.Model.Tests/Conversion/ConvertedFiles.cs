using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Conversion;
using Engine.Model.Tests.Weights;
using Xunit;

namespace Engine.Model.Tests.Conversion;

/// <summary>Parts of checkpoints converted into a test's folder.</summary>
static class ConvertedFiles
{
    /// <summary>Writes a part as a new file and returns its path.</summary>
    public static string Convert(
        this TemporaryFolder folder, CheckpointPart part, DType type, bool gguf, string? tokenizer = null, bool diffusers = false)
    {
        string path = Path.Combine(folder.Path, $"{Guid.NewGuid():N}.{(gguf ? "gguf" : "safetensors")}");
        using var stream = File.Create(path);
        WeightConverter.Convert(part, stream, gguf, type, diffusers, tokenizer, null, TestContext.Current.CancellationToken);
        return path;
    }
}
