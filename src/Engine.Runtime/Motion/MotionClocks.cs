using Engine.Model.Checkpoints;

namespace Engine.Runtime.Motion;

/// <summary>Where Time-to-Move's two clocks stand when a request does not say.</summary>
static class MotionClocks
{
    // Upstream's starting points for Wan: 3 and 7 of 50 steps for what is dragged, 2 and 5 for a camera.
    const double UpstreamSteps = 50;

    /// <summary>Step at which sampling starts, and step up to which what was dragged is put back.</summary>
    /// <param name="model">The model, which may name its own shares of the steps.</param>
    /// <param name="drags">True with regions, false for a camera alone.</param>
    /// <param name="steps">Steps of the sampler.</param>
    public static (int Tweak, int Strong) Default(ModelInfo model, bool drags, int steps)
    {
        var (tweak, strong) = model.MotionClocks ?? (drags ? (3 / UpstreamSteps, 7 / UpstreamSteps) : (2 / UpstreamSteps, 5 / UpstreamSteps));
        int first = Math.Clamp((int)Math.Round(tweak * steps), 0, steps - 1);
        return (first, Math.Clamp((int)Math.Round(strong * steps), first, steps));
    }
}
