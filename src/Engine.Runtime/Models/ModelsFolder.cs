using Engine.Model.Weights;

namespace Engine.Runtime;

/// <summary>Where a user's models lie: every folder and every weight file in it is one, called as it is.</summary>
public static class ModelsFolder
{
    /// <summary>The environment variable that names the folder.</summary>
    public const string Variable = "ENGINE_MODELS";

    /// <summary>
    /// What <see cref="Variable"/> says, else <c>engine/models</c> in the user's data folder: <c>XDG_DATA_HOME</c> or <c>~/.local/share</c>,
    /// on Windows <c>%LOCALAPPDATA%</c>, on macOS <c>~/Library/Application Support</c>. Null when there is neither. It need not exist.
    /// </summary>
    public static string? Default
    {
        get
        {
            if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named)
            {
                return Path.GetFullPath(named);
            }

            string data = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
            return data.Length == 0 ? null : Path.Combine(data, "engine", "models");
        }
    }

    /// <summary>What lies in the folder, in order of names; hidden entries are left out. Empty where the folder cannot be read.</summary>
    /// <param name="folder">The folder; null means none.</param>
    public static IReadOnlyList<string> Entries(string? folder)
    {
        if (folder is null || !Directory.Exists(folder))
        {
            return [];
        }

        try
        {
            return [.. Directory.EnumerateFileSystemEntries(folder).Where(path => !Path.GetFileName(path).StartsWith('.')).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>Where the model of a name lies, or null.</summary>
    /// <param name="folder">The folder; null means none.</param>
    /// <param name="name">Name of an entry, of a file also without its ending; where no case fits, any case does.</param>
    public static string? Find(string? folder, string name)
    {
        var entries = Entries(folder);
        return Of(StringComparison.Ordinal) ?? Of(StringComparison.OrdinalIgnoreCase);

        string? Of(StringComparison how)
        {
            string? whole = entries.FirstOrDefault(path => Path.GetFileName(path).Equals(name, how));
            string[] bare = whole is not null ? [] : [.. entries.Where(path => WithoutEnding(path).Equals(name, how))];
            return whole ?? (bare.Length == 1 ? bare[0] : null);
        }
    }

    /// <summary>True for a folder, and for a file with the ending of weights.</summary>
    internal static bool MayBeModel(string path) => Directory.Exists(path) || EndingOf(path) is not null;

    static string WithoutEnding(string path) => Path.GetFileName(path) is var name && EndingOf(path) is { } ending ? name[..^ending.Length] : name;

    // The index of a sharded set has the longer of two endings that fit.
    static string? EndingOf(string path) =>
        WeightFiles.Endings.Where(ending => path.EndsWith(ending, StringComparison.OrdinalIgnoreCase)).MaxBy(ending => ending.Length);
}
