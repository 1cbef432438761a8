using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Engine.Kernels;

/// <summary>Asks for memory that is needed soon; nothing where the processor has no such instruction.</summary>
static unsafe class CacheHint
{
    const int Line = 16;

    /// <summary>Floats to the second-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void ToSecondLevel(float* at, int count)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        for (; count > 0; count -= Line, at += Line)
        {
            Sse.Prefetch1(at);
        }
    }

    /// <summary>The first <paramref name="width"/> floats (at most 32) of some rows to the first-level cache.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Rows(float* at, nint stride, int rows, int width)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        for (; rows > 0; rows--, at += stride)
        {
            Sse.Prefetch0(at);
            if (width > Line)
            {
                Sse.Prefetch0(at + Line);
            }
        }
    }
}
