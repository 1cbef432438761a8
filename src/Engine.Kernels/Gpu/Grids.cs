using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>Sizes of launches, and where a thread of one begins.</summary>
static class Grids
{
    // Enough to fill any device; longer arrays are walked in strides.
    const long MostGroups = 1 << 16;

    /// <summary>First item of this thread when items are walked in strides.</summary>
    public static long First
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => ((long)Grid.IdxX * Group.DimX) + Group.IdxX;
    }

    /// <summary>Distance from one item of a thread to the next.</summary>
    public static long Stride
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (long)Grid.DimX * Group.DimX;
    }

    /// <summary>One thread for each item, or as many as are useful.</summary>
    public static KernelConfig Linear(long items, int group) =>
        new((int)Math.Clamp((items + group - 1) / group, 1, MostGroups), group);

    /// <summary>One group for each of <paramref name="groups"/> items.</summary>
    public static KernelConfig Groups(int groups, int group) => new(Math.Max(groups, 1), group);
}
