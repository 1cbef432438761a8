using System.Runtime.CompilerServices;
using ILGPU;

namespace Engine.Kernels.Gpu;

/// <summary>Sums over a group, in an order that depends on the group's size alone.</summary>
static class Reductions
{
    /// <summary>Sum of one value per thread; every thread gets it. All threads of the group must come here.</summary>
    /// <param name="shared">One value per thread of shared memory; may be used again after the call.</param>
    /// <param name="value">This thread's part.</param>
    /// <param name="group">Threads of the group, a power of two.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(ArrayView<float> shared, float value, int group)
    {
        int thread = Group.IdxX;
        shared[thread] = value;
        Group.Barrier();
        for (int half = group >> 1; half > 0; half >>= 1)
        {
            if (thread < half)
            {
                shared[thread] += shared[thread + half];
            }

            Group.Barrier();
        }

        float total = shared[0];
        Group.Barrier();
        return total;
    }
}
