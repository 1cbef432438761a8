using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Testing;

/// <summary>Tensors and weights whose last byte is followed by a page that must not be touched: reading past the end faults.</summary>
/// <remarks>Where the system has no <c>mmap</c>, plain memory is used and overreads go unseen.</remarks>
public sealed unsafe partial class GuardedMemory(Device device) : IDisposable
{
    const int Read = 1;
    const int Write = 2;
    const int Private = 2;

    readonly List<(nint Address, nuint Bytes)> _maps = [];

    /// <summary>The device that the tensors claim to live on.</summary>
    public Device Device { get; } = device;

    /// <summary>A tensor of evenly spread values from -1 to 1.</summary>
    public Tensor Noise(Shape shape, int seed, float spread = 1)
    {
        var tensor = Empty(shape);
        var random = new Random(seed);
        foreach (ref float value in tensor.Span)
        {
            value = ((random.NextSingle() * 2) - 1) * spread;
        }

        return tensor;
    }

    /// <summary>A tensor filled with NaN, so that what is not written shows.</summary>
    public Tensor Empty(Shape shape)
    {
        var tensor = new Tensor(Block(shape.Count * sizeof(float)), 0, shape);
        tensor.Fill(float.NaN);
        return tensor;
    }

    /// <summary>A copy of a tensor.</summary>
    public Tensor Copy(Tensor source)
    {
        var tensor = Empty(source.Shape);
        tensor.CopyFrom(source);
        return tensor;
    }

    /// <summary>A weight matrix of values from -1 to 1, rounded (towards zero) to its type.</summary>
    public Weight Weights(DType type, int rows, int columns, int seed, float scale = 1)
    {
        var storage = Block(type.Bytes((long)rows * columns));
        var random = new Random(seed);
        for (long i = 0; i < (long)rows * columns; i++)
        {
            float value = (random.NextSingle() * 2) - 1;
            switch (type)
            {
                case DType.F32:
                    ((float*)storage.Address)[i] = value;
                    break;
                case DType.BF16:
                    ((ushort*)storage.Address)[i] = (ushort)(BitConverter.SingleToUInt32Bits(value) >> 16);
                    break;
                case DType.F16:
                    ((Half*)storage.Address)[i] = (Half)value;
                    break;
                case DType.F8E4M3:
                    // Any byte but the two NaNs: 0x7F and 0xFF.
                    byte bits = (byte)random.Next(256);
                    storage.Address[i] = (bits & 0x7F) == 0x7F ? (byte)0 : bits;
                    break;
                default:
                    storage.Address[i] = (byte)(BitConverter.HalfToUInt16Bits((Half)value) >> 8);
                    break;
            }
        }

        return new Weight(storage, type, rows, columns, scale);
    }

    /// <summary>A block that ends at a guard page.</summary>
    public Storage Block(long bytes)
    {
        nuint page = (nuint)Environment.SystemPageSize;
        nuint held = ((nuint)bytes + page - 1) / page * page;
        byte* address;
        if (OperatingSystem.IsLinux())
        {
            // MAP_PRIVATE | MAP_ANONYMOUS, one page more than needed.
            address = (byte*)Map(null, held + page, Read | Write, Private | 0x20, -1, 0);
            if (address == (byte*)-1 || Protect(address + held, page, 0) != 0)
            {
                throw new InvalidOperationException("No memory for a guarded block.");
            }

            _maps.Add(((nint)address, held + page));
        }
        else
        {
            address = (byte*)NativeMemory.Alloc(held + page);
            _maps.Add(((nint)address, 0));
        }

        return new Storage(Device, address + held - bytes, bytes);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (address, bytes) in _maps)
        {
            if (bytes == 0)
            {
                NativeMemory.Free((void*)address);
            }
            else
            {
                _ = Unmap((void*)address, bytes);
            }
        }

        _maps.Clear();
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial void* Map(void* address, nuint bytes, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "mprotect")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Protect(void* address, nuint bytes, int protection);

    [LibraryImport("libc", EntryPoint = "munmap")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Unmap(void* address, nuint bytes);
}
