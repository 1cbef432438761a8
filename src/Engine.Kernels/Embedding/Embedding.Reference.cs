namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Embedding
{
    static void Reference(Device device, Weight table, ReadOnlySpan<int> ids, Tensor y)
    {
        int columns = table.Columns;
        for (int m = 0; m < ids.Length; m++)
        {
            long row = (long)ids[m] * columns;
            float* to = y.Pointer + ((long)m * columns);
            for (int c = 0; c < columns; c++)
            {
                to[c] = Widening.Reference(table.Type, table.Address, row + c) * table.Scale;
            }
        }
    }
}
