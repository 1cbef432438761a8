using System.Globalization;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Checkpoints;

/// <summary>Lists of tensors without weights, one a line: name, tab, extents joined by x.</summary>
public static class TensorLists
{
    /// <summary>Reads a list; the type is not part of it and is shown as <see cref="DType.F32"/>.</summary>
    /// <exception cref="WeightFileException">A line is not of that form, or a name occurs twice.</exception>
    public static IReadOnlyList<TensorInfo> Read(string path)
    {
        using var file = PositionalFile.Open(path, minimum: 1);
        if (file.Length > JsonFile.MaxBytes)
        {
            throw new WeightFileException(path, $"the list has {file.Length} bytes; at most {JsonFile.MaxBytes} are read.");
        }

        var bytes = new byte[file.Length];
        file.Read(0, bytes);
        var names = new HashSet<string>();
        var tensors = new List<TensorInfo>();
        int number = 0;
        foreach (string line in System.Text.Encoding.UTF8.GetString(bytes).Split('\n'))
        {
            number++;
            string text = line.TrimEnd('\r');
            if (text.Length == 0)
            {
                continue;
            }

            var tensor = Parse(text) ?? throw new WeightFileException(path, $"line {number} is not a name, a tab and extents joined by x (such as 64x3x3).");
            if (!names.Add(tensor.Name))
            {
                throw new WeightFileException(path, $"line {number} names '{Printable.Text(tensor.Name)}' again.");
            }

            tensors.Add(tensor);
        }

        return tensors;
    }

    static TensorInfo? Parse(string line)
    {
        string[] columns = line.Split('\t');
        if (columns.Length != 2 || columns[0].Length == 0)
        {
            return null;
        }

        string[] parts = columns[1].Length == 0 ? [] : columns[1].Split('x');
        var shape = new long[parts.Length];
        try
        {
            long count = 1;
            for (int i = 0; i < parts.Length; i++)
            {
                if (!long.TryParse(parts[i], NumberStyles.None, CultureInfo.InvariantCulture, out shape[i]))
                {
                    return null;
                }

                count = checked(count * shape[i]);
            }

            return new TensorInfo(columns[0], DType.F32, shape, DType.F32.Bytes(count));
        }
        catch (OverflowException)
        {
            return null;
        }
    }
}
