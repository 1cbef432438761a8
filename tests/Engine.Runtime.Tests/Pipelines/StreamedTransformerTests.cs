using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>The transformer's blocks read in turn, as a plan for little memory asks for.</summary>
public sealed class StreamedTransformerTests
{
    static readonly Residency s_resident = new(false, true, new SamplerOptions(Pair: true, KeepKeyValues: true));

    [Fact]
    public void The_clip_is_the_same()
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Checkpoint.Open(Repository.BuiltinModel), device);
        float[] want = Latent(parts, s_resident);
        Assert.Equal(want, Latent(parts, s_resident with { StreamTransformer = true }));
    }

    [Fact]
    public void Denoising_takes_less_memory()
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Checkpoint.Open(Repository.BuiltinModel), device);
        long want = Denoising(parts, s_resident);
        long got = Denoising(parts, s_resident with { StreamTransformer = true });

        // Eight blocks of f16 weights, two in memory at a time.
        const long Block = 2L * ((8 * 192 * 192) + (2 * 192 * 768));
        Assert.InRange(want - got, 5 * Block, 7 * Block);
    }

    static long Denoising(ModelParts parts, Residency residency) =>
        DryJob.Run(parts, Request(parts), residency).Single(s => s.Stage == GenerationStage.Denoising).Peak;

    static float[] Latent(ModelParts parts, Residency residency)
    {
        var request = Request(parts);
        var job = new GenerationJob(parts, request, residency, new GenerationOptions(), new JobProgress(request, null));
        using var latent = job.Run(TestContext.Current.CancellationToken);
        return latent.ToArray();
    }

    static ResolvedRequest Request(ModelParts parts) => RequestResolver.Resolve(
        new VideoRequest("a red ball rolls to the left in a meadow") { Model = parts.Checkpoint.Path, Steps = 2, Frames = 5, Seed = 1 },
        parts.Checkpoint);
}
