using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "module": one part of a model, its inputs and its outputs.</summary>
static class ModuleCases
{
    public static void Run(CaseRun run)
    {
        string module = run.Golden.Text("module");
        if (Unsupported(run) is { } feature)
        {
            run.Fail("case", $"this engine does not know {feature}");
            return;
        }

        var checkpoint = Checkpoint.Open(run.Golden.ModelPath, Requested(run, "num_heads"));
        switch (module)
        {
            case "text_encoder": TextCases.Run(run, checkpoint); break;
            case "image_encoder": ImageCases.Encode(run, checkpoint); break;
            case "image_processor": ImageCases.Preprocess(run, checkpoint); break;
            case "vae": VaeCases.Run(run, checkpoint); break;
            case "transformer": Transformer(run, checkpoint, null); break;
            case "official": Official(run, checkpoint); break;
            default: run.Fail("case", $"this engine does not know the module '{module}'"); break;
        }
    }

    // Fields that change what a module does; one that is not handled must not pass unnoticed.
    static string? Unsupported(CaseRun run)
    {
        var json = run.Golden.Json;
        if (json.TryGetProperty("lora", out _) && run.Golden.Text("module") != "transformer")
        {
            return "LoRAs of anything but a transformer";
        }

        return json.TryGetProperty("request", out var request)
            ? request.EnumerateObject().Select(f => f.Name).Where(n => n is not ("text_length" or "num_heads" or "camera" or "width" or "height")).Select(n => $"the request field '{n}'").FirstOrDefault()
            : null;
    }

    static void Transformer(CaseRun run, Checkpoint checkpoint, int? textLength)
    {
        using var source = checkpoint.OpenTransformer();
        textLength ??= Requested(run, "text_length") ?? OfficialLength(run, checkpoint);
        if (!run.Golden.Json.TryGetProperty("lora", out var loras))
        {
            TransformerCases.Run(run, checkpoint, source, "output", textLength);
            return;
        }

        // Both ways of applying them must give the reference's result.
        LoraSpec[] specs =
        [
            .. loras.EnumerateArray().Select(lora => new LoraSpec(
                Path.GetFullPath(Path.Combine(run.Golden.Folder, "..", lora.GetProperty("file").GetString()!)), lora.GetProperty("strength").GetSingle())),
        ];
        foreach (var mode in new[] { LoraMode.Merge, LoraMode.Apart })
        {
            using var set = LoraSet.Open(specs, checkpoint.Transformer!, second: false, mode, allowUnmatched: false);
            TransformerCases.Run(run, checkpoint, source, "output", textLength, set);
        }
    }

    // Fun-Camera's code pads the text itself, as the official one does.
    static int? OfficialLength(CaseRun run, Checkpoint checkpoint) => CameraCases.IsGiven(run) ? checkpoint.Info.MaxSequenceLength : null;

    static int? Requested(CaseRun run, string field) =>
        run.Golden.Json.TryGetProperty("request", out var request) && request.TryGetProperty(field, out JsonElement value) ? value.GetInt32() : null;

    // A whole folder in official names: those of its parts that the case has inputs for.
    static void Official(CaseRun run, Checkpoint checkpoint)
    {
        if (run.Golden.Has("input_ids"))
        {
            TextCases.Run(run, checkpoint);
        }

        if (run.Golden.Has("output"))
        {
            Transformer(run, checkpoint, checkpoint.Info.MaxSequenceLength);
        }

        // Two experts: the same inputs through each.
        if (run.Golden.Has("output.high_noise_model"))
        {
            using var high = checkpoint.OpenTransformer();
            TransformerCases.Run(run, checkpoint, high, "output.high_noise_model", checkpoint.Info.MaxSequenceLength);
            using var low = checkpoint.OpenTransformer2();
            TransformerCases.Run(run, checkpoint, low, "output.low_noise_model", checkpoint.Info.MaxSequenceLength);
        }

        if (run.Golden.Has("pixels"))
        {
            VaeCases.Run(run, checkpoint);
        }
    }
}
