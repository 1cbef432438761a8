using System.Runtime.CompilerServices;
using Engine.Kernels.Gpu;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels;

/// <content>
/// Implicit GEMM on CUDA and OpenCL: rows are output pixels, columns output channels, the inner dimension runs over taps and
/// channels. The frames, the two of the causal cache among them, are read where they lie; missing frames are not read at all.
/// </content>
public static partial class Convolution
{
    internal delegate void GpuLaunch(
        AcceleratorStream stream,
        KernelConfig config,
        ArrayView<float> current,
        ArrayView<float> previous,
        ArrayView<float> oldest,
        ArrayView<float> weights,
        ArrayView<float> bias,
        ArrayView<float> residual,
        ArrayView<float> y,
        ConvShape shape);

    // No number of groups is asked of the compiler: with three of 192 threads it keeps sums in memory.
    static readonly GpuKernel<GpuLaunch> s_tiles64 = new(typeof(Convolution), nameof(Tiles), TileThreads<Tile64>(), [typeof(Tile64)]);
    static readonly GpuKernel<GpuLaunch> s_tiles96 = new(typeof(Convolution), nameof(Tiles), TileThreads<Tile96>(), [typeof(Tile96)]);
    static readonly GpuKernel<GpuLaunch> s_strips = new(typeof(Convolution), nameof(Strips), 1);

    // The width that computes fewer outputs that nobody asked for.
    static void GpuTiles(Device device, in ConvCall call)
    {
        int outputs = call.Weight.Outputs;
        if (Parts(outputs, Tile96.Outputs) * Tile96.Outputs < Parts(outputs, Tile64.Outputs) * Tile64.Outputs)
        {
            Launch(device, s_tiles96, call, TilePixels, Tile96.Outputs);
        }
        else
        {
            Launch(device, s_tiles64, call, TilePixels, Tile64.Outputs);
        }
    }

    static void GpuStrips(Device device, in ConvCall call) => Launch(device, s_strips, call, StripPixels, ConvWeight.PanelWidth);

    static void Launch(Device device, GpuKernel<GpuLaunch> kernel, in ConvCall call, int pixels, int outputs)
    {
        var gpu = (GpuDevice)device;
        var (x, weight, y, residual, _) = call;
        var shape = new ConvShape(call);
        long groups = (long)weight.Phases * Parts(shape.Pixels, pixels) * Parts(shape.Outputs, outputs);
        kernel.On(gpu)(
            gpu.Stream,
            new KernelConfig(checked((int)groups), kernel.Group),
            gpu.View(x.Current.Values),
            gpu.View(x.Previous.Values),
            gpu.View(x.Oldest.Values),
            gpu.View<float>(weight.PackedStorage),
            gpu.View<float>(weight.BiasStorage),
            gpu.View(residual.Values),
            gpu.View(y.Values),
            shape);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static int Parts(int count, int part) => (count + part - 1) / part;

    /// <summary>What the kernels are told besides their operands.</summary>
    /// <remarks>
    /// A base pixel is what one row of the product stands for: an output pixel or, where pixels are doubled, an input pixel, which
    /// has four phases (places inside its block of outputs).
    /// </remarks>
    internal struct ConvShape
    {
        /// <summary>Base pixels.</summary>
        public int Pixels;

        /// <summary>Base pixels of a row.</summary>
        public int Width;

        /// <summary>Input pixels from one base pixel to the next.</summary>
        public int Step;

        /// <summary>Input row and column of the first tap, counted from the base pixel's.</summary>
        public int First;

        /// <summary>Output pixels of a base pixel along each side.</summary>
        public int Spread;

        /// <summary>Temporal taps.</summary>
        public int Frames;

        /// <summary>First temporal tap that has a frame.</summary>
        public int FirstFrame;

        /// <summary>Rows of taps in a frame.</summary>
        public int Rows;

        /// <summary>Values of a row of taps, which lie in a row in each frame.</summary>
        public int RunLength;

        /// <summary>C.</summary>
        public int Inputs;

        /// <summary>N.</summary>
        public int Outputs;

        /// <summary>1 where four values of the frames, of the residual and of y can be moved at once.</summary>
        public int AlignedX;

        /// <summary>1 where four outputs can be moved at once.</summary>
        public int AlignedY;

        public int HasResidual;
        public PlaneShape X;
        public PlaneShape Y;
        public PlaneShape Residual;

        public ConvShape(in ConvCall call)
        {
            var (x, weight, y, residual, _) = call;
            var kind = weight.Kind;
            bool doubles = kind == ConvKind.Double;
            X = new PlaneShape(x.Current);
            Y = new PlaneShape(y);
            Residual = new PlaneShape(residual);
            Width = doubles ? X.Width : Y.Width;
            Pixels = checked(Width * (doubles ? X.Height : Y.Height));
            Step = kind == ConvKind.Halve ? 2 : 1;
            First = doubles || kind == ConvKind.Causal ? -1 : 0;
            Spread = doubles ? 2 : 1;
            Frames = kind.Frames();
            FirstFrame = x.SkippedTaps(Frames);
            Rows = weight.Runs / Frames;
            RunLength = weight.RunLength;
            Inputs = weight.Inputs;
            Outputs = weight.Outputs;
            AlignedX = Inputs % 4 == 0 && Aligned(x.Current) && Aligned(x.Previous) && Aligned(x.Oldest) ? 1 : 0;
            AlignedY = Outputs % 4 == 0 && Aligned(y) && Aligned(residual) ? 1 : 0;
            HasResidual = residual.IsEmpty ? 0 : 1;
        }

        /// <summary>Panels of 16 outputs.</summary>
        public readonly int Panels
        {
            [MethodImpl(MethodImplOptions.AggressiveInlining)]
            get => Parts(Outputs, ConvWeight.PanelWidth);
        }

        /// <summary>Where a panel's weights begin.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly int PanelAt(int phase, int panel) => ((phase * Panels) + panel) * Frames * Rows * RunLength * ConvWeight.PanelWidth;

        /// <summary>Values from the first of a frame to the first that a base pixel's taps meet.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly long InputAt(int pixel, int phase)
        {
            int row = pixel / Width;
            int column = pixel - (row * Width);
            return X.Row((row * Step) + First + (phase >> 1)) + ((long)((column * Step) + First + (phase & 1)) * Inputs);
        }

        /// <summary>Values from the first of an output plane to the first of a base pixel's.</summary>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public readonly long OutputAt(PlaneShape plane, int pixel, int phase)
        {
            int row = pixel / Width;
            int column = pixel - (row * Width);
            return plane.Row((row * Spread) + (phase >> 1)) + ((long)((column * Spread) + (phase & 1)) * Outputs);
        }

        // A plane that was not given counts as aligned: it is not read.
        static bool Aligned(Plane plane) => plane.IsEmpty || plane.Values.ByteOffset % 16 == 0;
    }
}
