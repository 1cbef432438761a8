using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;
using Engine.Model.Transformer;
using Engine.Model.Vae;
using Engine.Model.Weights;

namespace Engine.Runtime.Benchmarks;

/// <summary>Whole parts of a model, loaded from random weights.</summary>
static class ModelWork
{
    const float Timestep = 500;
    const int LargeTextWidth = 2048;

    // Share of the free memory that weights may take; the rest is for activations and the system.
    const double MostResident = 0.85;

    /// <summary>One forward of the transformer.</summary>
    public static Work Transformer(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        var model = request.Model.Transformer;
        string how = Streams(request) ? ", blocks read one by one as they do not fit in memory" : request.FromDisk ? ", read from disk" : "";
        how += request.KeepText ? ", keys and values of the text kept" : "";
        return new Work($"{size}: {size.Tokens} tokens, {model.Layers} blocks of width {model.Width}, {request.Weights}{how}", (device, pieces) =>
        {
            var transformer = pieces.Keep(request.FromDisk && !device.IsDry ? FromDisk(request, device, pieces) : LoadTransformer(request, device));
            var scratch = pieces.Workspace();
            var context = pieces.Keep(Context(request, transformer, scratch, pieces));
            var timesteps = pieces.Keep(TimestepMap.Single(Timestep));
            var latent = pieces.Noise(size.LatentShape(model.InChannels));
            var velocity = pieces.Tensor(size.LatentShape(model.OutChannels));
            return () =>
            {
                var before = transformer.Reading;
                transformer.Forward(latent, timesteps, context, velocity, scratch, (_, _) => pieces.Cancel.ThrowIfCancellationRequested());
                pieces.Read(transformer.Reading.Since(before));
            };
        });
    }

    /// <summary>Decoding a whole clip.</summary>
    public static Work VaeDecode(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        return new Work($"{size}: {size.LatentFrames} latent frames of {size.LatentWidth}x{size.LatentHeight}, {ConvolutionType(request.Weights)}", (device, pieces) =>
        {
            var vae = pieces.Keep(LoadVae(request, device, VaeParts.Decoder));
            var decoder = pieces.Keep(vae.OpenDecoder(size.LatentHeight, size.LatentWidth));
            var latent = pieces.Noise([vae.Config.ZDim, 1, size.LatentHeight, size.LatentWidth]);
            return () =>
            {
                decoder.Reset();
                for (int i = 0; i < size.LatentFrames; i++)
                {
                    decoder.Push(latent, static _ => { });
                }
            };
        });
    }

    /// <summary>Encoding a whole clip.</summary>
    public static Work VaeEncode(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        return new Work($"{size}: to {size.LatentFrames} latent frames of {size.LatentWidth}x{size.LatentHeight}, {ConvolutionType(request.Weights)}", (device, pieces) =>
        {
            var vae = pieces.Keep(LoadVae(request, device, VaeParts.Encoder));
            var encoder = pieces.Keep(vae.OpenEncoder(size.Height, size.Width));
            var first = pieces.Noise([1, size.Height, size.Width, 3]);
            var group = pieces.Noise([vae.Config.TemporalFactor, size.Height, size.Width, 3]);
            var latent = pieces.Tensor([vae.Config.ZDim, 1, size.LatentHeight, size.LatentWidth]);
            return () =>
            {
                encoder.Reset();
                for (int i = 0; i < size.LatentFrames; i++)
                {
                    encoder.Push(i == 0 ? first : group, latent);
                }
            };
        });
    }

