namespace Engine.Kernels;

/// <summary>Between a latent video and its patches: one row per patch, in the order t, h, w.</summary>
/// <remarks>
/// latent: [C, T, H, W] f32; a patch is (pt, ph, pw) latent positions; L = (T/pt) (H/ph) (W/pw) rows.
/// <see cref="Gather"/> orders a row as a convolution's weights are, [C, pt, ph, pw];
/// <see cref="Scatter"/> reads rows ordered [pt, ph, pw, C], as the output projection makes them.
/// Cost: reads and writes every value once.  Exact.
/// </remarks>
public static partial class Patches
{
    internal delegate void Kernel(Device device, Tensor latent, Tensor rows, (int T, int H, int W) patch);

    // Order is preference. ENGINE_FORCE_GATHER / ENGINE_FORCE_SCATTER=<name> overrides it in tests and profiling.
    internal static readonly VariantTable<Kernel> Gathers = new("Gather")
    {
        { "CpuRows", CpuGather, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuGather, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceGather, (d, _) => d.IsCpu },
    };

    internal static readonly VariantTable<Kernel> Scatters = new("Scatter")
    {
        { "CpuRows", CpuScatter, (d, _) => d.IsCpu },
        { "GpuValuePerThread", GpuScatter, (d, _) => d.Kind != DeviceKind.Cpu },
        { "Reference", ReferenceScatter, (d, _) => d.IsCpu },
    };

    /// <summary>Cuts a latent into patches.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="latent">Input [C, T, H, W], divisible by the patch.</param>
    /// <param name="patch">Extents of a patch.</param>
    /// <param name="rows">Output [L, C pt ph pw].</param>
    public static void Gather(Device device, Tensor latent, (int T, int H, int W) patch, Tensor rows)
    {
        Check(nameof(Gather), latent, patch, rows);
        if (!device.Skips(nameof(Gather), 0, 8.0 * latent.Count))
        {
            Gathers.Pick(device, latent.Shape).Invoke(device, latent, rows, patch);
            device.Done();
        }
    }

    /// <summary>Puts patches back into a latent.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="rows">Input [L, pt ph pw C].</param>
    /// <param name="patch">Extents of a patch.</param>
    /// <param name="latent">Output [C, T, H, W].</param>
    public static void Scatter(Device device, Tensor rows, (int T, int H, int W) patch, Tensor latent)
    {
        Check(nameof(Scatter), latent, patch, rows);
        if (!device.Skips(nameof(Scatter), 0, 8.0 * latent.Count))
        {
            Scatters.Pick(device, latent.Shape).Invoke(device, latent, rows, patch);
            device.Done();
        }
    }

    static void Check(string operation, Tensor latent, (int T, int H, int W) patch, Tensor rows)
    {
        Operands.Extent(operation, "rank of the latent", 4, latent.Shape.Rank);
        Operands.Extent(operation, "remainder of frames by the patch", 0, latent.Shape[1] % patch.T);
        Operands.Extent(operation, "remainder of height by the patch", 0, latent.Shape[2] % patch.H);
        Operands.Extent(operation, "remainder of width by the patch", 0, latent.Shape[3] % patch.W);
        Operands.Extent(operation, "width of a patch row", (long)latent.Shape[0] * patch.T * patch.H * patch.W, rows.Columns);
        Operands.Extent(operation, "number of values", latent.Count, rows.Count);
    }

    /// <summary>Extents of the latent, of a patch and of the grid of patches.</summary>
    readonly record struct Grid(int C, int T, int H, int W, int PatchT, int PatchH, int PatchW)
    {
        public Grid(Tensor latent, (int T, int H, int W) patch)
            : this(latent.Shape[0], latent.Shape[1], latent.Shape[2], latent.Shape[3], patch.T, patch.H, patch.W)
        {
        }

        public int Tall => H / PatchH;

        public int Wide => W / PatchW;

        /// <summary>Lines of patches: all (t, h).</summary>
        public int Lines => T / PatchT * Tall;

        public int Values => C * PatchT * PatchH * PatchW;

        /// <summary>Where position (t, h, 0) of a channel is.</summary>
        public long At(int c, int t, int h) => ((((long)c * T) + t) * H + h) * W;
    }
}
