using Engine.Model.Weights;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime.Planning;

/// <summary>Estimates how long the stages of a plan take: arithmetic, and reading from disk where it is not hidden behind that.</summary>
sealed class PlanTimes
{
    // Of a disk that could not be measured, as when the file is small.
    const double UsualDisk = 1e9;

    readonly DeviceSpeed _speed;
    readonly ModelParts _parts;
    readonly ResolvedRequest _request;

    /// <summary>Measures the disk that the transformer lies on.</summary>
    public PlanTimes(DeviceSpeed speed, ModelParts parts, ResolvedRequest request)
    {
        _speed = speed;
        _parts = parts;
        _request = request;
        Disk = parts.Checkpoint.Parts.FirstOrDefault(part => part.Name == "transformer") is { } transformer ? DiskSpeed.Measure(LargestFile(transformer.Path)) : null;
    }

    /// <summary>Bytes a second; null for files too small to tell.</summary>
    public double? Disk { get; }

    /// <summary>Estimated seconds of a stage.</summary>
    public double Seconds(DryStage stage, Residency residency)
    {
        double computing = _speed.Seconds(stage.Work);
        double disk = Disk ?? UsualDisk;
        switch (stage.Stage)
        {
            case GenerationStage.EncodingText:
                return computing + (Bytes(_parts.Checkpoint.OpenTextEncoder) / disk);
            case GenerationStage.Denoising when residency.StreamTransformer:
                int steps = _request.Steps - _request.FirstStep;
                int passes = _request.UsesGuidance && !residency.Sampler.Pair ? 2 : 1;
                return Math.Max(computing, (double)steps * passes * Bytes(_parts.OpenTransformer) / disk);
            case GenerationStage.Denoising when !_parts.Transformer.IsLoaded:
                // The second of two experts costs no time where it is read while the first runs.
                int loads = _parts.Checkpoint.HasTransformer2 && !residency.BothExperts ? 2 : 1;
                return computing + (loads * Bytes(_parts.OpenTransformer) / disk);
            default:
                return computing;
        }
    }

    static long Bytes(Func<IWeightSource> open)
    {
        using var source = open();
        return source.Tensors.Sum(tensor => tensor.Bytes);
    }

    // Of a sharded set, any shard tells.
    static string LargestFile(string path) => !path.EndsWith(WeightFiles.IndexSuffix, StringComparison.Ordinal) ? path
        : Directory.EnumerateFiles(Path.GetDirectoryName(Path.GetFullPath(path))!, "*.safetensors").MaxBy(file => new FileInfo(file).Length) ?? path;
}
