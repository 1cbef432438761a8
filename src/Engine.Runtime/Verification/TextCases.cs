using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Text;

namespace Engine.Runtime.Verification;

/// <summary>A text encoder: <c>input_ids</c> and <c>attention_mask</c> -> <c>last_hidden_state</c>, zero past the mask.</summary>
static class TextCases
{
    public static void Run(CaseRun run, Checkpoint checkpoint)
    {
        var config = checkpoint.TextEncoder
            ?? throw new EngineException(ErrorKind.BadInput, $"{checkpoint.Path} holds no text encoder.");
        var ids = run.Input("input_ids");
        var mask = run.Input("attention_mask");
        int rows = ids.Shape[0], length = ids.Shape[1];
        var prompts = new int[rows][];
        for (int r = 0; r < rows; r++)
        {
            int tokens = (int)mask.Values.AsSpan(r * length, length).ToArray().Sum();
            prompts[r] = Array.ConvertAll(ids.Values.AsSpan(r * length, tokens).ToArray(), id => (int)id);
        }

        using var source = checkpoint.OpenTextEncoder();
        using var encoder = new Umt5Encoder(source, config, run.Device, resident: false);
        using var scratch = new Workspace(run.Device);
        var states = new float[rows * length * config.DModel];
        int row = 0;
        foreach (var embedding in encoder.Encode(prompts, scratch))
        {
            embedding.ToArray().CopyTo(states, row++ * length * config.DModel);
            embedding.Dispose();
        }

        run.Compare("last_hidden_state", states, [rows, length, config.DModel]);
    }
}
