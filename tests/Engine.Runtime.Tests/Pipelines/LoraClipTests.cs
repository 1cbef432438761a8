using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Schedulers;
using Engine.Runtime.Jobs;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

public sealed class LoraClipTests : IDisposable
{
    static readonly VideoRequest s_request = new("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 2, Frames = 5 };

    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, true);

    [Fact]
    public async Task A_lora_changes_the_clip_by_its_strength_and_strength_0_changes_no_bit()
    {
        string lora = Builtin(seed: 1);
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        byte[] plain = await FramesAsync(engine, s_request);
        byte[] one = await FramesAsync(engine, s_request with { Loras = [new(lora)] });
        byte[] zero = await FramesAsync(engine, s_request with { Loras = [new(lora, 0)] });
        byte[] apart = await FramesAsync(engine, s_request with { Loras = [new(lora)], LoraMode = LoraMode.Apart });
        Assert.Equal(plain, zero);
        Assert.Equal(plain, await FramesAsync(engine, s_request));
        Assert.True(Difference(plain, one) > 0.3, $"{Difference(plain, one)} of 255");

        // The same but for the rounding of the merged weights to f16.
        Assert.InRange(Difference(one, apart), 0, Difference(plain, one) / 20);

        // Applied and taken back: the model itself, but for rounding.
        byte[] none = await FramesAsync(engine, s_request with { Loras = [new(lora), new(lora, -1)], LoraMode = LoraMode.Apart });
        Assert.InRange(Difference(plain, none), 0, Difference(plain, one) / 20);
    }

    [Fact]
    public async Task It_is_said_what_changes_and_a_lora_that_does_not_fit_is_refused_before_anything_is_read()
    {
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = Repository.BuiltinModel });
        var resolved = await engine.ResolveAsync(s_request with { Loras = [new(Builtin(1), 0.5)] }, TestContext.Current.CancellationToken);
        Assert.Contains("LoRA 1.safetensors: 2 tensors change with strength 0.5.", resolved.Notes);

        string other = new RandomLora(1).Layer("diffusion_model.blocks.0.ffn.0", 13824, 5120, 1).Write(Path.Combine(_folder, "other.safetensors"));
        var error = await Assert.ThrowsAnyAsync<EngineException>(() => engine.ResolveAsync(s_request with { Loras = [new(other)] }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.BadInput, error.Kind);
        Assert.Contains("made for another model", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no-such.safetensors", 1, null, "there is no file")]
    [InlineData("", 1, null, "has no path")]
    [InlineData(null, 1000, null, "from -100 to 100")]
    [InlineData(null, double.NaN, null, "from -100 to 100")]
    [InlineData(null, 1, LoraExpert.Low, "has one transformer")]
    public void A_wrong_lora_is_named(string? path, double strength, LoraExpert? expert, string expected)
    {
        var request = s_request with { Loras = [new(path ?? Builtin(1), strength, expert)] };
        var error = Assert.Throws<RequestException>(() => RequestResolver.Resolve(request, Checkpoint.Open(Repository.BuiltinModel)));
        Assert.Equal("loras", error.Problems[0].Field);
        Assert.Contains(expected, error.Problems[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Each_expert_takes_its_own()
    {
        var model = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", "wan22-t2v-a14b"));
        string path = new RandomLora(1).Layer("diffusion_model.blocks.0.self_attn.q", 64, 64, 2).Write(Path.Combine(_folder, "a.safetensors"));
        var loras = new LoraRequest([new(path, 1, LoraExpert.High), new(path, 0.5), new(path, 2, LoraExpert.Low)], LoraMode.Auto, false);
        using var high = loras.Open(model.Transformer!, second: false);
        using var low = loras.Open(model.Transformer!, second: true);
        Assert.Equal([1f, 0.5f], high!.Files.Select(f => f.Strength));
        Assert.Equal([0.5f, 2f], low!.Files.Select(f => f.Strength));
        Assert.Equal(4, loras.Check(model).Count);
    }

    [Fact]
    public void The_identity_of_a_job_counts_what_its_loras_hold()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);
        using var device = new CpuDevice(threads: 1);
        string path = Builtin(1);
        var first = Identity(new(path));
        Assert.Empty(first.Differences(Identity(new(path))));
        Assert.Equal(["lora 1"], first.Differences(Identity(new(path, 0.5))).Select(d => d.Field));
        Assert.Equal(["lora 1"], first.Differences(Identity(new(Builtin(2)))).Select(d => d.Field));

        JobIdentity Identity(LoraInput lora) => JobIdentity.Of(RequestResolver.Resolve(s_request with { Loras = [lora] }, model), model, device);
    }

    [Fact]
    public void Turbo_takes_few_steps_on_their_own_grid_without_guidance()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);
        var turbo = RequestResolver.Resolve(new VideoRequest("x") { Turbo = true }, model);
        Assert.Equal((4, 1.0, 1.0, 5.0, SchedulerKind.Turbo), (turbo.Steps, turbo.Guidance, turbo.Guidance2, turbo.Shift, turbo.Scheduler));
        Assert.Equal([1000, 937.5f, 833.3333f, 625], Scheduler.Create(turbo.Scheduler, turbo.Steps, turbo.Shift).Timesteps);
        var eight = RequestResolver.Resolve(new VideoRequest("x") { Turbo = true, Steps = 8, Guidance = 2, Scheduler = SchedulerKind.UniPc }, model);
        Assert.Equal((8, 2.0, SchedulerKind.UniPc), (eight.Steps, eight.Guidance, eight.Scheduler));
    }

    // Two layers of the built-in model.
    string Builtin(int seed) => new RandomLora(seed)
        .Layer("transformer.blocks.1.attn1.to_v", 192, 192, 4, scale: 1, down: ".lora_A.weight", up: ".lora_B.weight")
        .Layer("transformer.blocks.4.ffn.net.2", 192, 768, 4, scale: 1, down: ".lora_A.weight", up: ".lora_B.weight")
        .Write(Path.Combine(_folder, $"{seed}.safetensors"));

    static double Difference(byte[] a, byte[] b) => a.Zip(b, (x, y) => Math.Abs(x - y)).Average();

    static async Task<byte[]> FramesAsync(VideoEngine engine, VideoRequest request)
    {
        var frames = new List<byte>();
        await foreach (var frame in engine.StreamAsync(request))
        {
            frames.AddRange(frame.Rgb24.ToArray());
        }

        return [.. frames];
    }
}
