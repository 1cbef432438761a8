using System.Runtime.InteropServices;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Global memory of a simulated GPU. An access outside what was allocated throws, as does one that is not aligned.</summary>
sealed class SimMemory
{
    const int Gap = 512;

    byte[] _bytes = new byte[1 << 16];
    bool[] _valid = new bool[1 << 16];
    int _top = Gap;

    /// <summary>A block of values; its address is a multiple of 256.</summary>
    /// <remarks>Whole words may be read, as devices allocate in units of 256 bytes.</remarks>
    public ulong Put<T>(ReadOnlySpan<T> values)
        where T : unmanaged
    {
        var source = MemoryMarshal.AsBytes(values);
        int at = _top;
        int held = (source.Length + 3) / 4 * 4;
        _top = (at + held + Gap + 255) / 256 * 256;
        if (_top > _bytes.Length)
        {
            int size = Math.Max(_top, 2 * _bytes.Length);
            Array.Resize(ref _bytes, size);
            Array.Resize(ref _valid, size);
        }

        source.CopyTo(_bytes.AsSpan(at));
        _bytes.AsSpan(at + source.Length, held - source.Length).Fill(0xA5);
        _valid.AsSpan(at, held).Fill(true);
        return (ulong)at;
    }

    /// <summary>A block of so many f32 values, filled with NaN so that what is not written shows.</summary>
    public ulong Blank(int count)
    {
        float[] values = new float[count];
        Array.Fill(values, float.NaN);
        return Put<float>(values);
    }

    /// <summary>Values of a block.</summary>
    public T[] Get<T>(ulong address, int count)
        where T : unmanaged => MemoryMarshal.Cast<byte, T>(_bytes.AsSpan((int)address))[..count].ToArray();

    /// <summary>Bytes of an access, checked.</summary>
    public Span<byte> At(ulong address, int bytes)
    {
        if (address > int.MaxValue || (int)address + bytes > _bytes.Length || address % (ulong)bytes != 0
            || !_valid[(int)address] || !_valid[(int)address + bytes - 1])
        {
            throw new InvalidOperationException($"access of {bytes} bytes at {address}, outside every block or not aligned");
        }

        return _bytes.AsSpan((int)address, bytes);
    }
}
