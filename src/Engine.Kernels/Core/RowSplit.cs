namespace Engine.Kernels;

/// <summary>Cuts a number of rows into parts by size alone, so that results never depend on the number of threads.</summary>
readonly struct RowSplit
{
    // Below this a part is over before another thread has woken up to help.
    const long LeastWork = 1 << 15;
    const int MostParts = 64;

    readonly int _rows;

    /// <summary>Cuts <paramref name="rows"/> rows of <paramref name="workPerRow"/> values (or as much work) each.</summary>
    public RowSplit(int rows, long workPerRow)
    {
        _rows = rows;
        Parts = (int)Math.Clamp(rows * workPerRow / LeastWork, 1, Math.Max(1, Math.Min(rows, MostParts)));
    }

    /// <summary>Number of parts; 1 when the work is small.</summary>
    public int Parts { get; }

    /// <summary>First row of a part.</summary>
    public int Start(int part) => (int)((long)_rows * part / Parts);

    /// <summary>Row after the last one of a part.</summary>
    public int End(int part) => (int)((long)_rows * (part + 1) / Parts);
}
