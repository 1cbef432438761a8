namespace Engine.Runtime;

/// <summary>The model that a tier took for a request, and why.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Model">The model.</param>
/// <param name="PassedOver">Models that the tier would have taken before it.</param>
public sealed record ModelChoice(QualityTier Tier, InstalledModel Model, IReadOnlyList<PassedOver> PassedOver)
{
    /// <summary>The choice in a sentence for the user.</summary>
    public string InWords
    {
        get
        {
            string only = QualityTiers.IsBelowStandard(Model.Checkpoint!.Info) ? ", and those made for less than 480p last" : "";
            string passed = PassedOver.Count == 0 ? "" : $"; passed over: {string.Join("; ", PassedOver.Select(p => p.InWords))}";
            return $"{Model.Name} was chosen ({Model.Parameters / 1e9:0.00} G parameters): tier {Tier.ToString().ToLowerInvariant()} takes {ModelTiers.InWords(Tier)}{only}{passed}.";
        }
    }
}

/// <summary>A model that a tier did not take, though it comes first.</summary>
/// <param name="Model">The model.</param>
/// <param name="Why">What keeps it from making the clip: a sentence without a full stop.</param>
/// <param name="ForMemory">True when it could, with more memory.</param>
public sealed record PassedOver(InstalledModel Model, string Why, bool ForMemory)
{
    /// <summary>Name and reason.</summary>
    public string InWords => $"{Model.Name} ({Why})";
}

/// <summary>The models at hand, and which of them the tiers take.</summary>
/// <param name="Folder">The folder of models; null where there is none.</param>
/// <param name="Models">The engine's own model, and everything in the folder; what is no model says so in <see cref="InstalledModel.Problem"/>.</param>
/// <param name="Tiers">For each tier, what it takes for text alone and for a first picture.</param>
public sealed record ModelCatalog(string? Folder, IReadOnlyList<InstalledModel> Models, IReadOnlyList<TierExample> Tiers);

/// <summary>What a tier takes for a plain request.</summary>
/// <param name="Tier">The tier.</param>
/// <param name="Task">What is asked for.</param>
/// <param name="Choice">The choice; null where no model can.</param>
/// <param name="Problem">Why no model can; null where one can.</param>
public sealed record TierExample(QualityTier Tier, VideoTask Task, ModelChoice? Choice, string? Problem);
