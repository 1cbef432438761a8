using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A change that is kept beside its matrix and applied with it: y += factor * (x down^T) up^T.</summary>
/// <remarks>Both factors stay in their stored precision, as in <see cref="Weight"/>; the factor is <paramref name="up"/>'s scale.</remarks>
/// <param name="down">The first factor [rank, K], or null when <paramref name="up"/> is a whole difference [N, K].</param>
/// <param name="up">The second factor [N, rank].</param>
public sealed class LowRankTerm(Weight? down, Weight up) : IDisposable
{
    /// <summary>Adds the term's part to y, as <see cref="Linear"/> does with <paramref name="output"/>.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="x">Input [M, K].</param>
    /// <param name="y">Output [M, N].</param>
    /// <param name="scratch">Workspace.</param>
    /// <param name="output"><see cref="LinearOutput.Add"/> or <see cref="LinearOutput.AddGated"/>.</param>
    /// <param name="gate">Gates [U, N] for the latter.</param>
    /// <param name="rows">Row of the gates for each row of x, or null.</param>
    public void Run(Device device, Tensor x, Tensor y, Workspace scratch, LinearOutput output, Tensor gate, RowMap? rows)
    {
        if (down is null)
        {
            Linear.Run(device, x, up, default, y, scratch, output: output, gate: gate, rows: rows);
            return;
        }

        using var scope = scratch.Scope();
        var inner = scratch.Take([x.Rows, down.Rows]);
        Linear.Run(device, x, down, default, inner, scratch);
        Linear.Run(device, inner, up, default, y, scratch, output: output, gate: gate, rows: rows);
    }

    /// <summary>Frees the factors.</summary>
    public void Dispose()
    {
        down?.Dispose();
        up.Dispose();
    }
}
