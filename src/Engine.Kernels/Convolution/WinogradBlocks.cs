namespace Engine.Kernels;

/// <summary>How a transformed convolution is cut: the plane into tiles, tiles into parts, outputs into groups; sizes of a part's scratch.</summary>
readonly struct WinogradBlocks
{
    // A part's transformed inputs and sums: large enough to use each weight read from memory for many tiles.
    const long TargetBytes = 2560 << 10;
    const int BlockUnit = 24;
    const int LargestBlock = 120;
    const int FewestParts = 8;

    // Outputs whose sums exist at a time, in panels.
    const int LargestGroup = 6;

    /// <summary>Tiles from the left to the right edge.</summary>
    public readonly int TilesAcross;

    /// <summary>Tiles of the plane.</summary>
    public readonly int Tiles;

    /// <summary>Tiles of a part.</summary>
    public readonly int Block;

    /// <summary>Points of a plane's transform.</summary>
    public readonly int Points;

    /// <summary>Sets of transformed planes with weights of their own: points in time, frames, or one.</summary>
    public readonly int Sets;

    /// <summary>First set that is not zero.</summary>
    public readonly int FirstSet;

    /// <summary>Sets of sums: as many as of inputs where they are transformed back in time, else one.</summary>
    public readonly int SumSets;

    /// <summary>Steps of one product: channels, times frames that are summed there.</summary>
    public readonly int Steps;

    /// <summary>Steps of the weights that meet frames of zeros.</summary>
    public readonly int SkippedSteps;

    /// <summary>Panels of a group of outputs.</summary>
    public readonly int GroupPanels;

    /// <summary>Values from one point's inputs to the next.</summary>
    public readonly nint InputStride;

    /// <summary>Values from one point's sums to the next.</summary>
    public readonly nint SumStride;

    /// <summary>Bytes of a part's scratch: inputs, sums, and a tile of each frame for tiles that reach over the plane's edge.</summary>
    public readonly long ScratchBytes;

    WinogradBlocks(in ConvCall call, int side, int step)
    {
        var x = call.X.Current;
        var weight = call.Weight;
        bool pairs = weight.Form == WinogradForm.FourPair;
        int skipped = call.X.SkippedTaps(weight.Kind.Frames());
        TilesAcross = (x.Width + step - 1) / step;
        Tiles = TilesAcross * ((x.Height + step - 1) / step);
        Points = side * side;
        Sets = !pairs ? 1 : weight.TransformsEachCall && !call.IsPair ? 3 : 4;
        FirstSet = !pairs || call.IsPair ? 0 : Sets == 4 && skipped == 2 ? 3 : skipped;
        SumSets = pairs && call.IsPair ? 4 : 1;
        Steps = weight.Inputs * (pairs ? 1 : weight.Kind.Frames() - skipped);
        SkippedSteps = pairs ? 0 : weight.Inputs * skipped;
        int groups = (weight.Panels + LargestGroup - 1) / LargestGroup;
        GroupPanels = ((weight.Panels / groups) + 1) / 2 * 2;
        GroupPanels = GroupPanels * groups < weight.Panels ? GroupPanels + 2 : GroupPanels;
        long perTile = (long)sizeof(float) * Points * ((Sets * Steps) + (SumSets * GroupPanels * ConvWeight.PanelWidth));
        long fits = Math.Clamp(TargetBytes / perTile, BlockUnit, LargestBlock);
        long shared = Math.Max(Tiles / FewestParts, BlockUnit);
        Block = (int)Math.Min(fits, shared) / BlockUnit * BlockUnit;
        if (Tiles < Block * FewestParts)
        {
            // Few parts are of equal size and even in number.
            int parts = ((Tiles + Block - 1) / Block) + 1;
            Block = (Tiles + (parts / 2 * 2) - 1) / Math.Max(parts / 2 * 2, 1);
        }

        long rows = (Block + BlockUnit - 1) / BlockUnit * BlockUnit;
        InputStride = Stride(rows * Steps);
        SumStride = Stride(rows * GroupPanels * ConvWeight.PanelWidth);
        ScratchBytes = sizeof(float) * (Points * ((Sets * InputStride) + (SumSets * SumStride)) + ((long)Points * 4 * weight.Inputs));
    }

    /// <summary>Parts of the job.</summary>
    public int Parts => (Tiles + Block - 1) / Block;

    /// <summary>The cut for a call.</summary>
    public static WinogradBlocks Of<TForm>(in ConvCall call)
        where TForm : IWinograd => new(call, TForm.Side, TForm.Step);

    // An odd number of cache lines, so that the points of a tile do not all fall into the same few sets of the caches.
    static nint Stride(long values) => (nint)(((values + 15) / 16) | 1) * 16;
}
