namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class Modulation
{
    static void Reference(Device device, Tensor table, Tensor time, Tensor y)
    {
        int columns = table.Columns;
        for (int j = 0; j < table.Rows; j++)
        {
            for (int u = 0; u < time.Rows; u++)
            {
                for (int c = 0; c < columns; c++)
                {
                    int from = IsShared(table, time) ? c : (j * columns) + c;
                    y.Pointer[(((long)j * time.Rows) + u) * columns + c] =
                        table.Pointer[((long)j * columns) + c] + time.Pointer[((long)u * time.Columns) + from];
                }
            }
        }
    }
}
