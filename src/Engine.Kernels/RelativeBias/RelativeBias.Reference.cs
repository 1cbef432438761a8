namespace Engine.Kernels;

/// <content>The specification.</content>
public static unsafe partial class RelativeBias
{
    static void Reference(Device device, Tensor table, int length, int maxDistance, Tensor y)
    {
        int heads = table.Columns;
        for (int h = 0; h < heads; h++)
        {
            for (int i = 0; i < length; i++)
            {
                for (int j = 0; j < length; j++)
                {
                    int bucket = Bucket(j - i, table.Rows, maxDistance);
                    y.Pointer[(((long)h * length) + i) * length + j] = table.Pointer[(bucket * heads) + h];
                }
            }
        }
    }
}
