namespace Engine.Runtime.Tests.Motion;

/// <summary>Pictures of one thing on a plain ground, drawn roughly as the built-in model was taught.</summary>
public sealed record PlainScene(
    string Prompt, string Shape, (int R, int G, int B) Colour, (int R, int G, int B) Sky, (int R, int G, int B) Ground, double X, double Y, double Radius)
{
    public const int Side = 128;

    // Fewer pixels of the thing's colour than this are not the thing.
    const int FewestPixels = 60;
    const double ColourRadius = 90;
    const int SamplesPerSide = 4;

    static readonly (string Name, (int, int, int) Rgb)[] s_colours =
        [("red", (214, 40, 40)), ("blue", (40, 80, 220)), ("purple", (140, 50, 190)), ("black", (25, 25, 28))];

    static readonly (string Name, (int, int, int) Sky, (int, int, int) Ground)[] s_places =
    [
        ("in a meadow", (110, 170, 235), (96, 160, 70)),
        ("in a desert", (235, 150, 95), (215, 180, 120)),
        ("on a snow field", (150, 160, 175), (222, 228, 238)),
        ("in a studio", (205, 200, 205), (180, 176, 182)),
        ("in a meadow", (110, 170, 235), (96, 160, 70)),
    ];

    static readonly string[] s_shapes = ["ball", "cube", "pyramid", "ball"];

    /// <summary>Twenty scenes: four colours in five places, shapes in turn.</summary>
    public static IReadOnlyList<PlainScene> All { get; } = [.. Enumerable.Range(0, 20).Select(Make)];

    /// <summary>The picture [128, 128, 3].</summary>
    public byte[] Picture()
    {
        var rgb = new byte[Side * Side * 3];
        for (int i = 0; i < Side * Side; i++)
        {
            double r = 0, g = 0, b = 0;
            for (int s = 0; s < SamplesPerSide * SamplesPerSide; s++)
            {
                var at = At((i % Side) + (((s % SamplesPerSide) + 0.5) / SamplesPerSide), (i / Side) + (((s / SamplesPerSide) + 0.5) / SamplesPerSide));
                (r, g, b) = (r + at.R, g + at.G, b + at.B);
            }

            const int Samples = SamplesPerSide * SamplesPerSide;
            (rgb[i * 3], rgb[(i * 3) + 1], rgb[(i * 3) + 2]) = (Byte(r / Samples), Byte(g / Samples), Byte(b / Samples));
        }

        return rgb;
    }

    /// <summary>The thing as a mask picture [128, 128, 3], drawn a little too large, as by hand.</summary>
    public byte[] Mask() => Grey(i => Inside((i % Side) + 0.5, (i / Side) + 0.5, Radius + 2));

    /// <summary>A mask picture that is white in the uppermost rows.</summary>
    public static byte[] Top(int rows) => Grey(i => i / Side < rows);

    /// <summary>Centre of what has the thing's colour rather than that of its surroundings; null where too little has.</summary>
    public (double X, double Y)? Centroid(ReadOnlySpan<byte> frame)
    {
        double x = 0, y = 0;
        int count = 0;
        var empty = this with { X = -1000 };
        for (int i = 0; i < Side * Side; i++)
        {
            var (px, py) = ((i % Side) + 0.5, (i / Side) + 0.5);
            double near = Distance(frame, i, (Colour.R, Colour.G, Colour.B));
            if (near < ColourRadius && near < Distance(frame, i, empty.At(px, py)))
            {
                (x, y, count) = (x + px, y + py, count + 1);
            }
        }

        return count < FewestPixels ? null : (x / count, y / count);
    }

    static PlainScene Make(int i)
    {
        var (colour, rgb) = s_colours[i % 4];
        var (place, sky, ground) = s_places[i / 4];
        string shape = s_shapes[((i / 4) + i) % 4];
        return new PlainScene($"A {colour} {shape} {place}", shape, rgb, sky, ground, 60 + (i % 3 * 4), 62 + (i % 5 * 2), 13 + (i % 4));
    }

    (double R, double G, double B) At(double x, double y)
    {
        if (Inside(x, y, Radius))
        {
            double light = Shape == "ball" ? 1 - ((x - X + y - Y) / Radius / 4) : x > X + (Radius * 0.3) ? 0.7 : 1;
            return (Colour.R * light, Colour.G * light, Colour.B * light);
        }

        double horizon = 84 + (3 * Math.Sin(x / 19));
        if (y < horizon)
        {
            double pale = 0.35 * y / horizon;
            return (Sky.R + ((255 - Sky.R) * pale), Sky.G + ((255 - Sky.G) * pale), Sky.B + ((255 - Sky.B) * pale));
        }

        double shade = 1 - (0.12 * (y - horizon) / 40);
        return (Ground.R * shade, Ground.G * shade, Ground.B * shade);
    }

    bool Inside(double x, double y, double radius)
    {
        var (dx, dy) = (x - X, y - Y);
        return Shape switch
        {
            "ball" => (dx * dx) + (dy * dy) <= radius * radius,
            "cube" => Math.Max(Math.Abs(dx), Math.Abs(dy)) <= radius * 0.9,
            _ => Math.Abs(dy) <= radius && Math.Abs(dx) <= (dy + radius) / 2,
        };
    }

    static byte[] Grey(Func<int, bool> white) => [.. Enumerable.Range(0, Side * Side * 3).Select(i => white(i / 3) ? (byte)255 : (byte)0)];

    static byte Byte(double value) => (byte)Math.Clamp(value + 0.5, 0, 255);

    static double Distance(ReadOnlySpan<byte> f, int i, (double R, double G, double B) c) =>
        Math.Sqrt(Math.Pow(f[i * 3] - c.R, 2) + Math.Pow(f[(i * 3) + 1] - c.G, 2) + Math.Pow(f[(i * 3) + 2] - c.B, 2));
}