    /// <summary>Encoding a prompt of full length.</summary>
    public static Work Text(BenchRequest request)
    {
        var config = request.Model.TextEncoder;
        // UMT5-XXL is streamed, as a job does it; its made-up weights cost about what reading them from a disk would.
        bool resident = config.DModel < LargeTextWidth;
        string how = (resident ? "kept in memory" : "layers read one by one") + (request.FromDisk ? " from disk" : "");
        int tokens = request.Tokens > 0 ? request.Tokens : request.Model.TextLength;
        return new Work($"{tokens} tokens, {config.Layers} layers of width {config.DModel}, {request.Weights}, {how}", (device, pieces) =>
        {
            var random = new RandomWeightSource("random weights", ExpectedTensors.Of(config), request.Weights);
            var file = request.FromDisk && !device.IsDry ? pieces.Keep(new RandomCheckpoint(random, pieces.Cancel)) : null;
            if (file is not null)
            {
                pieces.ReadPlainly(file);
            }

            var source = pieces.Keep(file?.Open() ?? random);
            var encoder = pieces.Keep(new Umt5Encoder(source, config, device, resident));
            var scratch = pieces.Workspace();
            int[] ids = [.. Enumerable.Range(2, tokens)];
            return () =>
            {
                file?.Forget();
                foreach (var embedding in encoder.Encode([ids], scratch, cancel: pieces.Cancel))
                {
                    embedding.Dispose();
                }
            };
        });
    }

    /// <summary>A transformer of random weights in the precision asked for; one that does not fit in memory makes them block by block.</summary>
    public static WanTransformer LoadTransformer(BenchRequest request, Device device)
    {
        var config = request.Model.Transformer;
        if (!device.IsDry && Streams(request))
        {
            return WanTransformer.LoadStreamed(TransformerWeights(request), config, device);
        }

        using var source = TransformerWeights(request);
        var store = new WeightStore(source, device);
        var transformer = WanTransformer.Load(store.Root, config, device);
        store.Complete();
        return transformer;
    }

    /// <summary>The same from a file that was just written; tells how long reading took. One that does not fit is read block by block.</summary>
    static WanTransformer FromDisk(BenchRequest request, Device device, Pieces pieces)
    {
        using var random = TransformerWeights(request);
        var file = pieces.Keep(new RandomCheckpoint(random, pieces.Cancel));
        pieces.ReadPlainly(file);
        file.Forget();
        var config = request.Model.Transformer;
        if (Streams(request))
        {
            return WanTransformer.LoadStreamed(file.Open(), config, device);
        }

        WanTransformer? transformer = null;
        double seconds = BenchClock.Once(() =>
        {
            using var source = file.Open();
            var store = new WeightStore(source, device);
            transformer = WanTransformer.Load(store.Root, config, device);
            store.Complete();
        });
        pieces.Parts.Add(($"load {file.Bytes / 1e9:0.00} GB", seconds));
        return transformer!;
    }

    /// <summary>Half a VAE of random weights.</summary>
    public static WanVae LoadVae(BenchRequest request, Device device, VaeParts parts)
    {
        using var source = new RandomWeightSource("random weights", ExpectedTensors.Of(request.Model.Vae), ConvolutionType(request.Weights));
        return WanVae.Load(source, request.Model.Vae, device, parts);
    }

    /// <summary>An embedded prompt of full length.</summary>
    public static TransformerContext Context(BenchRequest request, WanTransformer transformer, Workspace scratch, Pieces pieces) =>
        transformer.Prepare(pieces.Noise([request.Model.TextLength, request.Model.Transformer.TextDim]), default, scratch, request.KeepText);

    /// <summary>How convolutions' weights are stored beside matrices of that type: their rows fill no blocks, so that GGUF files keep them in f16.</summary>
    public static DType ConvolutionType(DType matrices) => matrices.IsBlockType() ? DType.F16 : matrices;

    static RandomWeightSource TransformerWeights(BenchRequest request) =>
        new("random weights", ExpectedTensors.Of(request.Model.Transformer), request.Weights);

    static bool Streams(BenchRequest request)
    {
        using var source = TransformerWeights(request);
        return source.Tensors.Sum(t => t.Bytes) > MostResident * (Machine.FreeMemoryBytes ?? Machine.MemoryBytes);
    }
}
