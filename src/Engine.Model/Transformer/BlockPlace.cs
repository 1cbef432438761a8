namespace Engine.Model.Transformer;

/// <summary>One block of a transformer: below which name its weights are, and which of them it is.</summary>
/// <param name="Folder"><c>blocks</c>, or <c>vace_blocks</c> for a control block.</param>
/// <param name="Number">Its number there.</param>
readonly record struct BlockPlace(string Folder, int Number)
{
    const string Main = "blocks";
    const string Control = "vace_blocks";

    /// <summary>True for a block that works on the control tokens instead of the video's.</summary>
    public bool IsControl => Folder == Control;

    /// <summary>Every block in the order it runs.</summary>
    /// <param name="layers">Number of blocks of the video's tokens.</param>
    /// <param name="control">Those of them that take the result of a control block, ascending.</param>
    /// <remarks>
    /// Upstream runs all control blocks first and keeps every result; they depend on one another alone, so that each may as well run
    /// right before its result is used, which keeps one.
    /// </remarks>
    public static IReadOnlyList<BlockPlace> Order(int layers, IReadOnlyList<int> control)
    {
        var order = new List<BlockPlace>(layers + control.Count);
        for (int layer = 0, next = 0; layer < layers; layer++)
        {
            if (next < control.Count && control[next] == layer)
            {
                order.Add(new BlockPlace(Control, next++));
            }

            order.Add(new BlockPlace(Main, layer));
        }

        return order;
    }
}
