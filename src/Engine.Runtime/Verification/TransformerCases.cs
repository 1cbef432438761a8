using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Transformer;
using Engine.Model.Weights;

namespace Engine.Runtime.Verification;

/// <summary>One forward of a transformer: <c>hidden_states</c>, <c>timestep</c>, <c>encoder_hidden_states</c> -> <c>output</c>.</summary>
static class TransformerCases
{
    public static void Run(CaseRun run, Checkpoint checkpoint, IWeightSource source, string output, int? textLength, LoraSet? loras = null)
    {
        var config = checkpoint.Transformer
            ?? throw new EngineException(ErrorKind.BadInput, $"{checkpoint.Path} holds no transformer.");
        using var model = WanTransformer.Load(source, config, run.Device, loras);
        using var latent = run.InputOnDevice("hidden_states");
        using var text = Text(run, textLength);
        using var image = run.Golden.Has("encoder_hidden_states_image") ? ImageTokens(run) : default;
        using var scratch = new Workspace(run.Device);
        using var context = model.Prepare(text, image, scratch, keepKeyValues: false);
        using var camera = CameraCases.IsGiven(run) ? CameraCases.Embed(run, model, latent.Shape, scratch) : default;
        context.Camera = camera;
        using var velocity = run.Device.NewTensor([config.OutChannels, latent.Shape[1], latent.Shape[2], latent.Shape[3]]);
        var timestep = run.Input("timestep");
        using var timesteps = timestep.Shape.Length == 2
            ? TimestepMap.PerToken(run.Device, timestep.Values)
            : TimestepMap.Single(timestep.Values[0]);
        using var values = run.Golden.Has("control_hidden_states") ? run.InputOnDevice("control_hidden_states") : default;
        var control = values.IsEmpty ? null : new TransformerControl(values, run.Input("control_hidden_states_scale").Values);
        model.Forward(latent, timesteps, context, velocity, scratch, control: control);
        run.Compare(output, velocity);
    }

    // Official models pad the text themselves; their cases hold the prompt's own rows.
    static Tensor Text(CaseRun run, int? length)
    {
        var given = run.Input("encoder_hidden_states");
        int rows = given.Shape[1];
        int width = given.Shape[2];
        var padded = new float[Math.Max(rows, length ?? rows) * width];
        given.Values.CopyTo(padded, 0);
        var text = run.Device.NewTensor([padded.Length / width, width]);
        text.CopyFrom(padded);
        return text;
    }

    // First and last frame come as a batch of two pictures; the model takes their tokens one after the other.
    static Tensor ImageTokens(CaseRun run)
    {
        var given = run.Input("encoder_hidden_states_image");
        var image = run.Device.NewTensor([given.Shape[0] * given.Shape[1], given.Shape[2]]);
        image.CopyFrom(given.Values);
        return image;
    }
}
