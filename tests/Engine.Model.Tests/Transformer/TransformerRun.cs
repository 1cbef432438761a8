using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Testing;

namespace Engine.Model.Tests.Transformer;

/// <summary>A golden case's transformer with its inputs on a device.</summary>
sealed class TransformerRun : IDisposable
{
    readonly Golden _golden;
    readonly Tensor _text;
    readonly Tensor _image;

    public TransformerRun(string name, Device device, bool streamed = false)
    {
        _golden = Golden.Load(name);
        Device = device;
        Scratch = new Workspace(device);
        Model = TransformerModels.Load(Path.Combine(_golden.Model!, "transformer"), device, streamed);
        Latent = _golden.Tensor("hidden_states", device, rank: 4);
        _text = _golden.Tensor("encoder_hidden_states", device, rank: 2);
        if (_golden.Has("encoder_hidden_states_image"))
        {
            // [pictures, tokens, dim] are one sequence for the model.
            var image = _golden.Tensor("encoder_hidden_states_image", device);
            _image = image.Reshape([image.Rows, image.Columns]);
        }

        if (_golden.Has("control_hidden_states"))
        {
            Control = new TransformerControl(
                _golden.Tensor("control_hidden_states", device, rank: 4), _golden.Floats("control_hidden_states_scale"));
        }

        float[] timestep = _golden.Floats("timestep");
        Timesteps = timestep.Length == 1 ? TimestepMap.Single(timestep[0]) : TimestepMap.PerToken(device, timestep);
        Velocity = device.NewTensor([Model.Config.OutChannels, Latent.Shape[1], Latent.Shape[2], Latent.Shape[3]]);
    }

    public Device Device { get; }

    public WanTransformer Model { get; }

    public Workspace Scratch { get; }

    public Tensor Latent { get; }

    public Tensor Velocity { get; }

    /// <summary>Image tokens, or empty.</summary>
    public Tensor Image => _image;

    public TimestepMap Timesteps { get; }

    /// <summary>Control latents of a VACE case, or null.</summary>
    public TransformerControl? Control { get; }

    public double Tolerance => _golden.Tolerance;

    public double Error => _golden.Error("output", Velocity.Span);

    /// <summary>One forward with all that the case gives.</summary>
    public void Forward(TransformerContext context, Action<int, Tensor>? afterBlock = null) =>
        Model.Forward(Latent, Timesteps, context, Velocity, Scratch, afterBlock, Control);

    public TransformerContext Prepare(bool keepKeyValues) => Model.Prepare(_text, _image, Scratch, keepKeyValues);

    /// <summary>A second context, of other text.</summary>
    public TransformerContext PrepareOther(bool keepKeyValues)
    {
        using var other = Device.NewTensor(_text.Shape);
        other.CopyFrom(_text);
        Elementwise.Scale(Device, other, -0.5f);
        return Model.Prepare(other, _image, Scratch, keepKeyValues);
    }

    public void Dispose()
    {
        Timesteps.Dispose();
        Velocity.Dispose();
        Latent.Dispose();
        _text.Dispose();
        _image.Dispose();
        Control?.Values.Dispose();
        Scratch.Dispose();
        Model.Dispose();
    }
}
