using Engine.Runtime.Pipelines;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>What is taken off frames that go on from a clip, and what is left alone.</summary>
public sealed class ColourMatchTests
{
    const int Width = 128, Height = 96;

    [Fact]
    public void A_slow_change_of_colour_is_taken_off_where_it_is_and_what_moved_keeps_its_colours()
    {
        // The upper half drifts by one colour, the lower by another, and a bright thing goes from left to right.
        byte[] reference = Frame((c, x, y) => Thing(c, x, y, 16) ?? Scene(c, x, y));
        byte[] want = Frame((c, x, y) => Thing(c, x, y, 80) ?? Scene(c, x, y));
        byte[] got = Frame((c, x, y) => (Thing(c, x, y, 80) ?? Scene(c, x, y)) + (y < 48 ? 6 : -9 + (3 * c)));
        double before = Mean(want, got, 20);
        new ColourMatch(reference, Width, Height).Apply(got);
        Assert.InRange(before, 5, 10);
        Assert.InRange(Mean(want, got, 0), 0, 1.5);
        Assert.InRange(Mean(want, got, 20), 0, 0.5);
    }

    [Fact]
    public void Another_scene_is_left_alone()
    {
        byte[] got = Frame((c, x, y) => ((x * 37) + (y * 91) + (c * 50)) % 256);
        byte[] before = [.. got];
        new ColourMatch(Frame(Scene), Width, Height).Apply(got);
        Assert.Equal(before, got);
    }

    [Fact]
    public void No_pixel_changes_by_more_than_the_bound()
    {
        byte[] got = Frame((c, x, y) => Scene(c, x, y) + 20);
        new ColourMatch(Frame(Scene), Width, Height).Apply(got);
        Assert.All(Enumerable.Range(0, got.Length), i => Assert.Equal(Scene(i % 3, i / 3 % Width, i / 3 / Width) + 20 - ColourMatch.Most, got[i], 1.0));
    }

    static int Scene(int c, int x, int y) => 90 + (10 * c) + (y / 3) + ((x / 4 % 3) * 5);

    static int? Thing(int c, int x, int y, int at) => x >= at && x < at + 16 && y is >= 40 and < 56 ? 230 - (60 * c) : null;

    static byte[] Frame(Func<int, int, int, int> value) =>
        [.. Enumerable.Range(0, Width * Height * 3).Select(i => (byte)value(i % 3, i / 3 % Width, i / 3 / Width))];

    // Mean difference, without the columns around both places of the thing where asked.
    static double Mean(byte[] a, byte[] b, int margin) => Enumerable.Range(0, a.Length)
        .Where(i => margin == 0 || i / 3 % Width is var x && !(x > 16 - margin && x < 32 + margin) && !(x > 80 - margin && x < 96 + margin))
        .Average(i => Math.Abs(a[i] - b[i]));
}
