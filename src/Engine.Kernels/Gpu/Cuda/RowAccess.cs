using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Four neighbouring f32 values of a row-major matrix: one access where rows are 16-byte aligned, else one by one.</summary>
static class RowAccess
{
    /// <summary>Loads them; what lies beyond the row, or in a row outside, is zero.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Load(ulong matrix, int row, int column, int width, bool inside)
    {
        ulong at = matrix + ((((ulong)(uint)row * (uint)width) + (uint)column) * 4);
        int left = inside ? width - column : 0;
        if ((width & 3) == 0)
        {
            return Asm.LoadFloats(at, left > 0 ? 1 : 0);
        }

        F32x4 v;
        v.X = Asm.LoadFloat(at, left > 0 ? 1 : 0);
        v.Y = Asm.LoadFloat(at + 4, left > 1 ? 1 : 0);
        v.Z = Asm.LoadFloat(at + 8, left > 2 ? 1 : 0);
        v.W = Asm.LoadFloat(at + 12, left > 3 ? 1 : 0);
        return v;
    }

    /// <summary>Stores those that lie inside.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong matrix, int row, int column, int width, F32x4 v, bool inside)
    {
        ulong at = matrix + ((((ulong)(uint)row * (uint)width) + (uint)column) * 4);
        int left = inside ? width - column : 0;
        if ((width & 3) == 0)
        {
            Asm.StoreFloats(at, v, left > 0 ? 1 : 0);
            return;
        }

        Asm.StoreFloat(at, v.X, left > 0 ? 1 : 0);
        Asm.StoreFloat(at + 4, v.Y, left > 1 ? 1 : 0);
        Asm.StoreFloat(at + 8, v.Z, left > 2 ? 1 : 0);
        Asm.StoreFloat(at + 12, v.W, left > 3 ? 1 : 0);
    }
}
