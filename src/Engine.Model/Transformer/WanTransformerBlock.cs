using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>What the blocks of one forward share.</summary>
readonly ref struct BlockPass
{
    /// <summary>Where to run.</summary>
    public required Device Device { get; init; }

    /// <summary>Scratch memory.</summary>
    public required Workspace Scratch { get; init; }

    /// <summary>Contexts of the copies of the tokens, in order; B of them.</summary>
    public required ReadOnlySpan<TransformerContext> Contexts { get; init; }

    /// <summary>Time projection [U, 6 C].</summary>
    public required Tensor Time { get; init; }

    /// <summary>Which timestep each token has.</summary>
    public required TimestepMap Timesteps { get; init; }

    /// <summary>Cosines of the rotary embedding [L, D/2].</summary>
    public required Tensor Cos { get; init; }

    /// <summary>Sines of the rotary embedding [L, D/2].</summary>
    public required Tensor Sin { get; init; }

    /// <summary>L, tokens of one copy.</summary>
    public int Length => Cos.Rows;
}

/// <summary>One transformer block: self-attention, cross-attention, feed-forward network; the first and last gated by time.</summary>
/// <remarks>
/// Port of WanTransformerBlock, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Modulation is computed once per distinct timestep, not per token.
/// The control blocks of VACE are the same with a projection before or after (WanVACETransformerBlock, transformer_wan_vace.py of
/// the same commit), which <see cref="WanTransformer"/> runs.
/// </remarks>
sealed class WanTransformerBlock : IDisposable
{
    const int Kinds = 6;

    readonly WanAttention _attn1;
    readonly WanAttention _attn2;
    readonly AffineNorm? _norm2;
    readonly FeedForward _ffn;
    readonly Tensor _scaleShiftTable;
    readonly int _index;
    readonly float _eps;

    WanTransformerBlock(WeightScope at, TransformerConfig config, int index)
    {
        var place = config.BlockOrder[index];
        at = at[place.Folder][place.Number];
        Place = place;
        _index = index;
        _eps = config.Eps;
        _attn1 = WanAttention.Load(at["attn1"], config, addedKvDim: null);
        _attn2 = WanAttention.Load(at["attn2"], config, config.AddedKvDim);
        _norm2 = config.CrossAttnNorm ? AffineNorm.Load(at["norm2"], config.Width, config.Eps) : null;
        _ffn = FeedForward.Load(at["ffn"], config.Width, config.FfnDim);
        _scaleShiftTable = at.Vector("scale_shift_table", [1, Kinds, config.Width]);
        if (place.IsControl)
        {
            ProjIn = place.Number == 0 ? Projection.Load(at["proj_in"], config.Width, config.Width) : null;
            ProjOut = Projection.Load(at["proj_out"], config.Width, config.Width);
        }
    }

    /// <summary>Which block it is.</summary>
    public BlockPlace Place { get; }

    /// <summary>Projection of the control tokens before they meet the video's; the first control block alone has one.</summary>
    public Projection? ProjIn { get; }

    /// <summary>Projection of a control block's result to what the video's tokens are given; null in other blocks.</summary>
    public Projection? ProjOut { get; }

    /// <summary>Reads the weights of one block.</summary>
    /// <param name="at">Root of the transformer's weights.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="index">Its place in <see cref="TransformerConfig.BlockOrder"/>.</param>
    public static WanTransformerBlock Load(WeightScope at, TransformerConfig config, int index) => new(at, config, index);

    /// <summary>Updates the residual stream in place.</summary>
    /// <param name="pass">The forward that runs.</param>
    /// <param name="x">Tokens [B L, C], B copies one after the other.</param>
    /// <param name="alike">True when all copies still hold the same values: the self-attention is then done once.</param>
    public void Forward(in BlockPass pass, Tensor x, bool alike)
    {
        var device = pass.Device;
        using var scope = pass.Scratch.Scope();
        int copies = pass.Contexts.Length;
        int distinct = pass.Time.Rows;
        var modulation = pass.Scratch.Take([Kinds, distinct, x.Columns]);
        Modulation.Run(device, _scaleShiftTable, pass.Time, modulation);
        var (shiftMsa, scaleMsa, gateMsa) = (modulation[0], modulation[1], modulation[2]);
        var (cShiftMsa, cScaleMsa, cGateMsa) = (modulation[3], modulation[4], modulation[5]);
        var normed = pass.Scratch.Take(x.Shape);

        // 1. Self-attention
        var first = alike ? x.Slice(0, pass.Length) : x;
        var firstNormed = alike ? normed.Slice(0, pass.Length) : normed;
        var firstRows = pass.Timesteps.Rows(alike ? 1 : copies);
        ModulatedNorm.Run(device, first, shiftMsa, scaleMsa, firstRows, firstNormed, _eps);
        _attn1.Attend(pass, firstNormed, first, gateMsa, firstRows);
        for (int copy = 1; alike && copy < copies; copy++)
        {
            x.Slice(copy * pass.Length, pass.Length).CopyFrom(first);
        }

        // 2. Cross-attention
        _norm2?.Run(device, x, normed);
        _attn2.AttendTo(pass, _index, _norm2 is null ? x : normed, x);

        // 3. Feed-forward
        var rows = pass.Timesteps.Rows(copies);
        ModulatedNorm.Run(device, x, cShiftMsa, cScaleMsa, rows, normed, _eps);
        _ffn.Run(device, normed, x, cGateMsa, rows, pass.Scratch);
    }

    /// <summary>Norms and modulates one copy of the tokens in place, as the self-attention sees them.</summary>
    public void ModulateInput(Device device, Tensor time, TimestepMap timesteps, Tensor x, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var modulation = scratch.Take([Kinds, time.Rows, x.Columns]);
        Modulation.Run(device, _scaleShiftTable, time, modulation);
        ModulatedNorm.Run(device, x, modulation[0], modulation[1], timesteps.Rows(1), x, _eps);
    }

    /// <summary>Computes this block's cross-attention keys and values of a context.</summary>
    public void FillKeyValues(Device device, Tensor text, Tensor image, in CrossKeyValues to, Workspace scratch) =>
        _attn2.FillKeyValues(device, text, image, to, scratch);

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _attn1.Dispose();
        _attn2.Dispose();
        _norm2?.Dispose();
        _ffn.Dispose();
        _scaleShiftTable.Dispose();
        ProjIn?.Dispose();
        ProjOut?.Dispose();
    }
}
