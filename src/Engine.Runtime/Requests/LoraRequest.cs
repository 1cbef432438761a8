using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Transformer;

namespace Engine.Runtime;

/// <summary>The LoRAs of a request, as the model's parts are loaded with them.</summary>
/// <param name="Loras">In the order they are applied.</param>
/// <param name="Mode">What becomes of them.</param>
/// <param name="AllowUnmatched">Leave out what fits nothing.</param>
sealed record LoraRequest(IReadOnlyList<LoraInput> Loras, LoraMode Mode, bool AllowUnmatched)
{
    const double MostStrength = 100;

    /// <summary>None.</summary>
    public static LoraRequest None { get; } = new([], LoraMode.Auto, false);

    /// <summary>Those of a request.</summary>
    public static LoraRequest Of(VideoRequest request) => new(request.Loras ?? [], request.LoraMode ?? LoraMode.Auto, request.LoraAllowUnmatched);

    /// <summary>Tells loaded models apart: equal keys give the same weights.</summary>
    public string Key => Loras.Count == 0 ? "" : string.Join('|', Loras.Select(lora =>
        FormattableString.Invariant($"{Path.GetFullPath(lora.Path)}*{lora.Strength:R}*{lora.Expert}*{File.GetLastWriteTimeUtc(lora.Path).Ticks}"))) + $"|{Mode}|{AllowUnmatched}";

    /// <summary>Opens those of one transformer; null when it has none.</summary>
    /// <param name="config">Sizes of the transformer.</param>
    /// <param name="second">True for the low-noise one of two.</param>
    /// <exception cref="EngineException">One cannot be read or does not fit.</exception>
    public LoraSet? Open(TransformerConfig config, bool second)
    {
        var not = second ? LoraExpert.High : LoraExpert.Low;
        LoraSpec[] specs = [.. Loras.Where(lora => lora.Expert != not).Select(lora => new LoraSpec(lora.Path, (float)lora.Strength))];
        return specs.Length == 0 ? null : LoraSet.Open(specs, config, second, Mode, AllowUnmatched);
    }

    /// <summary>What is wrong with the fields, whatever the model.</summary>
    public static IEnumerable<RequestProblem> Problems(VideoRequest request)
    {
        foreach (var lora in request.Loras ?? [])
        {
            if (string.IsNullOrEmpty(lora?.Path))
            {
                yield return new("loras", "one has no path; give the file of each.");
            }
            else if (!(Math.Abs(lora.Strength) <= MostStrength))
            {
                yield return new("loras", $"the strength {lora.Strength} of {Path.GetFileName(lora.Path)} is not possible; it takes a number from -{MostStrength} to {MostStrength} (1 is usual).");
            }
        }
    }

    /// <summary>Matches every LoRA with the model, so that one that does not fit is refused before anything is read.</summary>
    /// <returns>What each changes, in sentences for the user.</returns>
    /// <exception cref="EngineException">One does not fit.</exception>
    public IReadOnlyList<string> Check(Checkpoint model)
    {
        var notes = new List<string>();
        if (!model.HasTransformer2 && Loras.FirstOrDefault(lora => lora.Expert is not null) is { } single)
        {
            throw new RequestException("loras", $"{Path.GetFileName(single.Path)} is for one of two experts; {model.Name} has one transformer, so leave the expert out.");
        }

        foreach (bool second in model.HasTransformer2 ? new[] { false, true } : [false])
        {
            using var set = Open(model.Transformer!, second);
            string where = !model.HasTransformer2 ? "" : second ? " of the low-noise expert" : " of the high-noise expert";
            notes.AddRange((set?.Files ?? []).Where(file => !file.IsForTheOther).Select(file => FormattableString.Invariant(
                $"LoRA {Path.GetFileName(file.Path)}: {(file.Strength == 0 ? "left out, as its strength is 0" : $"{file.Matched} tensors{where} change with strength {file.Strength:0.###}{Left(file)}")}.")));
        }

        return notes;
    }

    static string Left(LoraFile file) => file.Unmatched.Count == 0
        ? ""
        : $"; left out, as nothing fits: {string.Join(", ", file.Unmatched.Take(5))}{(file.Unmatched.Count > 5 ? $" and {file.Unmatched.Count - 5} more" : "")}";
}
