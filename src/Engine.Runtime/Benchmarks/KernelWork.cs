using Engine.Kernels;

namespace Engine.Runtime.Benchmarks;

/// <summary>Single operations at the sizes that a model runs them.</summary>
static class KernelWork
{
    /// <summary>The feed-forward network's first layer over all tokens.</summary>
    public static Work Gemm(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        var model = request.Model.Transformer;
        return new Work($"x [{size.Tokens}, {model.Width}] times w [{model.FfnDim}, {model.Width}] {request.Weights}, GELU", (device, pieces) =>
        {
            var x = pieces.Noise([size.Tokens, model.Width]);
            var w = pieces.RandomWeight(request.Weights, model.FfnDim, model.Width);
            var bias = pieces.Noise([model.FfnDim]);
            var y = pieces.Tensor([size.Tokens, model.FfnDim]);
            var scratch = pieces.Workspace();
            return () => Linear.Run(device, x, w, bias, y, scratch, Activation.GeluTanh);
        });
    }

    /// <summary>Self-attention over all tokens.</summary>
    public static Work Attention(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        var model = request.Model.Transformer;
        return new Work($"{size.Tokens} tokens, {model.Heads} heads of {model.HeadDim}", (device, pieces) =>
        {
            Shape shape = [size.Tokens, model.Width];
            var (q, k, v, y) = (pieces.Noise(shape), pieces.Noise(shape), pieces.Noise(shape), pieces.Tensor(shape));
            var scratch = pieces.Workspace();
            float scale = 1 / MathF.Sqrt(model.HeadDim);
            return () => Kernels.Attention.Run(device, q, k, v, y, model.Heads, scale, scratch);
        });
    }

    /// <summary>The decoder's causal convolution at full resolution, one frame with its two earlier ones.</summary>
    public static Work Convolution(BenchRequest request)
    {
        var size = BenchSize.Of(request);
        var vae = request.Model.Vae;
        int channels = vae.DecoderBaseDim * vae.DimMult[0];
        int height = size.Height / vae.PatchSize;
        int width = size.Width / vae.PatchSize;
        return new Work($"one frame of {width}x{height}, 3x3x3, {channels} to {channels} channels, {ModelWork.ConvolutionType(request.Weights)}", (device, pieces) =>
        {
            Plane NewPlane() => new(pieces.Noise(Plane.ShapeOf(height, width, channels, border: 1)), border: 1);
            var input = new ConvInput(NewPlane(), NewPlane(), NewPlane());
            var output = NewPlane();
            var bias = pieces.Noise([channels]);
            using var stored = pieces.RandomWeight(ModelWork.ConvolutionType(request.Weights), channels, channels * 27);
            var weight = pieces.Keep(ConvWeight.Pack(device, stored, bias, ConvKind.Causal));
            var scratch = pieces.Workspace();
            return () => Kernels.Convolution.Run(device, input, weight, output, scratch);
        });
    }
}
