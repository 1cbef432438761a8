using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Engine.Kernels;

/// <summary>The Mersenne twister of 32-bit words that torch's CPU generator draws from.</summary>
/// <remarks>
/// M. Matsumoto and T. Nishimura, "Mersenne Twister: a 623-dimensionally equidistributed uniform pseudo-random
/// number generator", 1998. A seed fills the state with the paper's 2002 initialisation.
/// </remarks>
sealed unsafe class Mt19937
{
    /// <summary>Words of state.</summary>
    public const int Words = 624;

    const int Shift = 397;
    const uint Matrix = 0x9908b0df;
    const uint UpperBit = 0x80000000;

    readonly uint[] _state = new uint[Words];
    int _next = Words;

    /// <summary>Starts from the low 32 bits of a seed, as torch does.</summary>
    public Mt19937(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Words; i++)
        {
            uint before = _state[i - 1];
            _state[i] = (1812433253u * (before ^ (before >> 30))) + i;
        }
    }

    /// <summary>The next 32 random bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public uint Next()
    {
        if (_next == Words)
        {
            Twist();
        }

        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680;
        y ^= (y << 15) & 0xefc60000;
        return y ^ (y >> 18);
    }

    /// <summary>The next 64 random bits: the first word drawn is the upper half.</summary>
    public ulong Next64()
    {
        ulong upper = Next();
        return (upper << 32) | Next();
    }

    /// <summary>Writes the state and the place in it.</summary>
    public void Save(BinaryWriter writer)
    {
        foreach (uint word in _state)
        {
            writer.Write(word);
        }

        writer.Write(_next);
    }

    /// <summary>Restores what <see cref="Save"/> wrote.</summary>
    /// <exception cref="EngineException">The place lies outside the state.</exception>
    public void Restore(BinaryReader reader)
    {
        for (int i = 0; i < Words; i++)
        {
            _state[i] = reader.ReadUInt32();
        }

        int next = reader.ReadInt32();
        _next = next is >= 0 and <= Words
            ? next
            : throw new EngineException(ErrorKind.BadInput, $"The saved random state is damaged: it has {Words} words and cannot go on from word {next}.");
    }

    void Twist()
    {
        fixed (uint* s = _state)
        {
            // Word i needs words i+1 (still old) and i+397 (old up to i = 226, new from there on: at least 227 behind),
            // so that eight at a time never read what they write.
            int i = 0;
            for (; i <= Words - Shift - Vector256<uint>.Count; i += Vector256<uint>.Count)
            {
                TwistEight(s + i, s + i + Shift);
            }

            for (; i < Words - Shift; i++)
            {
                s[i] = TwistOne(s[i], s[i + 1], s[i + Shift]);
            }

            for (; i < Words - Vector256<uint>.Count; i += Vector256<uint>.Count)
            {
                TwistEight(s + i, s + i - (Words - Shift));
            }

            for (; i < Words - 1; i++)
            {
                s[i] = TwistOne(s[i], s[i + 1], s[i - (Words - Shift)]);
            }

            s[Words - 1] = TwistOne(s[Words - 1], s[0], s[Shift - 1]);
        }

        _next = 0;
    }

    static uint TwistOne(uint word, uint after, uint far)
    {
        uint y = (word & UpperBit) | (after & ~UpperBit);
        return far ^ (y >> 1) ^ ((y & 1) == 0 ? 0 : Matrix);
    }

    static void TwistEight(uint* word, uint* far)
    {
        var upper = Vector256.Create(UpperBit);
        var y = (Vector256.Load(word) & upper) | Vector256.AndNot(Vector256.Load(word + 1), upper);
        var odd = Vector256<uint>.Zero - (y & Vector256<uint>.One);
        (Vector256.Load(far) ^ (y >>> 1) ^ (odd & Vector256.Create(Matrix))).Store(word);
    }
}
