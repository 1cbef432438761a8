namespace Engine.Model.Weights;

/// <summary>Makes text from a file fit to be shown.</summary>
static class Printable
{
    /// <summary>The text without control characters (a terminal would obey them), cut to <paramref name="limit"/> characters.</summary>
    public static string Text(string text, int limit = 200)
    {
        string cut = text.Length <= limit ? text : string.Concat(text.AsSpan(0, limit), "...");
        return cut.AsSpan().ContainsAnyInRange('\0', '\u001f') || cut.AsSpan().ContainsAnyInRange('\u007f', '\u009f')
            ? string.Concat(cut.Select(c => char.IsControl(c) ? '?' : c))
            : cut;
    }
}
