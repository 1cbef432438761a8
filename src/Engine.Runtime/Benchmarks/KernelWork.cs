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
}
