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
        "builtin-t2v",
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
        var scheduler = Scheduler.Create(Kind(request.GetProperty("scheduler").GetString()!), steps, request.GetProperty("flow_shift").GetDouble());
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

        float[] condition = golden.Has("condition") ? golden.Floats("condition") : [];
        using var input = device.NewTensor([model.Config.InChannels, noise.Shape[1], noise.Shape[2], noise.Shape[3]]);
        using var guided = device.NewTensor(noise.Shape);
        using var unguided = device.NewTensor(noise.Shape);
        var timestep = TimestepMap.Single(0);
        double worst = 0;
        for (int step = start; step < steps; step++)
        {
            input.CopyFrom([.. latent, .. condition]);
            timestep.Values[0] = scheduler.Timesteps[step];
            if (negative is null)
            {
                model.Forward(input, timestep, prompt, guided, scratch);
            }
            else
            {
                model.ForwardPair(input, timestep, prompt, negative, guided, unguided, scratch);
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
