using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Model.Transformer;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Transformer;

/// <summary>Noise, transformer, guidance and scheduler together, from upstream's embeddings on.</summary>
public sealed class DenoisingTests
{
    public static TheoryData<string> Cases =>
    [
        "pipeline-t2v-unipc",
        "pipeline-t2v-euler",
        "pipeline-t2v-dpmpp",
        "pipeline-t2v-nocfg",
        "pipeline-t2v-one-frame",
        "pipeline-v2v",
        "pipeline-i2v",
        "pipeline-flf2v",
        "pipeline-ti2v-text",
        "pipeline-ti2v-image",
        "builtin-t2v",
        "builtin-i2v",
    ];

    [Theory, MemberData(nameof(Cases))]
    public void Latents_follow_upstream(string name)
    {
        var golden = Golden.Load(name);
        var request = golden.Case.GetProperty("request");
        using var device = new CpuDevice();
        using var scratch = new Workspace(device);
        using var model = TransformerModels.Load(Path.Combine(golden.Model!, "transformer"), device);
        float guidance = request.GetProperty("guidance_scale").GetSingle();
        using var prompt = Prepare(golden, model, "prompt_embeds", scratch);
        using var negative = guidance > 1 ? Prepare(golden, model, "negative_prompt_embeds", scratch) : null;

        int steps = request.GetProperty("steps").GetInt32();
        using var scheduler = Scheduler.Create(Kind(request.GetProperty("scheduler").GetString()!), steps, request.GetProperty("flow_shift").GetDouble());
        int start = request.TryGetProperty("strength", out var strength) ? steps - (int)(steps * strength.GetDouble()) : 0;
        scheduler.Begin(start);
        Assert.Equal(golden.Floats("timesteps"), scheduler.Timesteps.Skip(start));

        using var noise = golden.Tensor("noise", device, rank: 4);
        float[] latent = noise.ToArray();
        if (start == 0)
        {
            float[] drawn = new float[latent.Length];
            new TorchRandom(request.GetProperty("seed").GetInt64()).Normal(drawn);
            Assert.Equal(latent, drawn);
        }

        // A given first frame is put into the input at timestep 0; other conditions are further channels.
        float[] condition = golden.Has("condition") ? golden.Floats("condition") : [];
        bool given = golden.Has("first_frame_mask");
        using var input = device.NewTensor([model.Config.InChannels, noise.Shape[1], noise.Shape[2], noise.Shape[3]]);
        using var guided = device.NewTensor(noise.Shape);
        using var unguided = device.NewTensor(noise.Shape);
        int tokens = model.Tokens(noise.Shape[1], noise.Shape[2], noise.Shape[3]);
        int tokensPerFrame = tokens / noise.Shape[1];
        using var timesteps = given
            ? TimestepMap.ByRow(device, [.. Enumerable.Range(0, tokens).Select(i => i < tokensPerFrame ? 1 : 0)], [0, 0])
            : TimestepMap.Single(0);
        double worst = 0;
        for (int step = start; step < steps; step++)
        {
            input.CopyFrom(given ? WithFirstFrame(latent, condition, noise.Shape) : [.. latent, .. condition]);
            timesteps.Values[0] = scheduler.Timesteps[step];
            if (negative is null)
            {
                model.Forward(input, timesteps, prompt, guided, scratch);
            }
            else
            {
                model.ForwardPair(input, timesteps, prompt, negative, guided, unguided, scratch);
                Elementwise.Combine(device, guided, guidance, unguided, 1 - guidance, guided);
            }

            scheduler.Step(step, guided.Span, latent);
            string after = $"latents.{step - start}";
            if (golden.Has(after))
            {
                worst = Math.Max(worst, golden.Error(after, latent));
            }
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: error {worst:E2}");
        Assert.InRange(worst, double.Epsilon, 2e-5);
    }

    static float[] WithFirstFrame(float[] latent, float[] frame, Shape shape)
    {
        float[] result = [.. latent];
        int size = shape[2] * shape[3];
        for (int c = 0; c < shape[0]; c++)
        {
            frame.AsSpan(c * size, size).CopyTo(result.AsSpan(c * size * shape[1]));
        }

        return result;
    }

    static TransformerContext Prepare(Golden golden, WanTransformer model, string embeds, Workspace scratch)
    {
        using var text = golden.Tensor(embeds, model.Device, rank: 2);
        if (!golden.Has("image_embeds"))
        {
            return model.Prepare(text, default, scratch, keepKeyValues: true);
        }

        using var image = golden.Tensor("image_embeds", model.Device);
        return model.Prepare(text, image.Reshape([image.Rows, image.Columns]), scratch, keepKeyValues: true);
    }

    static SchedulerKind Kind(string name) => name switch
    {
        "unipc" => SchedulerKind.UniPc,
        "euler" => SchedulerKind.Euler,
        "dpm++" => SchedulerKind.DpmPlusPlus,
        _ => throw new InvalidDataException($"unknown scheduler {name}"),
    };
}
