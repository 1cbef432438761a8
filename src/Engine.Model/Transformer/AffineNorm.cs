using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Layer norm with a learned gain and bias.</summary>
sealed class AffineNorm : IDisposable
{
    readonly Tensor _gain;
    readonly Tensor _bias;
    readonly float _eps;

    AffineNorm(Tensor gain, Tensor bias, float eps)
    {
        _gain = gain;
        _bias = bias;
        _eps = eps;
    }

    /// <summary>Reads <c>weight</c> and <c>bias</c> below a prefix.</summary>
    public static AffineNorm Load(WeightScope at, int width, float eps) => new(at.Vector("weight", [width]), at.Vector("bias", [width]), eps);

    /// <summary>y = norm(x) * gain + bias, row by row; y may be x.</summary>
    public void Run(Device device, Tensor x, Tensor y) => LayerNorm.Run(device, x, y, _eps, _gain, _bias);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _gain.Dispose();
        _bias.Dispose();
    }
}
