using Engine.Kernels;

namespace Engine.Runtime.Media;

/// <summary>Frames per second as the fraction that files store.</summary>
/// <param name="Numerator">Frames.</param>
/// <param name="Denominator">Seconds.</param>
public readonly record struct FrameRate(int Numerator, int Denominator)
{
    /// <summary>Frames per second.</summary>
    public double Value => (double)Numerator / Denominator;

    /// <summary>The fraction for a number: whole ones as they are, 23.976 and its kin as n*1000/1001, others in thousandths.</summary>
    /// <exception cref="EngineException">It is not between 0.1 and 1000.</exception>
    public static FrameRate From(double fps)
    {
        if (!(fps >= 0.1 && fps <= 1000))
        {
            throw new EngineException(ErrorKind.BadRequest, $"fps is {fps}; it must be between 0.1 and 1000.");
        }

        int whole = (int)Math.Round(fps);
        if (Math.Abs(fps - whole) < 1e-9)
        {
            return new FrameRate(whole, 1);
        }

        int above = (int)Math.Ceiling(fps);
        if (Math.Abs(fps - (above * 1000.0 / 1001)) < 5e-4)
        {
            return new FrameRate(above * 1000, 1001);
        }

        int thousandths = (int)Math.Round(fps * 1000);
        int common = GreatestDivisor(thousandths, 1000);
        return new FrameRate(thousandths / common, 1000 / common);
    }

    /// <inheritdoc/>
    public override string ToString() => $"{Numerator}/{Denominator}";

    static int GreatestDivisor(int a, int b) => b == 0 ? a : GreatestDivisor(b, a % b);
}
