namespace Engine.Testing;

/// <summary>Where things are in the checkout that the tests run from.</summary>
public static class Repository
{
    /// <summary>The folder that holds <c>Engine.sln</c>.</summary>
    public static string Root { get; } = Find();

    /// <summary>The golden cases, <c>tests/goldens</c>.</summary>
    public static string Goldens => Path.Combine(Root, "tests", "goldens");

    /// <summary>The built-in model, <c>weights/builtin</c>.</summary>
    public static string BuiltinModel => Path.Combine(Root, "weights", "builtin");

    static string Find()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Engine.sln")))
            {
                return at.FullName;
            }
        }

        throw new DirectoryNotFoundException($"No Engine.sln above {AppContext.BaseDirectory}; run the tests from a checkout.");
    }
}
