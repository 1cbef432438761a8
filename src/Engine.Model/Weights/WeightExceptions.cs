using System.Text;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>A weight file that is damaged, hostile, or of a kind the engine does not read.</summary>
public sealed class WeightFileException : EngineException
{
    /// <summary>Makes an error.</summary>
    /// <param name="path">The file.</param>
    /// <param name="problem">What is wrong with it, as the rest of a sentence that starts with the path.</param>
    /// <param name="inner">What caused it.</param>
    public WeightFileException(string path, string problem, Exception? inner = null)
        : base(ErrorKind.BadInput, $"{path}: {problem}", inner)
    {
        Path = path;
        Problem = problem;
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>What is wrong, without the path.</summary>
    public string Problem { get; }
}

/// <summary>A checkpoint whose tensors are not the ones the model expects. Every one of them is listed.</summary>
public sealed class WeightMismatchException : EngineException
{
    internal WeightMismatchException(string path, IReadOnlyList<string> missing, IReadOnlyList<string> extra, IReadOnlyList<string> misfits)
        : base(ErrorKind.BadInput, Describe(path, missing, extra, misfits))
    {
        Missing = missing;
        Extra = extra;
        Misfits = misfits;
    }

    /// <summary>Names the model expects and the checkpoint lacks.</summary>
    public IReadOnlyList<string> Missing { get; }

    /// <summary>Names in the checkpoint that no part of the model asked for.</summary>
    public IReadOnlyList<string> Extra { get; }

    /// <summary>Tensors of the wrong shape or type, each with what was expected and what is there.</summary>
    public IReadOnlyList<string> Misfits { get; }

    static string Describe(string path, IReadOnlyList<string> missing, IReadOnlyList<string> extra, IReadOnlyList<string> misfits)
    {
        var text = new StringBuilder();
        text.Append(path)
            .Append(": the weights do not fit the model: ")
            .Append($"{missing.Count} missing, {extra.Count} not expected, {misfits.Count} of the wrong shape or type.");
        Append(text, "missing", missing);
        Append(text, "not expected", extra);
        Append(text, "wrong", misfits);
        return text.ToString();
    }

    static void Append(StringBuilder text, string what, IReadOnlyList<string> names)
    {
        foreach (string name in names)
        {
            text.Append('\n').Append("  ").Append(what).Append(": ").Append(name);
        }
    }
}
