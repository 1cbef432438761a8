using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Model.Checkpoints;
using Engine.Runtime.Benchmarks;
using Engine.Runtime.Pipelines;
using Engine.Runtime.Planning;

namespace Engine.Runtime;

/// <summary>Finds the model of a request: the one it names, the engine's own, or the one that its tier takes (see <see cref="ModelTiers"/>).</summary>
/// <param name="options">Where models are, and how much memory may be used.</param>
/// <param name="cache">Opens models and devices.</param>
sealed class ModelChooser(VideoEngineOptions options, ModelCache cache)
{
    /// <summary>The model of a request, and the choice where a tier made it.</summary>
    /// <exception cref="EngineException">There is no model, or none that can do what is asked for.</exception>
    public (Checkpoint Model, ModelChoice? Choice) Open(VideoRequest request)
    {
        if (request.Tier is not { } tier || request.Model is not null || request.Files?.Given.Any() == true || !Enum.IsDefined(tier))
        {
            return (cache.Open(request), null);
        }

        var usable = InstalledModels.List(options.ModelPath, options.ModelsFolder).Where(model => model.Problem is null).ToArray();
        if (usable.All(model => model.IsDefault) || RequestRules.Problems(request).Count + RequestRules.MissingFiles(request).Count > 0)
        {
            // Nothing to choose from, or nothing to choose for: what is wrong is said of the engine's own model.
            return (cache.Open(usable is [var only, ..] ? request with { Model = only.Path } : request), null);
        }

        var choice = Choose(tier, request, usable);
        return (cache.Open(choice.Model.Path), choice);
    }

    /// <summary>Lists the models, and what each tier takes for text and for a picture.</summary>
    public ModelCatalog Catalog()
    {
        var models = InstalledModels.List(options.ModelPath, options.ModelsFolder);
        var usable = models.Where(model => model.Problem is null).ToArray();
        var text = new VideoRequest("a clip");
        var picture = text with { FirstFrame = PictureInput.FromRgb24(new byte[3], 1, 1) };
        var examples =
            from tier in Enum.GetValues<QualityTier>()
            from asked in new[] { (Task: VideoTask.TextToVideo, Request: text), (Task: VideoTask.ImageToVideo, Request: picture) }
            select Example(tier, asked.Task, asked.Request with { Tier = tier }, usable);
        return new ModelCatalog(options.ModelsFolder, models, [.. examples]);
    }

    TierExample Example(QualityTier tier, VideoTask task, VideoRequest request, IReadOnlyList<InstalledModel> usable)
    {
        try
        {
            return new TierExample(tier, task, Choose(tier, request, usable), null);
        }
        catch (RequestException e)
        {
            return new TierExample(tier, task, null, e.Problems[0].Message);
        }
    }

    ModelChoice Choose(QualityTier tier, VideoRequest request, IReadOnlyList<InstalledModel> usable)
    {
        var passed = new List<PassedOver>();
        RequestException? first = null;
        foreach (var model in ModelTiers.Ranked(tier, request, usable))
        {
            if (Obstacle(model, request, ref first) is not { } obstacle)
            {
                return new ModelChoice(tier, model, passed);
            }

            passed.Add(obstacle);
        }

        if (first is not null && passed.All(p => p.Why == passed[0].Why))
        {
            // It is not for the model.
            throw first;
        }

        string why = passed.Count == 0 ? "no model is at hand" : $"no model at hand can do this: {string.Join("; ", passed.Select(p => p.InWords))}";
        throw new RequestException("tier", $"{why}; install one that can, or name one.", passed.Any(p => p.ForMemory) ? ErrorKind.NoResources : ErrorKind.BadRequest);
    }

    /// <summary>What keeps a model from making a clip on this machine, or null.</summary>
    PassedOver? Obstacle(InstalledModel model, VideoRequest request, ref RequestException? first)
    {
        try
        {
            var checkpoint = cache.Open(model.Path);
            var resolved = RequestResolver.Resolve(request, checkpoint);
            var parts = cache.Parts(checkpoint, request);
            long limit = request.MemoryLimit ?? options.MemoryLimit ?? Capacity(parts.Device);
            return Planner.Excess(parts, resolved, limit, parts.Device.Kind == DeviceKind.Cpu ? Planner.RuntimeBytes : 0) is { } peak
                ? new PassedOver(model, $"takes {peak / 1e9:0.0} GB of memory, and {limit / 1e9:0.0} GB are there", ForMemory: true)
                : null;
        }
        catch (RequestException e)
        {
            first ??= e;
            return new PassedOver(model, Shortened(e.Problems[0].Message), ForMemory: false);
        }
        catch (EngineException e) when (e.Kind == ErrorKind.BadInput)
        {
            return new PassedOver(model, Shortened(e.Message), ForMemory: false);
        }
    }

    // What it can do instead is no reason.
    static string Shortened(string sentence) => sentence.ReplaceLineEndings(" ").Split("; it can do ")[0].TrimEnd('.');

    // What is there, not what is free at the moment: the choice must not depend on what else runs. A tenth is left to the system.
    static long Capacity(Device device) => (device is GpuDevice gpu ? gpu.TotalMemory : Machine.MemoryBytes) / 10 * 9;
}
