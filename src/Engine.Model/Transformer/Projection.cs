using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>A linear layer with bias, as <c>nn.Linear</c> stores it: weight [N, K] in stored precision, bias [N] in f32.</summary>
sealed class Projection : IDisposable
{
    readonly Weight _weight;
    readonly Tensor _bias;

    Projection(Weight weight, Tensor bias)
    {
        _weight = weight;
        _bias = bias;
    }

    /// <summary>N.</summary>
    public int Outputs => _weight.Rows;

    /// <summary>K.</summary>
    public int Inputs => _weight.Columns;

    /// <summary>Reads <c>weight</c> and <c>bias</c> below a prefix.</summary>
    public static Projection Load(WeightScope at, int outputs, int inputs) => Load(at, [outputs, inputs]);

    /// <summary>Reads a weight of any rank whose first extent is N; a convolution over whole patches is one such.</summary>
    public static Projection Load(WeightScope at, Shape stored) => new(at.Matrix("weight", stored), at.Vector("bias", [stored[0]]));

    /// <summary>y meets activation(x w^T + bias) as <paramref name="output"/> says; see <see cref="Linear"/>.</summary>
    public void Run(
        Device device,
        Tensor x,
        Tensor y,
        Workspace scratch,
        Activation activation = Activation.None,
        LinearOutput output = LinearOutput.Store,
        Tensor gate = default,
        RowMap? rows = null) =>
        Linear.Run(device, x, _weight, _bias, y, scratch, activation, output, gate, rows);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _weight.Dispose();
        _bias.Dispose();
    }
}
