namespace Engine.Model.Weights;

/// <summary>The two 8-bit float formats, widened exactly.</summary>
static class Float8
{
    /// <summary>1 sign, 5 exponent (bias 15), 2 mantissa bits: the upper byte of an IEEE half.</summary>
    public static float FromE5M2(byte bits) => (float)BitConverter.UInt16BitsToHalf((ushort)(bits << 8));

    /// <summary>1 sign, 4 exponent (bias 7), 3 mantissa bits; no infinities, NaN is all ones ("fn").</summary>
    public static float FromE4M3(byte bits)
    {
        int exponent = (bits >> 3) & 15;
        int mantissa = bits & 7;
        float magnitude = (exponent, mantissa) switch
        {
            (15, 7) => float.NaN,
            (0, _) => mantissa * (1f / 512),
            _ => BitConverter.UInt32BitsToSingle((uint)(((exponent + 120) << 23) | (mantissa << 20))),
        };
        return (bits & 128) == 0 ? magnitude : -magnitude;
    }
}
