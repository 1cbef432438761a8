namespace Engine.Kernels;

/// <content>Every row of a head is a window of the same 2 L - 1 numbers, so rows are copied.</content>
public static unsafe partial class RelativeBias
{
    static void CpuRows(Device device, Tensor table, int length, int maxDistance, Tensor y)
    {
        if (length == 0)
        {
            return;
        }

        // The last row of a head is the first L numbers, the first row the last L of them.
        int heads = table.Columns;
        long headSize = (long)length * length;
        for (int h = 0; h < heads; h++)
        {
            float* head = y.Pointer + (h * headSize);
            float* last = head + headSize - length;
            for (int j = 0; j < length; j++)
            {
                head[j] = table.Pointer[(Bucket(j, table.Rows, maxDistance) * heads) + h];
                last[j] = table.Pointer[(Bucket(j - length + 1, table.Rows, maxDistance) * heads) + h];
            }

            for (int i = 1; i < length - 1; i++)
            {
                float* row = head + ((long)i * length);
                new ReadOnlySpan<float>(last + (length - 1 - i), i).CopyTo(new Span<float>(row, i));
                new ReadOnlySpan<float>(head, length - i).CopyTo(new Span<float>(row + i, length - i));
            }
        }
    }
}
