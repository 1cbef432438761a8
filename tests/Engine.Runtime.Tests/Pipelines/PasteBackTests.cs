using Engine.Runtime.Media;
using Engine.Runtime.Pipelines;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Kept pixels are the source's own, and what a decoder changes of the colours shows no edge around what is new.</summary>
public sealed class PasteBackTests
{
    const int Width = 52, Height = 36;

    static readonly bool[] s_mask = [.. Enumerable.Range(0, Width * Height).Select(i => i % Width is >= 13 and < 31 && i / Width >= 11)];
    static readonly int[] s_drift = [9, -6, 3];

    [Fact]
    public void A_drift_of_the_decoder_is_taken_off_what_is_new_too()
    {
        // Another picture than the source under the mask; everything decoded with other colours.
        var source = Picture((_, i) => 90 + (i % 7));
        byte[] new_ = Picture((c, i) => s_mask[i] ? 40 + (20 * c) + (i % 5) : 90 + (i % 7)).Rgb;
        byte[] made = [.. new_.Select((value, i) => (byte)(value + s_drift[i % 3]))];
        PasteBack.Run(source, s_mask, made, even: true);
        for (int i = 0; i < made.Length; i++)
        {
            Assert.InRange(made[i] - (s_mask[i / 3] ? new_[i] : source.Rgb[i]), s_mask[i / 3] ? -1 : 0, s_mask[i / 3] ? 1 : 0);
        }
    }

    [Fact]
    public void Another_content_does_not_spread_beyond_a_bound_and_without_evening_nothing_new_changes()
    {
        byte[] made = new byte[Width * Height * 3];
        PasteBack.Run(Picture((_, _) => 255), s_mask, made, even: true);
        Assert.All(Enumerable.Range(0, made.Length), i => Assert.Equal(s_mask[i / 3] ? PasteBack.Most : 255, made[i]));
        Array.Clear(made);
        PasteBack.Run(Picture((_, _) => 255), s_mask, made, even: false);
        Assert.All(Enumerable.Range(0, made.Length), i => Assert.Equal(s_mask[i / 3] ? 0 : 255, made[i]));
    }

    [Fact]
    public void Where_all_is_new_nothing_changes()
    {
        byte[] made = Picture((c, i) => (c * 50) + (i % 9)).Rgb;
        byte[] before = [.. made];
        PasteBack.Run(Picture((_, _) => 7), [.. Enumerable.Repeat(true, Width * Height)], made, even: true);
        Assert.Equal(before, made);
    }

    static Image Picture(Func<int, int, int> value) =>
        new(Width, Height, [.. Enumerable.Range(0, Width * Height * 3).Select(i => (byte)value(i % 3, i / 3))]);
}
