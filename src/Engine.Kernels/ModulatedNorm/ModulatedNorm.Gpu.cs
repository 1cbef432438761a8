namespace Engine.Kernels;

/// <content>The kernel of <see cref="LayerNorm"/>, whose tables have a row for each token.</content>
public static partial class ModulatedNorm
{
    static void GpuRowPerGroup(Device device, Tensor x, Tensor shift, Tensor scale, RowMap? rows, Tensor y, float eps) =>
        LayerNorm.GpuRows(device, x, scale, gainLess: 1, shift, rows, y, eps);
}
