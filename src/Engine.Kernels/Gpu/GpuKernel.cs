using System.Reflection;
using System.Runtime.CompilerServices;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>One device kernel: a static method that ILGPU compiles, and how it is started. Every kernel is a static field of its operation.</summary>
/// <remarks>
/// Kernels of the portable tier run on CUDA and OpenCL from one source: static shared memory only, barriers only in uniform
/// control flow, and no half type, atomics or warp operations.
/// </remarks>
abstract class GpuKernel
{
    static readonly List<GpuKernel> s_made = [];
    static readonly Lazy<IReadOnlyList<GpuKernel>> s_all = new(FindAll);

    private protected GpuKernel(Type owner, string method, int group, Type[] typeArguments, int minGroups)
    {
        var found = owner.GetMethod(method, BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly)
            ?? throw new MissingMethodException(owner.Name, method);
        Method = typeArguments.Length == 0 ? found : found.MakeGenericMethod(typeArguments);
        Name = $"{owner.Name}.{method}{(typeArguments.Length == 0 ? "" : $"<{string.Join(",", typeArguments.Select(t => t.Name))}>")}";
        Group = group;
        Specialization = new KernelSpecialization(group, minGroups > 0 ? minGroups : null);
        lock (s_made)
        {
            Id = s_made.Count;
            s_made.Add(this);
        }
    }

    /// <summary>Every kernel of the engine; for tests of all of them, dumps and tables.</summary>
    public static IReadOnlyList<GpuKernel> All => s_all.Value;

    /// <summary>Operation and method, e.g. <c>RmsNorm.RowPerGroup</c>.</summary>
    public string Name { get; }

    /// <summary>The method that is compiled.</summary>
    public MethodInfo Method { get; }

    /// <summary>Threads of a group.</summary>
    public int Group { get; }

    /// <summary>What the compiler may count on.</summary>
    public KernelSpecialization Specialization { get; }

    /// <summary>Number of the kernel, by which devices find what they loaded.</summary>
    public int Id { get; }

    /// <summary>Loads the kernel on a device and makes its launcher.</summary>
    internal abstract (Kernel Kernel, Delegate Launcher) Load(Accelerator accelerator);

    static IReadOnlyList<GpuKernel> FindAll()
    {
        foreach (var type in typeof(GpuKernel).Assembly.GetTypes())
        {
            const BindingFlags Statics = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
            if (!type.ContainsGenericParameters && type.GetFields(Statics).Any(f => HoldsKernels(f.FieldType)))
            {
                RuntimeHelpers.RunClassConstructor(type.TypeHandle);
            }
        }

        lock (s_made)
        {
            return [.. s_made.OrderBy(k => k.Name, StringComparer.Ordinal)];
        }
    }

    static bool HoldsKernels(Type type) =>
        typeof(GpuKernel).IsAssignableFrom(type)
        || (type.IsGenericType && type.GetGenericTypeDefinition() == typeof(StoredKernels<>))
        || (type.IsArray && HoldsKernels(type.GetElementType()!))
        || (type.IsGenericType && type.GetGenericArguments().Any(HoldsKernels));
}

/// <summary>A kernel with the type of its launcher.</summary>
/// <typeparam name="TLaunch"><c>Action&lt;AcceleratorStream, KernelConfig, ...&gt;</c> with the method's parameters.</typeparam>
sealed class GpuKernel<TLaunch> : GpuKernel
    where TLaunch : Delegate
{
    /// <summary>Names a kernel; it is compiled when a device first runs it.</summary>
    /// <param name="owner">Type that holds the method.</param>
    /// <param name="method">Name of the static method.</param>
    /// <param name="group">Threads of a group.</param>
    /// <param name="typeArguments">Arguments of a generic method.</param>
    /// <param name="minGroups">Groups that should fit a multiprocessor at a time (CUDA only; limits registers), or 0.</param>
    public GpuKernel(Type owner, string method, int group, Type[]? typeArguments = null, int minGroups = 0)
        : base(owner, method, group, typeArguments ?? [], minGroups)
    {
    }

    /// <summary>The launcher on a device; compiles and loads the kernel on first use.</summary>
    public TLaunch On(GpuDevice device) => (TLaunch)device.Starting(this);

    internal override (Kernel Kernel, Delegate Launcher) Load(Accelerator accelerator)
    {
        var kernel = KernelLoader.Load(accelerator, this);
        return (kernel, kernel.CreateLauncherDelegate<TLaunch>());
    }
}
