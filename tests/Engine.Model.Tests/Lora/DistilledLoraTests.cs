using System.Runtime.InteropServices;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Schedulers;
using Engine.Model.Tests.Weights;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Lora;

/// <summary>
/// LoRAs that distil a model to few steps, in the form in which lightx2v's are published: Wan's own names below <c>diffusion_model.</c>,
/// bf16 factors of rank 32 or 64 for every matrix of the blocks and the embeddings, an alpha, and differences of biases and norms.
/// </summary>
public sealed class DistilledLoraTests : IDisposable
{
    const int Steps = 4;
    const float Boundary = 875;

    readonly TemporaryFolder _folder = new();
    readonly CpuDevice _device = new();
    readonly string _model = Path.Combine(Repository.Goldens, "models", "wan22-t2v-a14b");

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory]
    [InlineData(32, LoraMode.Merge, 2e-6)]
    [InlineData(64, LoraMode.Merge, 2e-6)]
    [InlineData(64, LoraMode.Apart, 2e-5)]
    public void Four_steps_with_a_file_for_each_expert_are_those_of_the_merged_model(int rank, LoraMode mode, double limit)
    {
        var (high, highMerged) = Make("transformer", rank, seed: 1, strength: 1);
        var (low, lowMerged) = Make("transformer_2", rank / 2, seed: 2, strength: 0.75f);
        var config = TransformerModels.Config(Path.Combine(_model, "transformer"));
        float[] want = Run(() => Load("transformer", highMerged, null), () => Load("transformer_2", lowMerged, null));
        float[] got = Run(() => Load("transformer", null, Open(high, 1, second: false)), () => Load("transformer_2", null, Open(low, 0.75f, second: true)));
        float[] plain = Run(() => Load("transformer", null, null), () => Load("transformer_2", null, null));

        Assert.InRange(Golden.RelativeError(got, want), 0, limit);
        Assert.True(Golden.RelativeError(plain, want) > 0.01, "the LoRAs change nothing that is compared");

        LoraSet Open(string path, float strength, bool second) => LoraSet.Open([new LoraSpec(path, strength)], config, second, mode, allowUnmatched: false);
    }

    // The file, and the weights that come of it: sums in double, rounded once.
    (string Lora, string Merged) Make(string part, int rank, int seed, float strength)
    {
        var map = OfficialNames.Transformer;
        var lora = new RandomLora(seed);
        var changes = new Dictionary<string, (string Module, bool Matrix)>();
        using var source = TransformerModels.Open(Path.Combine(_model, part));
        foreach (var tensor in source.Tensors)
        {
            string official = "diffusion_model." + map.Official(tensor.Name).Name;
            string module = official[..official.LastIndexOf('.')];
            bool weight = official.EndsWith(".weight", StringComparison.Ordinal);
            if (weight && tensor.Shape.Count == 2)
            {
                lora.Layer(module, (int)tensor.Shape[0], (int)tensor.Shape[1], rank, scale: 0.2f)
                    .Bytes($"{module}.alpha", "BF16", [], BitConverter.GetBytes((ushort)(BitConverter.SingleToUInt32Bits(rank / 2f) >> 16)));
                changes[tensor.Name] = (module, true);
            }
            else if ((weight && tensor.Shape.Count == 1) || official.EndsWith(".bias", StringComparison.Ordinal))
            {
                lora.Floats($"{module}.{(weight ? "diff" : "diff_b")}", [tensor.Shape[0]], 0.02f);
                changes[tensor.Name] = (module, false);
            }
        }

        string path = Narrow(lora.Write(Path.Combine(_folder.Path, $"{part}-{rank}.f32.safetensors")), Path.Combine(_folder.Path, $"{part}-{rank}.safetensors"));
        return (path, Merge(part, source, path, changes, strength));
    }

    string Merge(string part, IWeightSource source, string path, Dictionary<string, (string Module, bool Matrix)> changes, float strength)
    {
        using var factors = SafetensorsFile.Open(path);
        var merged = new SafetensorsBuilder();
        foreach (var tensor in source.Tensors)
        {
            float[] values = Values(source, tensor.Name);
            if (changes.TryGetValue(tensor.Name, out var change) && change.Matrix)
            {
                var (down, up) = (Values(factors, $"{change.Module}.lora_down.weight"), Values(factors, $"{change.Module}.lora_up.weight"));
                int columns = (int)tensor.Shape[1];
                int rank = down.Length / columns;
                double factor = strength * (double)Values(factors, $"{change.Module}.alpha")[0] / rank;
                for (int i = 0; i < values.Length; i++)
                {
                    double sum = 0;
                    for (int r = 0; r < rank; r++)
                    {
                        sum += (double)up[(i / columns * rank) + r] * down[(r * columns) + (i % columns)];
                    }

                    values[i] = (float)(values[i] + (factor * sum));
                }
            }
            else if (change.Module is { } module)
            {
                float[] difference = Values(factors, $"{module}.{(tensor.Name.EndsWith(".bias", StringComparison.Ordinal) ? "diff_b" : "diff")}");
                values = [.. values.Zip(difference, (value, d) => (float)(value + ((double)strength * d)))];
            }

            merged.Add(tensor.Name, "F32", [.. tensor.Shape], MemoryMarshal.AsBytes(values.AsSpan()).ToArray());
        }

        return _folder.Write($"{part}.merged.safetensors", merged.ToArray());
    }

    // The published files are in bf16.
    static string Narrow(string from, string to)
    {
        var file = new SafetensorsBuilder();
        using (var source = SafetensorsFile.Open(from))
        {
            foreach (var tensor in source.Tensors)
            {
                var bytes = new byte[DType.BF16.Bytes(tensor.Shape.Aggregate(1L, (a, b) => a * b))];
                Narrowing.Run(DType.BF16, Values(source, tensor.Name), bytes);
                file.Add(tensor.Name, "BF16", [.. tensor.Shape], bytes);
            }
        }

        File.WriteAllBytes(to, file.ToArray());
        return to;
    }

    static float[] Values(IWeightSource source, string name)
    {
        var tensor = source.Find(name)!;
        var bytes = new byte[tensor.Bytes];
        source.Read(tensor, 0, bytes);
        var values = new float[tensor.Shape.Aggregate(1L, (a, b) => a * b)];
        WeightReader.Widen(tensor.Type, bytes, values);
        return values;
    }

    WanTransformer Load(string part, string? file, LoraSet? loras)
    {
        string folder = Path.Combine(_model, part);
        using (loras)
        {
            using var source = file is null ? TransformerModels.Open(folder) : SafetensorsFile.Open(file);
            return WanTransformer.Load(source, TransformerModels.Config(folder), _device, loras, TestContext.Current.CancellationToken);
        }
    }

    // As a job with two experts and no guidance runs its steps: the first on the high-noise expert, then the other.
    float[] Run(Func<WanTransformer> openHigh, Func<WanTransformer> openLow)
    {
        using var high = openHigh();
        using var low = openLow();
        using var scratch = new Workspace(_device);
        using var latent = _device.NewTensor([high.Config.InChannels, 2, 4, 4]);
        using var velocity = _device.NewTensor(latent.Shape);
        using var text = _device.NewTensor([8, high.Config.TextDim]);
        text.CopyFrom(Random(1, (int)text.Count));
        latent.CopyFrom(Random(2, (int)latent.Count));
        using var scheduler = Scheduler.Create(SchedulerKind.Turbo, Steps, flowShift: 5);
        var used = new List<bool>();
        for (int step = 0; step < Steps; step++)
        {
            var model = scheduler.Timesteps[step] >= Boundary ? high : low;
            used.Add(model == high);
            using var context = model.Prepare(text, default, scratch, keepKeyValues: false);
            using var timesteps = TimestepMap.Single(scheduler.Timesteps[step]);
            model.Forward(latent, timesteps, context, velocity, scratch);
            scheduler.Step(step, velocity, latent);
        }

        Assert.Equal([true, true, false, false], used);
        return latent.ToArray();
    }

    static float[] Random(int seed, int count)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() * 2) - 1))];
    }
}
