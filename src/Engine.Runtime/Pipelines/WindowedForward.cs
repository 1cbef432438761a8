using Engine.Kernels;
using Engine.Model.Transformer;

namespace Engine.Runtime.Pipelines;

/// <summary>One forward of a clip that is longer than the model's own: window after window, blended (see <see cref="LatentWindows"/>).</summary>
/// <remarks>Memory beside the clip's own latents is that of one window. Windows run in order and are summed in order, so that results do not vary.</remarks>
sealed class WindowedForward : IDisposable
{
    readonly WanTransformer _transformer;
    readonly LatentWindows _windows;
    readonly Tensor _input;
    readonly Tensor _velocity;
    readonly Tensor _negativeVelocity;
    readonly Tensor _allControl;
    readonly TransformerControl? _control;
    readonly Tensor _camera;
    readonly TimestepMap[] _timesteps;
    readonly bool _pair;

    /// <summary>Allocates one window's buffers.</summary>
    /// <param name="transformer">The model.</param>
    /// <param name="conditioning">What is known of the clip.</param>
    /// <param name="latent">Shape of the clip's latent [C, T, h, w], frames in front included.</param>
    /// <param name="windows">The windows.</param>
    /// <param name="camera">Embedded camera path of all tokens, or empty.</param>
    /// <param name="pair">Both prompts in one pass over the weights.</param>
    public WindowedForward(WanTransformer transformer, Conditioning conditioning, Shape latent, LatentWindows windows, Tensor camera, bool pair)
    {
        var device = transformer.Device;
        _transformer = transformer;
        _windows = windows;
        _camera = camera;
        _pair = pair;
        int frames = windows.Lead + windows.Window;
        Tensor Buffer(int channels) => device.NewTensor([channels, frames, latent[2], latent[3]]);
        _input = Buffer(transformer.Config.InChannels);
        _velocity = Buffer(latent[0]);
        _negativeVelocity = conditioning.NegativePrompt.IsEmpty ? default : Buffer(latent[0]);
        _allControl = conditioning.Control;
        _control = _allControl.IsEmpty ? null : new TransformerControl(Buffer(_allControl.Shape[0]), conditioning.ControlStrengths);
        _timesteps = conditioning.Given is { } given
            ? [.. windows.Starts.Select(start => TimestepMap.ByRow(device, Rows(given.TokenRows(transformer.Config.Patch), start, latent[1]), [0, 0]))]
            : [TimestepMap.Single(0)];
    }

    /// <summary>Predicts the velocity of the whole clip for one prompt, or for two.</summary>
    /// <param name="input">The model's input [InChannels, T, h, w].</param>
    /// <param name="negativeInput">The same for the negative prompt where it differs, else empty.</param>
    /// <param name="values">Distinct timesteps.</param>
    /// <param name="prompt">The prompt.</param>
    /// <param name="negative">The negative prompt, or null.</param>
    /// <param name="velocity">Output for the prompt [C, T, h, w].</param>
    /// <param name="negativeVelocity">Output for the negative prompt, where there is one.</param>
    /// <param name="scratch">Workspace.</param>
    /// <param name="afterBlock">Called after each block.</param>
    public void Run(
        Tensor input, Tensor negativeInput, ReadOnlySpan<float> values, TransformerContext prompt, TransformerContext? negative,
        Tensor velocity, Tensor negativeVelocity, Workspace scratch, Action<int, Tensor> afterBlock)
    {
        velocity.Fill(0);
        if (negative is not null)
        {
            negativeVelocity.Fill(0);
        }

        for (int k = 0; k < _windows.Starts.Count; k++)
        {
            var timesteps = _timesteps[_timesteps.Length == 1 ? 0 : k];
            values.CopyTo(timesteps.Values);
            if (_control is not null)
            {
                Gather(_allControl, _control.Values, k);
            }

            if (!_camera.IsEmpty)
            {
                int plane = _camera.Rows / input.Shape[1];
                prompt.Camera = _camera.Slice(_windows.Starts[k] * plane, _windows.Window * plane);
                negative?.Camera = prompt.Camera;
            }

            Gather(input, _input, k);
            if (negative is not null && _pair && negativeInput.IsEmpty)
            {
                _transformer.ForwardPair(_input, timesteps, prompt, negative, _velocity, _negativeVelocity, scratch, afterBlock, _control);
                Add(_velocity, velocity, k);
                Add(_negativeVelocity, negativeVelocity, k);
                continue;
            }

            _transformer.Forward(_input, timesteps, prompt, _velocity, scratch, afterBlock, _control);
            Add(_velocity, velocity, k);
            if (negative is not null)
            {
                if (!negativeInput.IsEmpty)
                {
                    Gather(negativeInput, _input, k);
                }

                _transformer.Forward(_input, timesteps, negative, _negativeVelocity, scratch, afterBlock, _control);
                Add(_negativeVelocity, negativeVelocity, k);
            }
        }
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose()
    {
        _input.Dispose();
        _velocity.Dispose();
        _negativeVelocity.Dispose();
        _control?.Values.Dispose();
        foreach (var map in _timesteps)
        {
            map.Dispose();
        }
    }

    void Gather(Tensor clip, Tensor window, int k)
    {
        int lead = _windows.Lead;
        for (int c = 0; c < clip.Shape[0]; c++)
        {
            window[c].Slice(0, lead).CopyFrom(clip[c].Slice(0, lead));
            window[c].Slice(lead, _windows.Window).CopyFrom(clip[c].Slice(lead + _windows.Starts[k], _windows.Window));
        }
    }

    void Add(Tensor window, Tensor clip, int k)
    {
        int lead = _windows.Lead;
        var weights = _windows.WeightsOf(k);
        for (int c = 0; c < clip.Shape[0]; c++)
        {
            if (lead > 0)
            {
                Elementwise.MulAdd(clip.Device, window[c].Slice(0, lead), 1f / _windows.Starts.Count, clip[c].Slice(0, lead));
            }

            // Frames of one weight are added at once.
            for (int j = 0, count; j < weights.Count; j += count)
            {
                for (count = 1; j + count < weights.Count && weights[j + count] == weights[j]; count++)
                {
                }

                if (weights[j] != 0)
                {
                    Elementwise.MulAdd(
                        clip.Device, window[c].Slice(lead + j, count), weights[j], clip[c].Slice(lead + _windows.Starts[k] + j, count));
                }
            }
        }
    }

    int[] Rows(int[] all, int start, int frames)
    {
        int plane = all.Length / frames;
        return [.. all[..(_windows.Lead * plane)], .. all.AsSpan((_windows.Lead + start) * plane, _windows.Window * plane)];
    }
}
