using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Self-attention over all patches, or cross-attention to text (and image) tokens.</summary>
/// <remarks>
/// Port of WanAttention and WanAttnProcessor, src/diffusers/models/transformers/transformer_wan.py
/// @ 58eb52c0803ea9af3abec60841c2a093bdf1f951 (Apache-2.0). Queries and keys are normed over the full width, before the split
/// into heads. Differs from upstream: the residual is added in the output projection.
/// </remarks>
sealed class WanAttention : IDisposable
{
    readonly Projection _toQ;
    readonly Projection _toK;
    readonly Projection _toV;
    readonly Projection _toOut;
    readonly Tensor _normQ;
    readonly Tensor _normK;
    readonly Projection? _addKProj;
    readonly Projection? _addVProj;
    readonly Tensor _normAddedK;
    readonly int _heads;
    readonly float _scale;
    readonly float _eps;

    WanAttention(WeightScope at, TransformerConfig config, int? addedKvDim)
    {
        int width = config.Width;
        _heads = config.Heads;
        _scale = 1 / MathF.Sqrt(config.HeadDim);
        _eps = config.Eps;
        _toQ = Projection.Load(at["to_q"], width, width);
        _toK = Projection.Load(at["to_k"], width, width);
        _toV = Projection.Load(at["to_v"], width, width);
        _toOut = Projection.Load(at["to_out.0"], width, width);
        _normQ = at["norm_q"].Vector("weight", [width]);
        _normK = at["norm_k"].Vector("weight", [width]);
        if (addedKvDim is { } added)
        {
            _addKProj = Projection.Load(at["add_k_proj"], width, added);
            _addVProj = Projection.Load(at["add_v_proj"], width, added);
            _normAddedK = at["norm_added_k"].Vector("weight", [width]);

            // Some checkpoints carry a norm for queries that no code ever used.
            at.Ignore("norm_added_q.weight");
        }
    }

    /// <summary>Reads the weights below a prefix.</summary>
    public static WanAttention Load(WeightScope at, TransformerConfig config, int? addedKvDim) => new(at, config, addedKvDim);

    /// <summary>Self-attention: x[r] += gate[r] * attention(h)[r] for one sequence.</summary>
    /// <param name="pass">The forward that runs.</param>
    /// <param name="h">Normed input [L, C] or copies of it [B L, C], which do not see one another.</param>
    /// <param name="x">Residual stream, as large as h.</param>
    /// <param name="gate">Gates [U, C].</param>
    /// <param name="rows">Row of the gates for each row of h, or null.</param>
    public void Attend(in BlockPass pass, Tensor h, Tensor x, Tensor gate, RowMap? rows)
    {
        var device = pass.Device;
        using var scope = pass.Scratch.Scope();
        var query = pass.Scratch.Take(h.Shape);
        var key = pass.Scratch.Take(h.Shape);
        var value = pass.Scratch.Take(h.Shape);
        _toQ.Run(device, h, query, pass.Scratch);
        _toK.Run(device, h, key, pass.Scratch);
        _toV.Run(device, h, value, pass.Scratch);
        RmsNorm.Run(device, query, _normQ, query, _eps);
        RmsNorm.Run(device, key, _normK, key, _eps);
        for (int start = 0; start < h.Rows; start += pass.Length)
        {
            var q = query.Slice(start, pass.Length);
            var k = key.Slice(start, pass.Length);
            Rope.Run(device, q, pass.Cos, pass.Sin, _heads);
            Rope.Run(device, k, pass.Cos, pass.Sin, _heads);
            Attention.Run(device, q, k, value.Slice(start, pass.Length), q, _heads, _scale, pass.Scratch);
        }

        _toOut.Run(device, query, x, pass.Scratch, output: LinearOutput.AddGated, gate: gate, rows: rows);
    }

    /// <summary>Cross-attention: x += attention(h, context), each copy of the tokens with its own context.</summary>
    /// <param name="pass">The forward that runs.</param>
    /// <param name="block">Index of the block, for the kept keys and values.</param>
    /// <param name="h">Normed input [B L, C].</param>
    /// <param name="x">Residual stream [B L, C].</param>
    public void AttendTo(in BlockPass pass, int block, Tensor h, Tensor x)
    {
        var device = pass.Device;
        using var scope = pass.Scratch.Scope();
        var query = pass.Scratch.Take(h.Shape);
        _toQ.Run(device, h, query, pass.Scratch);
        RmsNorm.Run(device, query, _normQ, query, _eps);
        for (int copy = 0; copy < pass.Contexts.Length; copy++)
        {
            using var inner = pass.Scratch.Scope();
            var context = pass.Contexts[copy];
            var kv = context.KeyValues?[block] ?? TakeKeyValues(device, context.Text, context.Image, pass.Scratch);
            var q = query.Slice(copy * pass.Length, pass.Length);
            if (kv.ImageKey.IsEmpty)
            {
                Attention.Run(device, q, kv.Key, kv.Value, q, _heads, _scale, pass.Scratch, lastKeyCopies: context.LastTextCopies);
                continue;
            }

            var image = pass.Scratch.Take(q.Shape);
            Attention.Run(device, q, kv.ImageKey, kv.ImageValue, image, _heads, _scale, pass.Scratch);
            Attention.Run(device, q, kv.Key, kv.Value, q, _heads, _scale, pass.Scratch, lastKeyCopies: context.LastTextCopies);
            Elementwise.Add(device, image, q);
        }

        _toOut.Run(device, query, x, pass.Scratch, output: LinearOutput.Add);
    }

    /// <summary>Computes the keys and values of a context into tensors that the caller owns.</summary>
    public void FillKeyValues(Device device, Tensor text, Tensor image, in CrossKeyValues to, Workspace scratch)
    {
        _toK.Run(device, text, to.Key, scratch);
        _toV.Run(device, text, to.Value, scratch);
        RmsNorm.Run(device, to.Key, _normK, to.Key, _eps);
        if (!image.IsEmpty)
        {
            _addKProj!.Run(device, image, to.ImageKey, scratch);
            _addVProj!.Run(device, image, to.ImageValue, scratch);
            RmsNorm.Run(device, to.ImageKey, _normAddedK, to.ImageKey, _eps);
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _toQ.Dispose();
        _toK.Dispose();
        _toV.Dispose();
        _toOut.Dispose();
        _normQ.Dispose();
        _normK.Dispose();
        _addKProj?.Dispose();
        _addVProj?.Dispose();
        _normAddedK.Dispose();
    }

    CrossKeyValues TakeKeyValues(Device device, Tensor text, Tensor image, Workspace scratch)
    {
        var kv = new CrossKeyValues(
            scratch.Take(text.Shape),
            scratch.Take(text.Shape),
            image.IsEmpty ? default : scratch.Take(image.Shape),
            image.IsEmpty ? default : scratch.Take(image.Shape));
        FillKeyValues(device, text, image, kv, scratch);
        return kv;
    }
}
