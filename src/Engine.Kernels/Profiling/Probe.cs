using System.Globalization;
using System.Reflection;

namespace Engine.Kernels.Profiling;

/// <summary>How to run one operation alone, at any size: for profiles of a variant, benchmarks and checks against the reference.</summary>
/// <remarks>
/// An operation declares its probes in its own folder, as a static property <c>Probes</c>; that is all it takes to be found here. A variant
/// that is added to the operation's table is profiled, benchmarked and checked without another line.
/// </remarks>
public sealed class Probe
{
    static readonly Lazy<IReadOnlyList<Probe>> s_all = new(FindAll);

    readonly Func<ProbeBench, int[], Action> _prepare;

    /// <summary>Declares a probe.</summary>
    /// <param name="name">Name of the operation, as profiles print it.</param>
    /// <param name="form">Extents that make a shape, e.g. <c>ROWSxCOLUMNS</c>.</param>
    /// <param name="shapes">Sizes that models run, the one that is taken by default first.</param>
    /// <param name="table">The operation's variants.</param>
    /// <param name="tolerance">Largest difference from the reference, relative to the largest value.</param>
    /// <param name="prepare">Makes the operands for a shape and returns what runs the operation once.</param>
    internal Probe(string name, string form, string[] shapes, IVariantTable table, double tolerance, Func<ProbeBench, int[], Action> prepare)
    {
        Name = name;
        Form = form;
        Shapes = shapes;
        Table = table;
        Tolerance = tolerance;
        _prepare = prepare;
    }

    /// <summary>Every probe of the engine, by name.</summary>
    public static IReadOnlyList<Probe> All => s_all.Value;

    /// <summary>Name of the operation, as profiles print it.</summary>
    public string Name { get; }

    /// <summary>Extents that make a shape.</summary>
    public string Form { get; }

    /// <summary>Sizes that models run, the one that is taken by default first.</summary>
    public IReadOnlyList<string> Shapes { get; }

    /// <summary>The operation's variants.</summary>
    public IVariantTable Table { get; }

    /// <summary>Largest difference from the reference, relative to the largest value.</summary>
    public double Tolerance { get; }

    /// <summary>The probe of that name, in any case.</summary>
    /// <exception cref="EngineException">There is none; names them all.</exception>
    public static Probe Find(string name) =>
        All.FirstOrDefault(p => string.Equals(p.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new EngineException(ErrorKind.BadRequest, $"There is no operation '{name}'; there are {string.Join(", ", All.Select(p => p.Name))}.");

    /// <summary>Reads a shape of this operation; null means its default.</summary>
    /// <exception cref="EngineException">It has another number of extents, or one of them is not possible.</exception>
    public int[] ParseShape(string? text)
    {
        string[] parts = (text ?? Shapes[0]).Split('x');
        int[] extents = new int[parts.Length];
        bool valid = parts.Length == Form.Split('x').Length;
        for (int i = 0; i < parts.Length; i++)
        {
            valid &= int.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out extents[i]) && extents[i] > 0;
        }

        return valid ? extents : throw new EngineException(ErrorKind.BadRequest, $"'{text}' is not a shape of {Name}; it takes {Form}, such as {Shapes[0]}.");
    }

    /// <summary>Makes operands and returns what runs the operation once.</summary>
    /// <exception cref="EngineException">The operation has no such shape.</exception>
    public Action Prepare(ProbeBench bench, int[] shape)
    {
        try
        {
            return _prepare(bench, shape);
        }
        catch (ArgumentException e)
        {
            throw new EngineException(ErrorKind.BadRequest, $"{Name} has no shape {string.Join('x', shape)} ({Form}): {e.Message}", e);
        }
    }

    static IReadOnlyList<Probe> FindAll()
    {
        const BindingFlags Statics = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
        return
        [
            .. typeof(Probe).Assembly.GetTypes()
                .SelectMany(t => t.GetProperties(Statics))
                .Where(p => p.PropertyType == typeof(Probe[]))
                .SelectMany(p => (Probe[])p.GetValue(null)!)
                .OrderBy(p => p.Name, StringComparer.Ordinal),
        ];
    }
}
