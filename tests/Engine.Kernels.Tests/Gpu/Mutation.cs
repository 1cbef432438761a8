namespace Engine.Kernels.Tests.Gpu;

/// <summary>Changes of a kernel's text, for proof that a check has teeth.</summary>
static class Mutation
{
    /// <summary>How often a text holds another.</summary>
    public static int Count(string text, string part) => text.Split(part).Length - 1;

    /// <summary>Replaces one occurrence; with nothing instead, the whole statement goes.</summary>
    public static string Replace(string ptx, string line, string instead, int index)
    {
        int at = -1;
        for (int i = 0; i <= index; i++)
        {
            at = ptx.IndexOf(line, at + 1, StringComparison.Ordinal);
        }

        int end = instead.Length == 0 ? ptx.IndexOf(';', at) : at + line.Length;
        return ptx[..at] + instead + ptx[end..];
    }
}
