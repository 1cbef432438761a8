using Engine.Kernels;
using Engine.Runtime.Pipelines;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Everything that a job shows, in order; a name comes again in every round.</summary>
sealed class TensorLog : IPipelineObserver
{
    readonly List<(string Name, int[] Shape, float[] Values)> _seen = [];

    /// <summary>Frames that were decoded.</summary>
    public int Frames { get; private set; }

    /// <summary>Tensors of a name, one for each round.</summary>
    public IReadOnlyList<(int[] Shape, float[] Values)> All(string name) => [.. _seen.Where(s => s.Name == name).Select(s => (s.Shape, s.Values))];

    /// <summary>The only tensor of a name.</summary>
    public (int[] Shape, float[] Values) One(string name) => All(name).Single();

    /// <inheritdoc/>
    public void OnTensor(string name, Tensor tensor) => _seen.Add((name, tensor.Shape.ToArray(), tensor.ToArray()));

    /// <inheritdoc/>
    public void OnFrames(int first, Tensor frames) => Frames += frames.Shape[0];

    /// <summary>Runs a request and returns what it shows, and its frames.</summary>
    public static async Task<(TensorLog Log, List<byte[]> Frames)> RunAsync(string model, VideoRequest request)
    {
        var log = new TensorLog();
        var frames = new List<byte[]>();
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = model });
        await foreach (var frame in engine.StreamAsync(request, new GenerationOptions { Observer = log }, cancel: TestContext.Current.CancellationToken))
        {
            frames.Add(frame.Rgb24.ToArray());
        }

        return (log, frames);
    }
}
