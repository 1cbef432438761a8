namespace Engine.Cli.Parsing;

/// <summary>Finds the name that a mistyped one was meant to be.</summary>
static class Nearest
{
    /// <summary>The known name with the fewest edits, or null when none is near.</summary>
    public static string? To(string typed, IEnumerable<string> known)
    {
        string? best = null;
        int fewest = Math.Max(2, typed.Trim('-').Length / 3) + 1;
        foreach (string name in known)
        {
            int edits = Edits(typed, name);
            if (edits < fewest)
            {
                (best, fewest) = (name, edits);
            }
        }

        return best;
    }

    // Levenshtein distance, two rows.
    static int Edits(string a, string b)
    {
        int[] above = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] row = new int[b.Length + 1];
            row[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int swap = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                row[j] = Math.Min(swap, Math.Min(row[j - 1], above[j]) + 1);
            }

            above = row;
        }

        return above[b.Length];
    }
}
