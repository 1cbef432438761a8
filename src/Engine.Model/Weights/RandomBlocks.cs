using System.Buffers.Binary;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Random values in GGUF's block formats, made as blocks: there is nothing to quantise.</summary>
public static class RandomBlocks
{
    // Uniform integers: standard deviations of -127..127 and of 0..15.
    const float ByteDeviation = 73.3f;
    const float NibbleDeviation = 4.61f;
    const float NibbleMean = 7.5f;

    // Every sub-block of Q4_K gets this scale and this minimum, so that 6 bits of each are in use.
    const int SubScale = 32;

    /// <summary>True for the formats that <see cref="Fill"/> knows.</summary>
    public static bool Makes(DType type) => type is DType.Q8_0 or DType.Q4_K;

    /// <summary>Fills whole blocks with random values around 0.</summary>
    /// <param name="type">Q8_0 or Q4_K.</param>
    /// <param name="blocks">The blocks' bytes.</param>
    /// <param name="deviation">Standard deviation of the values.</param>
    /// <param name="seed">Another seed gives other values.</param>
    /// <exception cref="ArgumentException">Another format, or not whole blocks.</exception>
    public static void Fill(DType type, Span<byte> blocks, float deviation, ulong seed)
    {
        if (!Makes(type) || blocks.Length % type.Block().Bytes != 0)
        {
            throw new ArgumentException($"{blocks.Length} bytes of {type} cannot be made; whole blocks of Q8_0 or Q4_K can.", nameof(type));
        }

        for (int i = 0; i < blocks.Length; i++)
        {
            blocks[i] = (byte)(RandomWeightSource.Mix(seed + 1 + (ulong)i) >> 40);
        }

        int bytes = type.Block().Bytes;
        for (int at = 0; at < blocks.Length; at += bytes)
        {
            Scales(type, blocks.Slice(at, bytes), deviation);
        }
    }

    static void Scales(DType type, Span<byte> block, float deviation)
    {
        if (type == DType.Q8_0)
        {
            BinaryPrimitives.WriteHalfLittleEndian(block, (Half)(deviation / ByteDeviation));
            return;
        }

        // value = d scale q - dmin minimum. Of scales and minima, the first four lie in six bits each, with the upper bits of the last
        // four above them; the lower bits of those are 0 in 32.
        float d = deviation / (NibbleDeviation * SubScale);
        BinaryPrimitives.WriteHalfLittleEndian(block, (Half)d);
        BinaryPrimitives.WriteHalfLittleEndian(block[2..], (Half)(d * NibbleMean));
        block.Slice(4, 8).Fill(SubScale | (SubScale >> 4 << 6));
        block.Slice(12, 4).Clear();
    }
}
