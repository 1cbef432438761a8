using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>Which models a tier likes best.</summary>
/// <remarks>
/// Models are told apart by the parameters that work in a step (of two experts, those of one):
/// | tier | takes | then | then | among these |
/// |---|---|---|---|---|
/// | standard | under 3 G | 3 G to 10 G | 10 G and more | the fewest parameters |
/// | pro | 3 G to 10 G | 10 G and more | under 3 G | the fewest parameters |
/// | master | 10 G and more | 3 G to 10 G | under 3 G | the most parameters, of two experts both counted |
/// Wan's 1.3B is of the first kind, its 5B of the second, 14B and A14B are of the third. Before that, models made for less than
/// 480p come last, and so do those without the adapter that a request asks for (a camera's path, tracks). After that, a model comes
/// before one that has more than the request needs (control blocks, a camera adapter, tracks); then the one made for a size nearer to
/// the tier's; then, for standard the smaller files, else the larger ones, which are the more precise; then the engine's own model, and then the name. Memory
/// that happens to be free plays no part: the same request takes the same model every time.
/// </remarks>
public static class ModelTiers
{
    /// <summary>Parameters in a step from which on a model is not small any more.</summary>
    public const long Medium = 3_000_000_000;

    /// <summary>Parameters in a step from which on a model is large.</summary>
    public const long Large = 10_000_000_000;

    /// <summary>What a tier takes first, in words.</summary>
    public static string InWords(QualityTier tier) => tier switch
    {
        QualityTier.Standard => "models under 3 G parameters first, then larger ones",
        QualityTier.Pro => "models of 3 to 10 G parameters first, then larger ones, then smaller ones",
        _ => "models of 10 G parameters and more first, then smaller ones",
    };

    /// <summary>The models in the order in which a tier would take them for a request.</summary>
    /// <param name="tier">The tier.</param>
    /// <param name="request">What is asked for.</param>
    /// <param name="models">Models that can make clips, whether or not they can make this one.</param>
    internal static IReadOnlyList<InstalledModel> Ranked(QualityTier tier, VideoRequest request, IEnumerable<InstalledModel> models)
    {
        var asked = (request.Motion?.Camera is null ? Abilities.None : Abilities.Camera) | (request.Motion is { HasRegions: true } ? Abilities.Tracks : Abilities.None);
        int more = tier == QualityTier.Master ? -1 : 1;
        return
        [
            .. models
                .OrderBy(model => QualityTiers.IsBelowStandard(model.Checkpoint!.Info))
                .ThenBy(model => asked != Abilities.None && (AdaptersOf(model) & asked) == Abilities.None)
                .ThenBy(model => Place(tier, model.WorkingParameters))
                .ThenBy(model => (AdaptersOf(model) & ~asked) != Abilities.None || model.Checkpoint!.Transformer!.VaceLayers.Count > 0)
                .ThenBy(model => more * model.Parameters)
                .ThenBy(model => Math.Abs(Math.Log((double)PixelsOf(model) / QualityTiers.Pixels(tier))))
                .ThenBy(model => tier == QualityTier.Standard ? model.Bytes : -model.Bytes)
                .ThenBy(model => !model.IsDefault)
                .ThenBy(model => model.Name, StringComparer.Ordinal),
        ];
    }

    static Abilities AdaptersOf(InstalledModel model) => model.Checkpoint!.Info.Abilities & (Abilities.Camera | Abilities.Tracks);

    static int Place(QualityTier tier, long parameters)
    {
        int size = parameters < Medium ? 0 : parameters < Large ? 1 : 2;
        return tier switch
        {
            QualityTier.Standard => size,
            QualityTier.Pro => (size + 2) % 3,
            _ => 2 - size,
        };
    }

    // Wan 2.1's two image models have the same tensors and are made for two sizes, which their names alone tell.
    static long PixelsOf(InstalledModel model) => model.Checkpoint!.Info is var info
        && model.Name.Contains("720p", StringComparison.OrdinalIgnoreCase) ? QualityTiers.Pixels(QualityTier.Pro) : (long)info.Width * info.Height;
}
