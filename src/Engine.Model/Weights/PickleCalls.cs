using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>The only names a weight pickle may refer to, and what they make. None of them runs anything.</summary>
static class PickleCalls
{
    // Far above the rank of any weight.
    const int MaxRank = 32;

    static readonly PickleGlobal s_orderedDict = new("collections", "OrderedDict");
    static readonly PickleGlobal s_tensor = new("torch._utils", "_rebuild_tensor_v2");
    static readonly PickleGlobal s_parameter = new("torch._utils", "_rebuild_parameter");
    static readonly PickleGlobal s_size = new("torch", "Size");

    static readonly Dictionary<PickleGlobal, DType> s_storages = new()
    {
        [new("torch", "FloatStorage")] = DType.F32,
        [new("torch", "BFloat16Storage")] = DType.BF16,
        [new("torch", "HalfStorage")] = DType.F16,
        [new("torch", "DoubleStorage")] = DType.F64,
        [new("torch", "LongStorage")] = DType.I64,
        [new("torch", "IntStorage")] = DType.I32,
        [new("torch", "ShortStorage")] = DType.I16,
        [new("torch", "CharStorage")] = DType.I8,
        [new("torch", "ByteStorage")] = DType.U8,
        [new("torch", "BoolStorage")] = DType.Bool,
    };

    /// <summary>True for the names that may occur.</summary>
    public static bool IsKnown(PickleGlobal global) =>
        s_storages.ContainsKey(global) || global == s_orderedDict || global == s_tensor || global == s_parameter || global == s_size;

    /// <summary>A storage from its persistent id: ('storage', type, key, device, count).</summary>
    public static PickleStorage Storage(string path, object? id) =>
        id is PickleTuple { Items: ["storage", PickleGlobal type, string key, string, long count] }
            && s_storages.TryGetValue(type, out var values)
            && count >= 0
            ? new PickleStorage(key, values, count)
            : throw Bad(path, "a storage is not described as torch describes one");

    /// <summary>What a call makes.</summary>
    public static object? Call(string path, PickleGlobal callee, object?[] arguments)
    {
        if (callee == s_orderedDict)
        {
            return arguments is [] ? new PickleDict() : throw Bad(path, "an OrderedDict is made with arguments");
        }

        if (callee == s_size)
        {
            return arguments is [PickleTuple size] ? size : throw Bad(path, "a Size is not made of one tuple");
        }

        if (callee == s_parameter)
        {
            return arguments is [PickleTensor tensor, bool, PickleDict] ? tensor : throw Bad(path, "a parameter is not made of a tensor");
        }

        return callee == s_tensor ? Tensor(path, arguments) : throw Bad(path, $"{callee} is called");
    }

    // (storage, offset, shape, strides, requires_grad, backward_hooks[, metadata])
    static PickleTensor Tensor(string path, object?[] arguments)
    {
        if (arguments is not [PickleStorage storage, long offset, PickleTuple shape, PickleTuple strides, bool, PickleDict, ..] || arguments.Length > 7)
        {
            throw Bad(path, "a tensor is not described as torch describes one");
        }

        long[] extents = Numbers(path, shape);
        long[] steps = Numbers(path, strides);
        return extents.Length == steps.Length && offset >= 0
            ? new PickleTensor(storage, offset, extents, steps)
            : throw Bad(path, "a tensor has a negative offset, or not as many strides as extents");
    }

    static long[] Numbers(string path, PickleTuple tuple)
    {
        if (tuple.Items.Length > MaxRank)
        {
            throw Bad(path, $"a tensor has {tuple.Items.Length} axes; at most {MaxRank} are read");
        }

        return Array.ConvertAll(
            tuple.Items, item => item is long and >= 0 ? (long)item : throw Bad(path, "an extent or a stride is not a whole number of 0 or more"));
    }

    static WeightFileException Bad(string path, string problem) => new(path, $"this torch file cannot be read: {problem}.");
}
