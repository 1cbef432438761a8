using Engine.Model.Checkpoints;

namespace Engine.Runtime;

/// <summary>The size of a clip that is made from another one, where none is asked for.</summary>
/// <remarks>
/// A source that has no more pixels than the model's own size keeps its size but for what is cut off to fit the grid, so that nothing is
/// scaled; a larger one is brought to as many pixels as the model's own size has, at its own proportions. Room around it counts on top.
/// After preprocess_conditions, pipeline_wan_vace.py of huggingface/diffusers @ 58eb52c0803ea9af3abec60841c2a093bdf1f951, which however
/// makes portrait clips as low as landscape ones.
/// </remarks>
static class SourceSize
{
    /// <summary>Width and height, pixels, on the model's grid.</summary>
    /// <param name="notes">Receives what was decided, where it is not the model's own size.</param>
    /// <param name="request">Names neither size nor proportions nor tier.</param>
    /// <param name="source">The clip.</param>
    /// <param name="model">The model.</param>
    public static (int Width, int Height) Of(List<string> notes, VideoRequest request, SourceClip source, Checkpoint model)
    {
        var (width, height) = source.Size();
        var room = request.Expand ?? default;
        double pixels = (double)model.Info.Width * model.Info.Height;
        bool fits = (double)width * height <= pixels;
        double scale = fits ? 1 : Math.Sqrt(pixels / ((double)width * height));
        double wide = scale * (width + room.Left + room.Right);
        double high = scale * (height + room.Top + room.Bottom);
        var size = !fits && room == default ? QualityTiers.Near(model, (double)width / height) : QualityTiers.Within(model, wide, high);
        if (size != (model.Info.Width, model.Info.Height))
        {
            notes.Add($"{size.Width}x{size.Height} follows the source's {width}x{height}{(room == default ? "" : " and the room around it")}.");
        }

        return size;
    }
}
