namespace Engine.Model;

/// <summary>Where the engine keeps what it can make again.</summary>
public static class CacheFolder
{
    /// <summary>A folder of the user's cache: below <c>XDG_CACHE_HOME</c>, or <c>~/.cache</c>; null when there is neither. It need not exist.</summary>
    /// <param name="name">What is kept there.</param>
    public static string? Of(string name)
    {
        string? root = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
        if (string.IsNullOrEmpty(root) || !Path.IsPathRooted(root))
        {
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            root = string.IsNullOrEmpty(home) ? null : Path.Combine(home, ".cache");
        }

        return root is null ? null : Path.Combine(root, "engine", name);
    }
}
