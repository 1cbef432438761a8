using Engine.Kernels;
using Engine.Runtime.Pipelines;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>What is taken off the new frames of an extension, and what is left alone.</summary>
public sealed class ColourHoldTests
{
    const int Channels = 4, Side = 8, Plane = Side * Side;

    [Fact]
    public void A_drift_of_a_still_scene_is_taken_off_and_what_moves_keeps_its_own_colour()
    {
        using var device = new CpuDevice(threads: 1);

        // A thing of 3 x 3 places moves; all the rest drifts by a little more in every frame.
        float Value(int c, int t, int i) => (i / Side is > 2 and < 6 && (i % Side) - t is >= 0 and < 3 ? 3f + c : Pattern(c, i)) + (t < 3 ? 0 : (t - 2) * 0.05f * (c + 1));
        using var clip = Clip(device, 7, Value);
        ColourHold.EndOf(clip, 3).Apply(clip, 3);
        float[] got = clip.ToArray();
        for (int c = 0; c < Channels; c++)
        {
            for (int t = 0; t < 7; t++)
            {
                Assert.Equal(Value(c, Math.Min(t, 2), 0), got[(((c * 7) + t) * Plane) + 0], 0.02f);
            }
        }
    }

    [Fact]
    public void A_scene_of_which_nothing_stays_is_left_alone()
    {
        using var device = new CpuDevice(threads: 1);
        using var clip = device.NewTensor([Channels, 6, Side, Side]);
        new TorchRandom(1).Normal(clip);
        Elementwise.Scale(device, clip, 3);
        float[] before = clip.ToArray();
        ColourHold.EndOf(clip, 3).Apply(clip, 3);
        Assert.Equal(before, clip.ToArray());
    }

    [Fact]
    public void A_change_larger_than_any_drift_stays_but_for_the_bound()
    {
        using var device = new CpuDevice(threads: 1);
        using var clip = Clip(device, 5, (c, t, i) => Pattern(c, i) + (t > 2 ? 2.5f : 0));
        ColourHold.EndOf(clip, 3).Apply(clip, 3);
        Assert.Equal(Pattern(0, 9) + 2.5f - ColourHold.Most, clip.ToArray()[(4 * Plane) + 9], 1e-4f);
    }

    static float Pattern(int c, int i) => (0.3f * (i / Side)) - (0.2f * c);

    static Tensor Clip(Device device, int frames, Func<int, int, int, float> value)
    {
        var clip = device.NewTensor([Channels, frames, Side, Side]);
        clip.CopyFrom(Enumerable.Range(0, Channels * frames * Plane).Select(k => value(k / Plane / frames, k / Plane % frames, k % Plane)).ToArray());
        return clip;
    }
}
