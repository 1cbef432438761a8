using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>A linear layer with bias, as <c>nn.Linear</c> stores it: weight [N, K] in stored precision, bias [N] in f32.</summary>
sealed class Projection : IDisposable
{
    readonly Weight _weight;
    readonly Tensor _bias;
    readonly LowRankTerm[] _terms;

    Projection(Weight weight, Tensor bias, LowRankTerm[] terms)
    {
        _weight = weight;
        _bias = bias;
        _terms = terms;
    }

    /// <summary>N.</summary>
    public int Outputs => _weight.Rows;

    /// <summary>K.</summary>
    public int Inputs => _weight.Columns;

    /// <summary>Reads <c>weight</c> and <c>bias</c> below a prefix.</summary>
    public static Projection Load(WeightScope at, int outputs, int inputs) => Load(at, [outputs, inputs]);

    /// <summary>Reads a weight of any rank whose first extent is N; a convolution over whole patches is one such.</summary>
    public static Projection Load(WeightScope at, Shape stored) => new(at.Matrix("weight", stored), at.Vector("bias", [stored[0]]), at.Terms("weight"));

    /// <summary>y meets activation(x w^T + bias) as <paramref name="output"/> says; see <see cref="Linear"/>.</summary>
    public void Run(
        Device device,
        Tensor x,
        Tensor y,
        Workspace scratch,
        Activation activation = Activation.None,
        LinearOutput output = LinearOutput.Store,
        Tensor gate = default,
        RowMap? rows = null)
    {
        if (_terms.Length == 0)
        {
            Linear.Run(device, x, _weight, _bias, y, scratch, activation, output, gate, rows);
            return;
        }

        if (activation != Activation.None && output != LinearOutput.Store)
        {
            throw new NotSupportedException("A layer with changes beside its weights activates only what it stores.");
        }

        // The sum is complete before it is activated; a stored result is one that the terms are added to.
        Linear.Run(device, x, _weight, _bias, y, scratch, Activation.None, output, gate, rows);
        foreach (var term in _terms)
        {
            term.Run(device, x, y, scratch, output == LinearOutput.Store ? LinearOutput.Add : output, gate, rows);
        }

        Elementwise.Activate(device, y, activation);
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        Array.ForEach(_terms, term => term.Dispose());
        _weight.Dispose();
        _bias.Dispose();
    }
}
