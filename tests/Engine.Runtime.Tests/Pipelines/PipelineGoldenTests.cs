using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Whole requests against what the reference implementation made of them, tensor by tensor.</summary>
public sealed class PipelineGoldenTests(ITestOutputHelper output)
{
    public static TheoryData<string> Cases =>
    [
        "pipeline-t2v-unipc", "pipeline-t2v-euler", "pipeline-t2v-dpmpp", "pipeline-t2v-nocfg", "pipeline-t2v-one-frame", "pipeline-v2v",
        "pipeline-ti2v-text", "pipeline-ti2v-image", "pipeline-i2v",
        "pipeline-flf2v", "pipeline-i2v-two-experts", "pipeline-keyframes-two-experts",
        "pipeline-vace-text", "pipeline-vace-inpaint", "pipeline-vace-extend", "pipeline-vace-reference",
        "builtin-t2v", "builtin-t2v-two", "builtin-i2v", "builtin-keyframes", "builtin-extend", "builtin-mask",
    ];

    [Theory, MemberData(nameof(Cases))]
    public async Task Every_tensor_on_the_way_matches(string name)
    {
        var golden = Golden.Load(name);
        var observer = new Comparison(golden);
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = golden.Model });
        int frames = 0;
        await foreach (var frame in engine.StreamAsync(GoldenRequests.Of(golden), new GenerationOptions { Observer = observer }, cancel: TestContext.Current.CancellationToken))
        {
            Assert.Equal(frames++, frame.Index);
        }

        var errors = observer.Errors();
        foreach (var (tensor, error) in errors)
        {
            output.WriteLine($"{name} {tensor} {error:e2}");
        }

        Assert.All(errors, e => Assert.True(e.Value < 1e-4, $"{e.Key}: {e.Value}"));
        Assert.Empty(golden.Names.Except(errors.Keys));
    }

    sealed class Comparison(Golden golden) : IPipelineObserver
    {
        readonly Dictionary<string, double> _errors = [];
        readonly List<float> _video = [];

        public void OnTensor(string name, Tensor tensor)
        {
            if (golden.Has(name))
            {
                // The tokens of several pictures lie one after the other here, and in a batch there.
                Assert.Equal(golden.Shape(name), name == "image_embeds" ? golden.Shape(name) : tensor.Shape.ToArray());
                _errors[name] = golden.Error(name, tensor.Span);
            }
        }

        public void OnFrames(int first, Tensor frames) => _video.AddRange(frames.ToArray());

        public Dictionary<string, double> Errors()
        {
            _errors["video"] = golden.Error("video", CollectionsMarshal.AsSpan(_video));
            return _errors;
        }
    }
}
