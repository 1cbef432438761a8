using Engine.Kernels;
using Engine.Model.Transformer;

namespace Engine.Runtime.Pipelines;

/// <summary>Reads what a step cache watches: the transformer's modulated input, at a sample of the tokens that move.</summary>
sealed class CacheInput : IDisposable
{
    // Their mean movement is steady to a few thousandths; all tokens of a long clip would be a hundred megabytes.
    const int MostTokens = 128;

    readonly WanTransformer _transformer;
    readonly Tensor _tokens;
    readonly int[] _sample;
    readonly float[] _values;

    /// <summary>Chooses the tokens, evenly over the clip; given ones do not move and are left out.</summary>
    /// <param name="transformer">The model.</param>
    /// <param name="given">Latents that are known, or null.</param>
    /// <param name="latent">Shape of the latent [C, T, h, w].</param>
    public CacheInput(WanTransformer transformer, GivenLatents? given, Shape latent)
    {
        _transformer = transformer;
        int count = transformer.Tokens(latent[1], latent[2], latent[3]);
        _tokens = transformer.Device.NewTensor([count, transformer.Config.Width]);
        int[]? rows = given?.TokenRows(transformer.Config.Patch);
        int[] moving = [.. Enumerable.Range(0, count).Where(i => rows is null || rows[i] == 0)];
        int taken = Math.Min(MostTokens, moving.Length);
        _sample = [.. Enumerable.Range(0, taken).Select(i => moving[(int)((long)i * moving.Length / taken)])];
        _values = new float[(long)taken * transformer.Config.Width];
    }

    /// <summary>The modulated input at the chosen tokens; the span is good until the next call.</summary>
    public ReadOnlySpan<float> Read(Tensor input, TimestepMap timesteps, Workspace scratch)
    {
        _transformer.ModulatedInput(input, timesteps, _tokens, scratch);
        int width = _transformer.Config.Width;
        for (int i = 0; i < _sample.Length; i++)
        {
            _tokens[_sample[i]].CopyTo(_values.AsSpan(i * width, width));
        }

        return _values;
    }

    /// <summary>Frees the buffer.</summary>
    public void Dispose() => _tokens.Dispose();
}
