using System.Collections;

namespace Engine.Kernels;

/// <summary>One way to compute an operation.</summary>
/// <param name="Name">What it does, for tests and profiles ("CpuVector", "Reference").</param>
/// <param name="Run">The code.</param>
/// <param name="Supports">True when it can run on this device for this shape.</param>
public sealed record Variant<TKernel>(string Name, TKernel Run, Func<Device, Shape, bool> Supports)
    where TKernel : Delegate;

/// <summary>The variants of one operation by name, whatever their signature.</summary>
public interface IVariantTable
{
    /// <summary>Name of the operation, e.g. "Linear".</summary>
    string Operation { get; }

    /// <summary>Names of the variants, in order of preference.</summary>
    IReadOnlyList<string> Names { get; }

    /// <summary>The only variant that is taken, where it supports the device and shape; null means the first that does.</summary>
    /// <exception cref="ArgumentException">There is no variant of that name.</exception>
    string? Forced { get; set; }
}

/// <summary>The variants of one operation, in order of preference.</summary>
/// <remarks><c>ENGINE_FORCE_&lt;OPERATION&gt;=&lt;name&gt;</c> picks a variant by name wherever it can run, for tests and profiling.</remarks>
public sealed class VariantTable<TKernel> : IVariantTable, IEnumerable<Variant<TKernel>>
    where TKernel : Delegate
{
    readonly List<Variant<TKernel>> _all = [];
    readonly string _operation;
    readonly string _variable;
    readonly string? _forced;
    Variant<TKernel>? _only;

    /// <summary>Makes an empty table.</summary>
    /// <param name="operation">Name of the operation, e.g. "Linear".</param>
    public VariantTable(string operation)
    {
        _operation = operation;
        _variable = $"ENGINE_FORCE_{operation.ToUpperInvariant()}";
        _forced = Environment.GetEnvironmentVariable(_variable);
    }

    /// <inheritdoc/>
    public string Operation => _operation;

    /// <inheritdoc/>
    public IReadOnlyList<string> Names => [.. _all.Select(v => v.Name)];

    /// <inheritdoc/>
    public string? Forced
    {
        get => _only?.Name;
        set => _only = value is null ? null : Find(value) ?? throw Unknown(value);
    }

    /// <summary>Adds the next variant, less preferred than those before it.</summary>
    public void Add(string name, TKernel run, Func<Device, Shape, bool> supports) => _all.Add(new(name, run, supports));

    /// <summary>The variant of that name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public TKernel this[string name] => (Find(name) ?? throw Unknown(name)).Run;

    /// <summary>The first variant that supports the device and shape (or the one asked for by the environment, where it does).</summary>
    /// <exception cref="NotSupportedException">No variant runs there.</exception>
    /// <exception cref="EngineException">The environment names a variant that there is not.</exception>
    public TKernel Pick(Device device, Shape shape)
    {
        if (_only is not null)
        {
            return _only.Supports(device, shape)
                ? Picked(device, _only)
                : throw new NotSupportedException($"{_operation} does not run as {_only.Name} on {device.Name} for shape {shape}.");
        }

        if (!string.IsNullOrEmpty(_forced))
        {
            var forced = Find(_forced) ?? throw new EngineException(ErrorKind.BadRequest, $"{_variable}: {Unknown(_forced).Message}");
            if (forced.Supports(device, shape))
            {
                return Picked(device, forced);
            }
        }

        foreach (var variant in _all)
        {
            if (variant.Supports(device, shape))
            {
                return Picked(device, variant);
            }
        }

        throw new NotSupportedException($"{_operation} has no variant for {device.Name} and shape {shape}.");
    }

    /// <inheritdoc/>
    public IEnumerator<Variant<TKernel>> GetEnumerator() => _all.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    static TKernel Picked(Device device, Variant<TKernel> variant)
    {
        device.Watch?.Pick(variant.Name);
        return variant.Run;
    }

    Variant<TKernel>? Find(string name) => _all.Find(v => string.Equals(v.Name, name, StringComparison.OrdinalIgnoreCase));

    ArgumentException Unknown(string name) =>
        new($"{_operation} has no variant '{name}'; it has {string.Join(", ", _all.Select(v => v.Name))}.");
}
