using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;
using Engine.Runtime.Pipelines;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>VACE with two experts: each brings control blocks of its own, and both are given the same control.</summary>
/// <remarks>WanVACEPipeline with transformer_2, pipeline_wan_vace.py of huggingface/diffusers @ 58eb52c0803ea9af3abec60841c2a093bdf1f951.</remarks>
public sealed class VaceExpertTests : IDisposable
{
    const float Boundary = 0.875f;

    static readonly VideoRequest s_request = new("a red ball")
    {
        Width = 48,
        Height = 32,
        Frames = 5,
        Steps = 4,
        Shift = 5,
        Seed = 1,
        MaxSequenceLength = 40,
        Guidance = 4,
        Guidance2 = 2,
        ControlStrength = [1.5, 0.5],
        References = [PictureInput.FromRgb24(Enumerable.Range(0, 32 * 32 * 3).Select(i => (byte)(i * 7)).ToArray(), 32, 32)],
    };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_folder_with_two_opens_as_one_model_with_all_that_vace_does()
    {
        var model = Checkpoint.Open(Make("a", _ => true));
        Assert.True(model.HasTransformer2);
        Assert.Equal([0, 2], model.Transformer!.VaceLayers);
        Assert.Equal(Boundary, model.Info.BoundaryRatio);
        Assert.True(model.Info.Abilities.HasFlag(Abilities.References | Abilities.Control | Abilities.Mask | Abilities.ExtendBackward | Abilities.Keyframes));
        using var second = model.OpenTransformer2();
        Assert.Equal(2, second.Tensors.Count(t => t.Name.EndsWith("proj_out.weight", StringComparison.Ordinal) && t.Name.StartsWith("vace_blocks.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("pipeline-vace-inpaint")]
    [InlineData("pipeline-vace-reference")]
    public async Task Two_experts_alike_make_what_the_reference_makes_with_one(string name)
    {
        var golden = Golden.Load(name);
        string model = ExpertFolders.Make(Path.Combine(_folder, "b"), golden.Model!, Boundary, changed: null);
        var seen = await RunAsync(model, GoldenRequests.Of(golden));
        float[] timesteps = seen["timesteps"];
        Assert.Contains(timesteps, t => t >= Boundary * Scheduler.TrainTimesteps);
        Assert.Contains(timesteps, t => t < Boundary * Scheduler.TrainTimesteps);
        Assert.All(golden.Names.Where(seen.ContainsKey), tensor => Assert.InRange(golden.Error(tensor, seen[tensor]), 0, 1e-4));
        Assert.Contains($"latents.{timesteps.Length - 1}", golden.Names.Where(seen.ContainsKey));
    }

    [Fact]
    public async Task Every_step_is_that_of_the_expert_at_its_noise_with_its_own_control_and_guidance()
    {
        string folder = Make("c", _ => true);
        var seen = await RunAsync(folder, s_request);
        var (want, low) = Walk(folder, seen, Checkpoint.Open(folder));
        Assert.Equal([false, false, true, true], low);
        for (int step = 0; step < want.Count; step++)
        {
            Assert.InRange(Golden.RelativeError(seen[$"latents.{step}"], want[step]), 0, 2e-6);
        }
    }

    [Fact]
    public async Task Control_blocks_of_the_second_count_from_the_switch_on_and_each_by_its_strength()
    {
        string same = Make("d", null), other = Make("e", name => name.StartsWith("vace_blocks.1.", StringComparison.Ordinal));
        var plain = await RunAsync(same, s_request);
        var changed = await RunAsync(other, s_request);
        Assert.Equal(plain["latents.1"], changed["latents.1"]);
        Assert.True(Golden.RelativeError(changed["latents.2"], plain["latents.2"]) > 1e-4);

        // The block that differs is left out: nothing differs.
        var without = s_request with { ControlStrength = [1, 0] };
        Assert.Equal((await RunAsync(same, without))["latents.3"], (await RunAsync(other, without))["latents.3"]);
    }

    [Fact]
    public void Only_one_is_ever_in_memory_unless_both_fit_and_it_changes_no_bit()
    {
        using var device = new CpuDevice();
        using var parts = new ModelParts(Checkpoint.Open(Make("f", _ => true)), device);
        var at = new Residency(false, ReleaseParts: true, new SamplerOptions(Pair: true, KeepKeyValues: true));
        using var source = parts.OpenTransformer();
        long expert = source.Tensors.Sum(tensor => tensor.Bytes);
        var (want, one) = Denoised(parts, at);
        var (ahead, both) = Denoised(parts, at with { BothExperts = true });
        var (streamed, blocks) = Denoised(parts, at with { StreamTransformer = true });
        Assert.Equal(want, ahead);
        Assert.Equal(want, streamed);
        Assert.InRange(both - one, expert * 0.98, expert * 1.02);
        Assert.True(blocks < one - (expert / 3), $"{blocks} of {one}");
        parts.Release();
        Assert.Equal(0, device.Allocated);
    }

    string Make(string name, Func<string, bool>? changed) =>
        ExpertFolders.Make(Path.Combine(_folder, name), Path.Combine(Repository.Goldens, "models", "wan21-vace"), Boundary, changed);

    static async Task<Dictionary<string, float[]>> RunAsync(string model, VideoRequest request)
    {
        var seen = new Recorder();
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = model });
        await using var video = await engine.GenerateAsync(request, new GenerationOptions { Observer = seen }, cancel: TestContext.Current.CancellationToken);
        return seen.Tensors;
    }

    // The loop of the reference, with nothing of the pipeline but what it has encoded.
    static (List<float[]> States, List<bool> Low) Walk(string folder, Dictionary<string, float[]> seen, Checkpoint model)
    {
        using var device = new CpuDevice();
        using var high = TransformerModels.Load(Path.Combine(folder, "transformer"), device);
        using var low = TransformerModels.Load(Path.Combine(folder, "transformer_2"), device);
        using var scratch = new Workspace(device);
        var shape = InputStage.LatentShape(RequestResolver.Resolve(s_request, model), model);
        Tensor Take(string name, params int[] extents)
        {
            var tensor = device.NewTensor(Shape.Create(extents));
            tensor.CopyFrom(seen[name]);
            return tensor;
        }

        using var latent = Take("noise", shape[0], shape[1], shape[2], shape[3]);
        using var prompt = Take("prompt_embeds", 40, model.Transformer!.TextDim);
        using var negative = Take("negative_prompt_embeds", 40, model.Transformer.TextDim);
        using var values = device.NewTensor([model.Transformer.VaceInChannels, shape[1], shape[2], shape[3]]);
        values.CopyFrom([.. seen["vace_latents"], .. seen["vace_mask"]]);
        var control = new TransformerControl(values, [1.5f, 0.5f]);
        using var velocity = device.NewTensor(shape);
        using var unguided = device.NewTensor(shape);
        using var scheduler = Scheduler.Create(model.Scheduler!.Kind, s_request.Steps!.Value, 5);
        var states = new List<float[]>();
        var isLow = new List<bool>();
        for (int step = 0; step < s_request.Steps; step++)
        {
            float timestep = scheduler.Timesteps[step];
            isLow.Add(timestep < Boundary * 1000);
            var expert = isLow[^1] ? low : high;
            float guidance = isLow[^1] ? 2 : 4;
            using var timesteps = TimestepMap.Single(timestep);
            foreach (var (text, into) in new[] { (prompt, velocity), (negative, unguided) })
            {
                using var context = expert.Prepare(text, default, scratch, keepKeyValues: false);
                expert.Forward(latent, timesteps, context, into, scratch, control: control);
            }

            float[] without = unguided.ToArray();
            velocity.CopyFrom(velocity.ToArray().Zip(without, (with, u) => u + (guidance * (with - u))).ToArray());
            scheduler.Step(step, velocity, latent);
            states.Add(latent.ToArray());
        }

        return (states, isLow);
    }

    // The latent, and most bytes from the loading of the first expert on.
    static (float[] Latent, long Peak) Denoised(ModelParts parts, Residency residency)
    {
        bool begun = false;
        var request = RequestResolver.Resolve(s_request, parts.Checkpoint);
        var progress = new JobProgress(request, new Listener(told =>
        {
            if (told.Stage == GenerationStage.Loading && !begun)
            {
                begun = true;
                parts.Device.ResetPeak();
            }

            // On a busy machine the first may be done before the second is read.
            if (told.Step == 1 && residency.BothExperts)
            {
                Assert.True(SpinWait.SpinUntil(() => parts.Transformer2.IsLoaded, TimeSpan.FromSeconds(60)));
            }
        }));
        using var latent = new GenerationJob(parts, request, residency, new GenerationOptions(), progress).Run(TestContext.Current.CancellationToken);
        return (latent.ToArray(), parts.Device.Peak);
    }

    sealed class Recorder : IPipelineObserver
    {
        readonly List<float> _video = [];

        public Dictionary<string, float[]> Tensors { get; } = [];

        public void OnTensor(string name, Tensor tensor) => Tensors[name] = tensor.ToArray();

        public void OnFrames(int first, Tensor frames)
        {
            _video.AddRange(frames.ToArray());
            Tensors["video"] = [.. CollectionsMarshal.AsSpan(_video)];
        }
    }

    sealed class Listener(Action<GenerationProgress> told) : IProgress<GenerationProgress>
    {
        public void Report(GenerationProgress value) => told(value);
    }
}
