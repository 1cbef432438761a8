using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Names of element types in safetensors files.</summary>
public static class SafetensorsTypes
{
    static readonly Dictionary<string, DType> s_types = new(StringComparer.Ordinal)
    {
        ["F32"] = DType.F32,
        ["BF16"] = DType.BF16,
        ["F16"] = DType.F16,
        ["F8_E4M3"] = DType.F8E4M3,
        ["F8_E5M2"] = DType.F8E5M2,
        ["F64"] = DType.F64,
        ["I64"] = DType.I64,
        ["I32"] = DType.I32,
        ["I16"] = DType.I16,
        ["I8"] = DType.I8,
        ["U64"] = DType.U64,
        ["U32"] = DType.U32,
        ["U16"] = DType.U16,
        ["U8"] = DType.U8,
        ["BOOL"] = DType.Bool,
        ["F8_E8M0"] = DType.F8E8M0,
        ["F4"] = DType.F4,
        ["F6_E2M3"] = DType.F6E2M3,
        ["F6_E3M2"] = DType.F6E3M2,
        ["C64"] = DType.C64,
    };

    static readonly Dictionary<DType, string> s_names = s_types.ToDictionary(pair => pair.Value, pair => pair.Key);

    /// <summary>The type of that name (exact case), or null.</summary>
    public static DType? Parse(string name) => s_types.TryGetValue(name, out var type) ? type : null;

    /// <summary>The name a safetensors file gives to a type, e.g. <c>F8_E4M3</c>; the engine's own name for types it has not.</summary>
    public static string ToSafetensors(this DType type) => s_names.TryGetValue(type, out string? name) ? name : type.ToString();
}
