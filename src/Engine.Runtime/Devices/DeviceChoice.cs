using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Engine.Kernels;

namespace Engine.Runtime;

/// <summary>Where to run: <c>auto</c>, <c>cpu</c>, <c>cuda:N</c> or <c>opencl:N</c>.</summary>
public readonly record struct DeviceChoice
{
    /// <summary>What <see cref="Parse"/> takes, in words.</summary>
    public const string Forms = "auto, cpu, cuda:N, cuda:N:reduced or opencl:N (N counts from 0)";

    const int MaxIndex = 255;

    const string ReducedName = "reduced";

    DeviceChoice(DeviceKind kind, int index, bool reduced = false)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(index, MaxIndex);
        Kind = kind;
        Index = index;
        Reduced = reduced;
    }

    /// <summary>The device that a short measurement finds the fastest; which one it is, is said.</summary>
    public static DeviceChoice Auto => default;

    /// <summary>The host's cores.</summary>
    public static DeviceChoice Cpu { get; } = new(DeviceKind.Cpu, 0);

    /// <summary>Through what the device is driven; null means <see cref="Auto"/>.</summary>
    public DeviceKind? Kind { get; }

    /// <summary>Which of the devices of that kind, from 0.</summary>
    public int Index { get; }

    /// <summary>True when an NVIDIA device's tensor cores may round operands to 16 bits: faster, within the goldens' reduced tolerance.</summary>
    public bool Reduced { get; }

    /// <summary>True when a measurement decides.</summary>
    public bool IsAuto => Kind is null;

    /// <summary>An NVIDIA device.</summary>
    /// <param name="index">Which one, in the driver's order, from 0.</param>
    /// <param name="reduced">See <see cref="Reduced"/>.</param>
    public static DeviceChoice Cuda(int index = 0, bool reduced = false) => new(DeviceKind.Cuda, index, reduced);

    /// <summary>A device of any OpenCL driver.</summary>
    /// <param name="index">Which one, from 0.</param>
    public static DeviceChoice OpenCl(int index = 0) => new(DeviceKind.OpenCl, index);

    /// <summary>The choice of that name, or null; <c>cuda</c> and <c>opencl</c> alone mean the first of theirs.</summary>
    public static DeviceChoice? TryParse(string? name)
    {
        string[] parts = (name ?? "").ToLowerInvariant().Split(':');
        int index = 0;
        bool reduced = parts is ["cuda", _, ReducedName];
        parts = reduced ? parts[..2] : parts;
        if (parts.Length > 2 || (parts.Length == 2 && !(int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out index) && index <= MaxIndex)))
        {
            return null;
        }

        return (parts[0], parts.Length) switch
        {
            ("auto", 1) => Auto,
            ("cpu", 1) => Cpu,
            ("cuda", _) => Cuda(index, reduced),
            ("opencl", _) => OpenCl(index),
            _ => null,
        };
    }

    /// <summary>The choice of that name.</summary>
    /// <exception cref="RequestException">There is no such name. Whether there is such a device shows when it is opened.</exception>
    public static DeviceChoice Parse(string name) =>
        TryParse(name) ?? throw new RequestException("device", $"'{name}' is not a device; it takes {Forms}.");

    /// <summary>The name, as <see cref="Parse"/> takes it.</summary>
    public override string ToString() => Kind switch
    {
        null => "auto",
        DeviceKind.Cpu => "cpu",
        DeviceKind.Cuda => $"cuda:{Index}{(Reduced ? $":{ReducedName}" : "")}",
        _ => $"opencl:{Index}",
    };
}

sealed class DeviceChoiceJson : JsonConverter<DeviceChoice>
{
    public override DeviceChoice Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.String && DeviceChoice.TryParse(reader.GetString()) is { } choice ? choice : throw new JsonException();

    public override void Write(Utf8JsonWriter writer, DeviceChoice value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
}
