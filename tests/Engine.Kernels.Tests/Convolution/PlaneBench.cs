namespace Engine.Kernels.Tests.Convolutions;

/// <summary>Planes and weights of reproducible noise, and the devices to run them on.</summary>
static class PlaneBench
{
    /// <summary>Every instruction set that this machine has.</summary>
    public static IEnumerable<Isa> Isas => Enum.GetValues<Isa>().Where(isa => isa <= CpuDevice.WidestPresent);

    /// <summary>A tensor of values between -1 and 1.</summary>
    public static Tensor Noise(Device device, Shape shape, int seed)
    {
        var random = new Random(seed);
        var tensor = device.NewTensor(shape);
        foreach (ref float value in tensor.Span)
        {
            value = (random.NextSingle() * 2) - 1;
        }

        return tensor;
    }

    /// <summary>A plane of noise; a border, if any, is zero.</summary>
    public static Plane NoisePlane(Device device, int height, int width, int channels, int border, int seed)
    {
        var inside = new Plane(Noise(device, [height, width, channels], seed));
        var plane = new Plane(device.NewTensor(Plane.ShapeOf(height, width, channels, border)), border);
        plane.Values.Fill(0);
        PixelPatch.Copy(device, inside, plane);
        return plane;
    }

    /// <summary>A plane full of a value that shows where nothing was written.</summary>
    public static Plane Blank(Device device, int height, int width, int channels, int border)
    {
        var plane = new Plane(device.NewTensor(Plane.ShapeOf(height, width, channels, border)), border);
        plane.Values.Fill(77);
        return plane;
    }

    /// <summary>An f32 weight matrix of noise.</summary>
    public static Weight NoiseWeight(Device device, int rows, int columns, int seed) =>
        new(Noise(device, [rows, columns], seed).Storage, DType.F32, rows, columns);

    /// <summary>Largest difference, relative to the largest value wanted.</summary>
    public static double Error(Plane got, Plane want)
    {
        double worst = 0;
        double largest = 0;
        float[] a = got.Values.ToArray();
        float[] b = want.Values.ToArray();
        for (int i = 0; i < a.Length; i++)
        {
            worst = Math.Max(worst, float.IsNaN(a[i]) ? double.PositiveInfinity : Math.Abs((double)a[i] - b[i]));
            largest = Math.Max(largest, b[i] == 77 ? 0 : Math.Abs(b[i]));
        }

        return worst / largest;
    }
}
