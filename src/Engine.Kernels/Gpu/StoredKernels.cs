namespace Engine.Kernels.Gpu;

/// <summary>One kernel in as many forms as there are types of weights.</summary>
/// <typeparam name="TLaunch">As of <see cref="GpuKernel{TLaunch}"/>.</typeparam>
sealed class StoredKernels<TLaunch>
    where TLaunch : Delegate
{
    readonly GpuKernel<TLaunch>?[] _forms = new GpuKernel<TLaunch>?[Enum.GetValues<DType>().Length];

    /// <summary>Names the kernels.</summary>
    /// <param name="owner">Type that holds the method.</param>
    /// <param name="method">A method that is generic in an <see cref="IStored"/>.</param>
    /// <param name="group">Threads of a group.</param>
    /// <param name="minGroups">As of <see cref="GpuKernel{TLaunch}"/>.</param>
    public StoredKernels(Type owner, string method, int group, int minGroups = 0)
    {
        foreach (var type in Enum.GetValues<DType>().Where(t => t.IsWeightType()))
        {
            _forms[(int)type] = new GpuKernel<TLaunch>(owner, method, group, [Reader(type)], minGroups);
        }
    }

    /// <summary>The form for a type of weights.</summary>
    public GpuKernel<TLaunch> this[DType type] => _forms[(int)type] ?? throw new NotSupportedException($"{type} is not a weight type.");

    static Type Reader(DType type) => type switch
    {
        DType.F32 => typeof(StoredF32),
        DType.BF16 => typeof(StoredBf16),
        DType.F16 => typeof(StoredF16),
        DType.F8E4M3 => typeof(StoredE4M3),
        DType.F8E5M2 => typeof(StoredE5M2),
        DType.Q4_0 => typeof(StoredQ40),
        DType.Q4_1 => typeof(StoredQ41),
        DType.Q5_0 => typeof(StoredQ50),
        DType.Q5_1 => typeof(StoredQ51),
        DType.Q8_0 => typeof(StoredQ80),
        DType.Q2_K => typeof(StoredQ2K),
        DType.Q3_K => typeof(StoredQ3K),
        DType.Q4_K => typeof(StoredQ4K),
        DType.Q5_K => typeof(StoredQ5K),
        DType.Q6_K => typeof(StoredQ6K),
        _ => throw new NotSupportedException($"No kernel reads {type}."),
    };
}
