using System.Text.Json.Nodes;
using Engine.Runtime;

namespace Engine.Cli.Rendering;

/// <summary>Shows the models at hand and what the tiers take.</summary>
static class ModelsView
{
    /// <summary>Prints it.</summary>
    public static void Show(ModelCatalog catalog, bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["folder"] = catalog.Folder,
                ["models"] = new JsonArray([.. catalog.Models.Select(Json)]),
                ["tiers"] = new JsonArray([.. catalog.Tiers.Select(Json)]),
            });
            return;
        }

        var models = catalog.Models.Where(m => m.Problem is null).ToArray();
        Output.Table(
            ["model", ">parameters", ">on disk", "what it is"],
            models.Select(m => (string[])[m.Name, Parameters(m), Units.Bytes(m.Bytes), m.Identity]));
        Console.Out.WriteLine();
        foreach (var model in models)
        {
            Output.Wrapped($"{model.Name}: ", string.Join(", ", ModelView.Abilities(model.Checkpoint!.Info)));
        }

        Console.Out.WriteLine();
        Output.Table(["tier", "takes for text", "for a picture"], catalog.Tiers.GroupBy(t => t.Tier).Select(tier => (string[])
        [
            Name(tier.Key), .. tier.Select(t => t.Choice?.Model.Name ?? "none can"),
        ]));
        Console.Out.WriteLine();
        foreach (string why in catalog.Tiers.SelectMany(t => t.Choice?.PassedOver.Where(p => p.ForMemory).Select(p => p.InWords) ?? []).Distinct())
        {
            Output.Wrapped("passed over: ", why);
        }

        foreach (var broken in catalog.Models.Where(m => m.Problem is not null))
        {
            Output.Wrapped("cannot be used: ", $"{broken.Name}{(broken.Checkpoint is null ? "" : $" ({broken.Identity})")} {broken.Problem}");
        }

        Output.Wrapped("models lie in ", Folder(catalog.Folder));
    }

    /// <summary>A tier's choice; null without one.</summary>
    public static JsonNode? Json(ModelChoice? choice) => choice is null ? null : new JsonObject
    {
        ["tier"] = Name(choice.Tier),
        ["model"] = choice.Model.Name,
        ["passed_over"] = new JsonArray([.. choice.PassedOver.Select(p => (JsonNode)new JsonObject { ["model"] = p.Model.Name, ["why"] = p.Why, ["for_memory"] = p.ForMemory })]),
        ["why"] = choice.InWords,
    };

    static string Folder(string? folder) => folder is null ? "no folder: this system names none for your data; give one with --models"
        : Directory.Exists(folder) ? folder
        : $"{folder}, which does not exist yet: put them there, or name another folder with --models or {ModelsFolder.Variable}";

    static string Parameters(InstalledModel model) => model.Parameters == model.WorkingParameters
        ? ModelView.Count(model.Parameters)
        : $"{model.Parameters / Math.Max(1, model.WorkingParameters)} x {ModelView.Count(model.WorkingParameters)}";

    static string Name(QualityTier tier) => tier.ToString().ToLowerInvariant();

    static JsonNode Json(InstalledModel model) => new JsonObject
    {
        ["name"] = model.Name,
        ["path"] = model.Path,
        ["default"] = model.IsDefault,
        ["identity"] = model.Checkpoint is null ? null : model.Identity,
        ["parameters"] = model.Parameters,
        ["working_parameters"] = model.WorkingParameters,
        ["bytes"] = model.Bytes,
        ["abilities"] = model.Checkpoint is { } opened ? new JsonArray([.. ModelView.Abilities(opened.Info).Select(a => (JsonNode)a)]) : null,
        ["problem"] = model.Problem,
    };

    static JsonNode Json(TierExample example) => new JsonObject
    {
        ["tier"] = Name(example.Tier),
        ["task"] = example.Task.ToString(),
        ["choice"] = Json(example.Choice),
        ["problem"] = example.Problem,
    };
}
