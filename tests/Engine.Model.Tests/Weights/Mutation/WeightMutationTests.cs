using System.Text;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights.Mutation;

/// <summary>Damaged and hostile weight files: a few thousand in every run, a hundred thousand under the category Slow.</summary>
public sealed class WeightMutationTests(ITestOutputHelper output)
{
    [Fact]
    public void Safetensors() => TrySafetensors(count: 2_000, seed: 1);

    [Fact]
    public void Torch() => TryTorch(count: 2_000, seed: 2);

    [Fact]
    public void Gguf() => TryGguf(count: 500, seed: 3);

    [Fact]
    public void Lists_and_configurations() => TryTexts(count: 500, seed: 4);

    [Fact]
    [Trait("Category", "Slow")]
    public void Safetensors_at_length() => TrySafetensors(count: 60_000, seed: 11);

    [Fact]
    [Trait("Category", "Slow")]
    public void Torch_at_length() => TryTorch(count: 50_000, seed: 12);

    [Fact]
    [Trait("Category", "Slow")]
    public void Gguf_at_length() => TryGguf(count: 10_000, seed: 13);

    [Fact]
    [Trait("Category", "Slow")]
    public void Lists_and_configurations_at_length() => TryTexts(count: 10_000, seed: 14);

    void TrySafetensors(int count, int seed)
    {
        var mutator = new Mutator(seed);
        byte[][] seeds =
        [
            new SafetensorsBuilder().ToArray(),
            new SafetensorsBuilder().Metadata("""{"format":"pt","by":"test"}""").Add("a", "F32", [2, 3], new byte[24]).Add("b", "F4", [2, 4], new byte[4]).ToArray(),
            new SafetensorsBuilder().Add("x", "U8", [], [1]).Add("y", "I64", [0, 5], []).Add("z", "BF16", [3], new byte[6]).Add("w", "C64", [1], new byte[8]).ToArray(),
            Small(KnownTiny()),
        ];
        new MutationRun("safetensors", output).Run(
            count,
            i => i % 3 == 0 ? mutator.Bytes(seeds[mutator.Next(seeds.Length)]) : mutator.Header(seeds[mutator.Next(seeds.Length)]),
            path =>
            {
                using var file = SafetensorsFile.Open(path);
                SafetensorsRules.Check(File.ReadAllBytes(path), file.Tensors);
                ReadAll(file);
                Inspection.Of(path, heads: 2);
            });
    }

    void TryTorch(int count, int seed)
    {
        var mutator = new Mutator(seed);
        var builder = new TorchBuilder().Storage("0", new byte[32]).Storage("1", new byte[8])
            .Tensor("conv1.weight", "FloatStorage", "0", 8, 2, [1, 2, 3], [6, 3, 1])
            .Tensor("b", "BFloat16Storage", "1", 4, 0, [4], [1])
            .Tensor("c", "LongStorage", "1", 1, 0, [], []);
        byte[] whole = builder.ToArray();
        byte[] code = builder.Pickle();

        // Two of three are damaged inside the pickle and packed again, so that no checksum stops them.
        Func<int, byte[]> mutant = i => i % 3 == 0 ? mutator.Bytes(whole) : builder.Pack(mutator.Bytes(code));
        new MutationRun("torch", output).Run(
            count,
            mutant,
            path =>
            {
                using var file = TorchFile.Open(path);
                foreach (var tensor in file.Tensors)
                {
                    Assert.Equal(tensor.Shape.Aggregate((long)tensor.Type.Bits() / 8, (product, extent) => product * extent), tensor.Bytes);
                    Assert.InRange(tensor.Bytes, 0, new FileInfo(path).Length);
                }

                ReadAll(file);
                ModelIdentity.Identify(file.Tensors);
            });
    }

    void TryGguf(int count, int seed)
    {
        var mutator = new Mutator(seed);
        byte[] whole = File.ReadAllBytes(Path.Combine(Engine.Testing.Repository.Goldens, "models", "single-files", "blocks.gguf"));
        new MutationRun("gguf", output).Run(count, _ => mutator.Bytes(whole), path =>
        {
            using var file = GgufFile.Open(path);
            ReadAll(file);
        });
    }

    void TryTexts(int count, int seed)
    {
        var mutator = new Mutator(seed);
        string models = Path.Combine(Engine.Testing.Repository.Goldens, "models", "wan22-ti2v-5b");
        byte[] list = Encoding.UTF8.GetBytes(string.Join('\n', KnownTiny().Select(t => $"{t.Name}\t{string.Join('x', t.Shape.ToArray())}")));
        (byte[] Seed, Action<string> Open)[] kinds =
        [
            (list, path => ModelIdentity.Identify(TensorLists.Read(path), heads: 2)),
            (File.ReadAllBytes(Path.Combine(models, "transformer", "config.json")), path => Configs.Transformer(path)),
            (File.ReadAllBytes(Path.Combine(models, "vae", "config.json")), path => Configs.Vae(path)),
            (File.ReadAllBytes(Path.Combine(models, "text_encoder", "config.json")), path => Configs.TextEncoder(path)),
            (File.ReadAllBytes(Path.Combine(models, "scheduler", "scheduler_config.json")), path => Configs.Scheduler(path)),
            ("""{"weight_map":{"a":"b.safetensors"}}"""u8.ToArray(), path => ShardedSource.Open(path).Dispose()),
        ];
        foreach (var (bytes, open) in kinds)
        {
            new MutationRun("text", output).Run(count / kinds.Length, _ => mutator.Bytes(bytes), open);
        }
    }

    static void ReadAll(IWeightSource source)
    {
        foreach (var tensor in source.Tensors)
        {
            source.Read(tensor, 0, new byte[tensor.Bytes]);
        }
    }

    static IReadOnlyList<(string Name, Shape Shape)> KnownTiny() => ExpectedTensors.Of(KnownModels.T2V13B with
    {
        InChannels = 2,
        OutChannels = 2,
        Heads = 2,
        HeadDim = 6,
        FfnDim = 4,
        Layers = 1,
        FreqDim = 2,
        TextDim = 3,
    });

    static byte[] Small(IEnumerable<(string Name, Shape Shape)> tensors)
    {
        var file = new SafetensorsBuilder();
        foreach (var (name, shape) in tensors)
        {
            file.Add(name, "U8", Array.ConvertAll(shape.ToArray(), extent => (long)extent), new byte[shape.Count]);
        }

        return file.ToArray();
    }
}
