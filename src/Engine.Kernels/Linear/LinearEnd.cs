using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>What <see cref="Linear"/> does with sums on a CUDA device: scale, bias, activation, then the way to y.</summary>
readonly struct LinearEnd : IEnd<LinearEnd>
{
    /// <summary>Factor of each row [M] f32, or 0 for none.</summary>
    public ulong RowScale { get; init; }

    /// <summary>Bias [N] f32, or 0 for none.</summary>
    public ulong Bias { get; init; }

    /// <summary>Gates [U, N] f32, for <see cref="LinearOutput.AddGated"/>.</summary>
    public ulong Gate { get; init; }

    /// <summary>Row of the gates for each row, int, or 0 for row 0.</summary>
    public ulong Map { get; init; }

    /// <summary>Output [M, N] f32.</summary>
    public ulong Y { get; init; }

    /// <summary>Where sums of shares of k go as they are, [splits, M, N] f32, for <see cref="LinearReduce"/>; 0 to end in y.</summary>
    public ulong Partial { get; init; }

    /// <summary>M.</summary>
    public int Rows { get; init; }

    /// <summary>N.</summary>
    public int Width { get; init; }

    /// <summary>Factor of every sum.</summary>
    public float Scale { get; init; }

    /// <summary>An <see cref="Kernels.Activation"/>.</summary>
    public int Activation { get; init; }

    /// <summary>A <see cref="LinearOutput"/>.</summary>
    public int Output { get; init; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Columns(LinearEnd self, int column) =>
        self.Bias == 0 ? default : RowAccess.Load(self.Bias, 0, column, self.Width, true);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(LinearEnd self, int row, int column, F32x4 v, F32x4 columns)
    {
        bool inside = row < self.Rows;
        if (self.Partial != 0)
        {
            ulong slab = self.Partial + ((ulong)Grid.IdxY * (ulong)((long)self.Rows * self.Width * 4));
            RowAccess.Store(slab, row, column, self.Width, v, inside);
            return;
        }

        End(self, row, column, v, columns);
    }

    /// <summary>The way of four whole sums to y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void End(LinearEnd self, int row, int column, F32x4 v, F32x4 columns)
    {
        bool inside = row < self.Rows;
        float scale = self.Scale;
        if (self.RowScale != 0)
        {
            scale *= Asm.LoadFloat(self.RowScale + ((ulong)(uint)row * 4), inside ? 1 : 0);
        }

        v.X = CudaActivation.Apply(self.Activation, (v.X * scale) + columns.X);
        v.Y = CudaActivation.Apply(self.Activation, (v.Y * scale) + columns.Y);
        v.Z = CudaActivation.Apply(self.Activation, (v.Z * scale) + columns.Z);
        v.W = CudaActivation.Apply(self.Activation, (v.W * scale) + columns.W);
        if (self.Output != (int)LinearOutput.Store)
        {
            v = Meet(self, row, column, v, inside);
        }

        RowAccess.Store(self.Y, row, column, self.Width, v, inside);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static F32x4 Meet(LinearEnd self, int row, int column, F32x4 v, bool inside)
    {
        var y = RowAccess.Load(self.Y, row, column, self.Width, inside);
        if (self.Output == (int)LinearOutput.Multiply)
        {
            v.X *= y.X;
            v.Y *= y.Y;
            v.Z *= y.Z;
            v.W *= y.W;
            return v;
        }

        if (self.Output == (int)LinearOutput.AddGated)
        {
            int at = self.Map == 0 ? 0 : (int)Asm.Load4(self.Map + ((ulong)(uint)row * 4), inside ? 1 : 0);
            var gate = RowAccess.Load(self.Gate, at, column, self.Width, inside);
            v.X *= gate.X;
            v.Y *= gate.Y;
            v.Z *= gate.Z;
            v.W *= gate.W;
        }

        v.X += y.X;
        v.Y += y.Y;
        v.Z += y.Z;
        v.W += y.W;
        return v;
    }
}
