using System.Globalization;
using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>How much is spent on a clip.</summary>
public enum QualityTier
{
    /// <summary>480p, three fifths of the model's own steps: to try something out.</summary>
    Standard,

    /// <summary>720p, the model's own steps.</summary>
    Pro,

    /// <summary>720p, a quarter more steps than the model's own.</summary>
    Master,
}

/// <summary>Sizes and steps of the tiers, and sizes by proportion; <see cref="ModelTiers"/> says which model a tier takes.</summary>
/// <remarks>
/// | tier | pixels | steps |
/// |---|---|---|
/// | standard | 832 x 480 | 60 % of the model's |
/// | pro | 1280 x 720 | the model's |
/// | master | 1280 x 720 | 125 % of the model's |
/// A model that was made for less than 480p keeps its own size in every tier. The sides are the multiples of the model's grid whose
/// product comes nearest to the number of pixels at the proportions asked for (the model's own by default).
/// </remarks>
public static class QualityTiers
{
    const long StandardPixels = 832 * 480;
    const long ProPixels = 1280 * 720;
    const double Wide = 16.0 / 9;

    // 832:480, the models' usual size, counts as 16:9, and so does 1280:704.
    const double AsGoodAs = 0.05;

    /// <summary>Pixels of a frame in a tier.</summary>
    internal static long Pixels(QualityTier tier) => tier == QualityTier.Standard ? StandardPixels : ProPixels;

    /// <summary>True for a model that was made for less than 480p.</summary>
    internal static bool IsBelowStandard(ModelInfo info) => (long)info.Width * info.Height < StandardPixels;

    /// <summary>Steps of a tier; the model's own without one.</summary>
    internal static int Steps(QualityTier? tier, Checkpoint model) => Math.Max(1, (int)Math.Round(model.Info.Steps * StepShare(tier)));

    /// <summary>Steps of a tier, as a share of the model's own.</summary>
    internal static double StepShare(QualityTier? tier) => tier switch
    {
        QualityTier.Standard => 0.6,
        QualityTier.Master => 1.25,
        _ => 1,
    };

    /// <summary>Width and height of a request, pixels: as given, or as tier and proportions ask.</summary>
    internal static (int Width, int Height) Size(List<RequestProblem> wrong, VideoRequest request, Checkpoint model)
    {
        var info = model.Info;
        bool given = request.Width is not null || request.Height is not null;
        if (request.Aspect is not null && given)
        {
            wrong.Add(new("aspect", "this and a width or height are given; leave one of the two out."));
        }

        if (given || (request.Aspect is null && request.Tier is null))
        {
            return (request.Width ?? info.Width, request.Height ?? info.Height);
        }

        double ratio = (double)info.Width / info.Height;
        if (request.Aspect is { } text)
        {
            if (Parse(text) is not { } asked)
            {
                wrong.Add(new("aspect", $"'{text}' is not possible; it takes two numbers with a colon between them, such as 16:9, not more than 4 times as long as wide."));
                return (info.Width, info.Height);
            }

            ratio = asked;
        }

        long own = (long)info.Width * info.Height;
        return Near(model, ratio, request.Tier is { } tier && !IsBelowStandard(info) ? Pixels(tier) : own);
    }

    /// <summary>The size on a model's grid with as many pixels as its own, at proportions.</summary>
    internal static (int Width, int Height) Near(Checkpoint model, double ratio) => Near(model, ratio, (long)model.Info.Width * model.Info.Height);

    /// <summary>The largest size on a model's grid that is not larger; one cell at least.</summary>
    internal static (int Width, int Height) Within(Checkpoint model, double width, double height)
    {
        var (gridX, gridY) = Grid(model);
        return (Math.Max(1, (int)(width / gridX)) * gridX, Math.Max(1, (int)(height / gridY)) * gridY);
    }

    static (int Width, int Height) Near(Checkpoint model, double ratio, long pixels)
    {
        if (pixels is StandardPixels or ProPixels)
        {
            // The published sizes rather than what rounding would make of them.
            var (longer, shorter) = pixels == StandardPixels ? (832, 480) : (1280, 720);
            if (Math.Abs(Math.Max(ratio, 1 / ratio) / Wide - 1) < AsGoodAs)
            {
                return ratio > 1 ? OnGrid(model, longer, shorter) : OnGrid(model, shorter, longer);
            }
        }

        return OnGrid(model, Math.Sqrt(pixels * ratio), Math.Sqrt(pixels / ratio));
    }

    static (int Width, int Height) OnGrid(Checkpoint model, double width, double height)
    {
        var (gridX, gridY) = Grid(model);
        return (Nearest(width, gridX), Nearest(height, gridY));
    }

    static (int X, int Y) Grid(Checkpoint model) =>
        (model.Vae!.SpatialFactor * model.Transformer!.Patch.W, model.Vae.SpatialFactor * model.Transformer.Patch.H);

    static double? Parse(string text)
    {
        string[] sides = text.Split(':');
        return sides.Length == 2
            && double.TryParse(sides[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double width)
            && double.TryParse(sides[1], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double height)
            && width / height is >= 0.25 and <= 4
            ? width / height
            : null;
    }

    static int Nearest(double side, int grid) => Math.Max(1, (int)Math.Round(side / grid)) * grid;
}
