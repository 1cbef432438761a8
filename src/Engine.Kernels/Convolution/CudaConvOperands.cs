using System.Runtime.CompilerServices;

namespace Engine.Kernels.Gpu;

/// <summary>Pixels of up to three frames as rows of a product: k runs over taps, and over 32 channels at a time within each.</summary>
/// <remarks>
/// The f32 values become bf16 parts on the way into shared memory, with no pass of their own: the nine taps of a plane read the
/// same values, which the first-level cache then has, and frames stay as they are for the next one's cache.
/// </remarks>
readonly struct ConvPixels : IOperand<ConvPixels>
{
    /// <summary>Current frame: address of the value that the first tap of the first pixel meets.</summary>
    public ulong Current { get; init; }

    /// <summary>The frame before.</summary>
    public ulong Previous { get; init; }

    /// <summary>The frame before that.</summary>
    public ulong Oldest { get; init; }

    /// <summary>Base pixels: rows of the product.</summary>
    public int Pixels { get; init; }

    /// <summary>Base pixels of a row.</summary>
    public int Width { get; init; }

    /// <summary>Bytes from one base pixel to the next in a row of the input.</summary>
    public int PixelBytes { get; init; }

    /// <summary>Bytes from one row of base pixels to the next in the input.</summary>
    public int RowBytes { get; init; }

    /// <summary>C.</summary>
    public int Channels { get; init; }

    /// <summary>Bytes from one row of a frame to the next.</summary>
    public int PitchBytes { get; init; }

    /// <summary>Frame that the first tap meets: 0 oldest, 1 previous, 2 current.</summary>
    public int FirstFrame { get; init; }

    /// <summary>Taps along a side of the plane: 1, 2 or 3.</summary>
    public int Side { get; init; }

    /// <summary>1 where four channels can be loaded at once.</summary>
    public int Aligned { get; init; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(ConvPixels self, int firstRow, int rows, int thread)
    {
        int pixel = firstRow + (thread >> 1);
        int row = pixel / self.Width;
        int column = pixel - (row * self.Width);
        return (ulong)(((long)row * self.RowBytes) + ((long)column * self.PixelBytes) + ((thread & 1) * 64));
    }

    // Two threads load a pixel, 16 channels each.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(ConvPixels self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to)
    {
        int chunks = (self.Channels + Tiles.Depth - 1) / Tiles.Depth;
        int tap = k / chunks;
        int channel = (k - (tap * chunks)) * Tiles.Depth;

        // Without division: at most 27 taps.
        int plane = self.Side == 3 ? (tap * 57) >> 9 : self.Side == 2 ? tap >> 2 : tap;
        int within = tap - (plane * self.Side * self.Side);
        int dy = self.Side == 3 ? (within * 86) >> 8 : self.Side == 2 ? within >> 1 : 0;
        int dx = within - (dy * self.Side);
        int frame = self.FirstFrame + plane;
        ulong values = frame == 2 ? self.Current : frame == 1 ? self.Previous : self.Oldest;
        ulong from = values + origin + (ulong)(((long)dy * self.PitchBytes) + (((dx * self.Channels) + channel) * 4));
        int left = firstRow + (thread >> 1) < self.Pixels ? self.Channels - channel - ((thread & 1) * 16) : 0;
        Staged s;
        s.A = Four(from, left, self.Aligned);
        s.B = Four(from + 16, left - 4, self.Aligned);
        s.C = Four(from + 32, left - 8, self.Aligned);
        s.D = Four(from + 48, left - 12, self.Aligned);
        return s;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(ConvPixels self, Staged staged, int rows, int thread, int part, uint to) => Bf16Parts.Put(staged, thread, part, to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static U32x4 Four(ulong from, int left, int aligned)
    {
        if (aligned != 0)
        {
            return Asm.Load16(from, left > 0 ? 1 : 0);
        }

        U32x4 r;
        r.X = Asm.Load4(from, left > 0 ? 1 : 0);
        r.Y = Asm.Load4(from + 4, left > 1 ? 1 : 0);
        r.Z = Asm.Load4(from + 8, left > 2 ? 1 : 0);
        r.W = Asm.Load4(from + 12, left > 3 ? 1 : 0);
        return r;
    }
}

/// <summary>Packed weights of a convolution, panels of 16 outputs as <see cref="ConvWeight"/> has them, as columns of a product.</summary>
/// <param name="address">The first tap's weights in the first panel.</param>
/// <param name="panels">Panels.</param>
/// <param name="steps">Steps (tap, channel) of a panel.</param>
/// <param name="channels">C.</param>
readonly struct ConvPanels(ulong address, int panels, int steps, int channels) : IOperand<ConvPanels>
{
    readonly ulong _address = address;
    readonly int _panels = panels;
    readonly int _steps = steps;
    readonly int _channels = channels;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong Begin(ConvPanels self, int firstRow, int rows, int thread)
    {
        int across = rows / ConvWeight.PanelWidth;
        int panel = (firstRow / ConvWeight.PanelWidth) + (thread % across);
        return self._address + (ulong)((((long)panel * self._steps) + (thread / across)) * ConvWeight.PanelWidth * 4);
    }

    // A thread loads the 16 outputs of one channel.
    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Staged Fetch(ConvPanels self, ulong origin, int firstRow, int rows, int threads, int thread, int k, int part, uint to)
    {
        int across = rows / ConvWeight.PanelWidth;
        int chunks = (self._channels + Tiles.Depth - 1) / Tiles.Depth;
        int tap = k / chunks;
        int channel = (k - (tap * chunks)) * Tiles.Depth;
        bool exists = ((firstRow / ConvWeight.PanelWidth) + (thread % across) < self._panels) & (channel + (thread / across) < self._channels);
        int inside = exists ? 1 : 0;
        ulong from = origin + (ulong)((((long)tap * self._channels) + channel) * ConvWeight.PanelWidth * 4);
        Staged s;
        s.A = Asm.Load16(from, inside);
        s.B = Asm.Load16(from + 16, inside);
        s.C = Asm.Load16(from + 32, inside);
        s.D = Asm.Load16(from + 48, inside);
        return s;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Put(ConvPanels self, Staged staged, int rows, int thread, int part, uint to)
    {
        int across = rows / ConvWeight.PanelWidth;
        int k = thread / across;
        int chunk = thread % across * 2;
        Asm.StoreShared16(to + PanelLayout.Place(k, chunk, rows), Bf16Parts.Eight(staged.A, staged.B, part));
        Asm.StoreShared16(to + PanelLayout.Place(k, chunk + 1, rows), Bf16Parts.Eight(staged.C, staged.D, part));
    }
}

/// <summary>What becomes of a convolution's sums: bias and residual, then the pixel of the output plane.</summary>
readonly struct ConvEnd : IEnd<ConvEnd>
{
    /// <summary>Bias, padded to whole panels.</summary>
    public ulong Bias { get; init; }

    /// <summary>Output plane: address of the first base pixel's values.</summary>
    public ulong Y { get; init; }

    /// <summary>Residual plane alike, or 0 for none.</summary>
    public ulong Residual { get; init; }

    /// <summary>Base pixels.</summary>
    public int Pixels { get; init; }

    /// <summary>Base pixels of a row.</summary>
    public int Width { get; init; }

    /// <summary>N.</summary>
    public int Outputs { get; init; }

    /// <summary>Output pixels from one base pixel to the next, along both sides.</summary>
    public int Spread { get; init; }

    /// <summary>Pixels of a row of the output plane, border included.</summary>
    public int Pitch { get; init; }

    /// <summary>Pixels of a row of the residual plane, border included.</summary>
    public int ResidualPitch { get; init; }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static F32x4 Columns(ConvEnd self, int column) => RowAccess.Load(self.Bias, 0, column, self.Outputs, true);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Finish(ConvEnd self, int row, int column, F32x4 v, F32x4 columns)
    {
        bool inside = row < self.Pixels;
        int y = row / self.Width;
        int x = row - (y * self.Width);
        v.X += columns.X;
        v.Y += columns.Y;
        v.Z += columns.Z;
        v.W += columns.W;
        if (self.Residual != 0)
        {
            var r = RowAccess.Load(self.Residual, ((y * self.ResidualPitch) + x) * self.Spread, column, self.Outputs, inside);
            v.X += r.X;
            v.Y += r.Y;
            v.Z += r.Z;
            v.W += r.W;
        }

        RowAccess.Store(self.Y, ((y * self.Pitch) + x) * self.Spread, column, self.Outputs, v, inside);
    }
}
