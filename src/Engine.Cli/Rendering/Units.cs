namespace Engine.Cli.Rendering;

/// <summary>Numbers as people read them.</summary>
static class Units
{
    /// <summary>Bytes as kB, MB or GB (powers of ten).</summary>
    public static string Bytes(double bytes) => bytes switch
    {
        >= 1e9 => $"{bytes / 1e9:0.00} GB",
        >= 1e6 => $"{bytes / 1e6:0.0} MB",
        >= 1e3 => $"{bytes / 1e3:0.0} kB",
        _ => $"{bytes:0} bytes",
    };

    /// <summary>Seconds, or minutes and hours where those read better.</summary>
    public static string Duration(TimeSpan time) => time.TotalSeconds switch
    {
        < 10 => $"{time.TotalSeconds:0.0} s",
        < 120 => $"{time.TotalSeconds:0} s",
        < 7200 => $"{(int)time.TotalMinutes} min {time.Seconds:00} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes:00} min",
    };
}
