namespace Engine.Kernels;

/// <summary>Activation functions: the specification in doubles, and vector forms of it.</summary>
static partial class ActivationMath
{
    /// <summary>The specification.</summary>
    public static double Reference(Activation activation, double v) => activation switch
    {
        Activation.GeluTanh => 0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))),
        Activation.GeluErf => 0.5 * v * Erfc(-v / Math.Sqrt(2)),
        Activation.Silu => v / (1 + Math.Exp(-v)),
        Activation.QuickGelu => v / (1 + Math.Exp(-1.702 * v)),
        _ => v,
    };

    /// <summary>1 - erf(x), to about 1e-15 relative where erf's series is used and 1e-13 in the tail.</summary>
    public static double Erfc(double x)
    {
        if (double.IsNaN(x))
        {
            return x;
        }

        if (x < 0)
        {
            return 2 - Erfc(-x);
        }

        return x < 2.5 ? 1 - ErfSeries(x) : x > 27 ? 0 : ErfcFraction(x);
    }

    // erf(x) = 2/sqrt(pi) exp(-x^2) sum_n 2^n x^(2n+1) / (1 3 5 ... (2n+1)); every term is positive.
    static double ErfSeries(double x)
    {
        double term = x;
        double sum = x;
        for (int n = 1; term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    // erfc(x) = exp(-x^2)/sqrt(pi) / (x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...)))), evaluated from the inside.
    static double ErfcFraction(double x)
    {
        double fraction = x;
        for (int n = 120; n > 0; n--)
        {
            fraction = x + (n / 2.0 / fraction);
        }

        return Math.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }
}
