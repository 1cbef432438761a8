using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>Moves the bytes of tensors from a source to where they are computed with.</summary>
/// <remarks>Files are little-endian, and so is every machine the engine runs on.</remarks>
static unsafe class WeightReader
{
    // One read fills at most this much: long enough to be one disk request, short enough for a span.
    const int ChunkBytes = 64 << 20;

    // Readers of one matrix, and what one of them takes at a time: short enough that they end together.
    const int Readers = 2;
    const int PieceBytes = 1 << 20;

    // Smaller tensors are not worth a mapping of their own.
    const int MappedFrom = 1 << 20;

    // Values are widened through a buffer of this size, which stays in the second-level cache.
    const int WidenBytes = 64 << 10;

    static readonly ParallelOptions s_readers = new() { MaxDegreeOfParallelism = Readers };

    /// <summary>True for the types that can be widened to f32.</summary>
    public static bool CanWiden(DType type) => type.IsWeightType() || type == DType.F64;

    /// <summary>Fills a block with a tensor's bytes as they are stored; does nothing on a dry-run device.</summary>
    public static void Fill(IWeightSource source, TensorInfo tensor, Storage storage)
    {
        if (storage.Device.IsDry)
        {
            return;
        }

        if (storage.Device.IsCpu)
        {
            FillHost(source, tensor, storage.Address);
            return;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent((int)Math.Min(ChunkBytes, tensor.Bytes));
        for (long done = 0; done < tensor.Bytes;)
        {
            int now = (int)Math.Min(ChunkBytes, tensor.Bytes - done);
            source.Read(tensor, done, buffer.AsSpan(0, now));
            storage.Device.Upload(buffer.AsSpan(0, now), storage, done);
            done += now;
        }

        ArrayPool<byte>.Shared.Return(buffer);
    }

    /// <summary>A tensor in place in its file, its bytes brought into memory; null where it is small, or the source or the device maps nothing.</summary>
    /// <exception cref="WeightFileException">The file is shorter than its header said, or cannot be read.</exception>
    public static Storage? Map(IWeightSource source, TensorInfo tensor, Device device)
    {
        if (tensor.Bytes < MappedFrom || device is not CpuDevice cpu || source.Map(tensor, 0, tensor.Bytes, cpu) is not { } storage)
        {
            return null;
        }

        try
        {
            InPieces(tensor.Bytes, (at, bytes) =>
            {
                if (!storage.Fetch(at, bytes))
                {
                    // To read it brings it into the system's cache as well, and says what is wrong if it cannot be.
                    byte[] passing = ArrayPool<byte>.Shared.Rent(bytes);
                    source.Read(tensor, at, passing.AsSpan(0, bytes));
                    ArrayPool<byte>.Shared.Return(passing);
                }
            });
            return storage;
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    // Two readers: the system clears pages and copies for one while the disk serves the other (perf/records/text.md).
    static void FillHost(IWeightSource source, TensorInfo tensor, byte* target) =>
        InPieces(tensor.Bytes, (at, bytes) => source.Read(tensor, at, new Span<byte>(target + at, bytes)));

    static void InPieces(long bytes, Action<long, int> read)
    {
        long next = 0;
        void Read()
        {
            for (long at; (at = Interlocked.Add(ref next, PieceBytes) - PieceBytes) < bytes;)
            {
                read(at, (int)Math.Min(PieceBytes, bytes - at));
            }
        }

        if (bytes <= PieceBytes)
        {
            Read();
            return;
        }

        try
        {
            Parallel.For(0, Readers, s_readers, _ => Read());
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
    }

    /// <summary>Reads a tensor of floats into f32; does nothing on a dry-run device.</summary>
    public static void Widen(IWeightSource source, TensorInfo tensor, Tensor values)
    {
        if (values.Device.IsDry)
        {
            return;
        }

        if (tensor.Type == DType.F32)
        {
            Fill(source, tensor, values.Storage);
            return;
        }

        var (count, size) = tensor.Type.Block();
        int chunk = WidenBytes / size * size;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(chunk);
        float[] widened = ArrayPool<float>.Shared.Rent(chunk / size * count);
        try
        {
            for (long done = 0; done < tensor.Bytes;)
            {
                int now = (int)Math.Min(chunk, tensor.Bytes - done);
                var bytes = buffer.AsSpan(0, now);
                source.Read(tensor, done, bytes);
                var part = widened.AsSpan(0, now / size * count);
                Widen(tensor.Type, bytes, part);
                values.Device.Upload(MemoryMarshal.AsBytes(part), values.Storage, done / size * count * sizeof(float));
                done += now;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            ArrayPool<float>.Shared.Return(widened);
        }
    }

    /// <summary>Reads a tensor of one float.</summary>
    public static float One(IWeightSource source, TensorInfo tensor)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        Span<float> value = stackalloc float[1];
        bytes = bytes[..(int)tensor.Bytes];
        source.Read(tensor, 0, bytes);
        if (tensor.Type == DType.F32)
        {
            return BinaryPrimitives.ReadSingleLittleEndian(bytes);
        }

        Widen(tensor.Type, bytes, value);
        return value[0];
    }

    /// <summary>Widens stored values to f32.</summary>
    public static void Widen(DType type, ReadOnlySpan<byte> bytes, Span<float> values)
    {
        switch (type)
        {
            case DType.F32:
                MemoryMarshal.Cast<byte, float>(bytes).CopyTo(values);
                break;
            case DType.BF16:
                var upper = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = BitConverter.UInt32BitsToSingle((uint)upper[i] << 16);
                }

                break;
            case DType.F16:
                System.Numerics.Tensors.TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), values);
                break;
            case DType.F64:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = (float)BinaryPrimitives.ReadDoubleLittleEndian(bytes[(i * sizeof(double))..]);
                }

                break;
            case DType.F8E4M3:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = Float8.FromE4M3(bytes[i]);
                }

                break;
            case DType.F8E5M2:
                for (int i = 0; i < values.Length; i++)
                {
                    values[i] = Float8.FromE5M2(bytes[i]);
                }

                break;
            case var blocks when blocks.IsBlockType():
                BlockFormats.Expand(blocks, bytes, values);
                break;
            default:
                throw new ArgumentException($"{type} holds no floats.", nameof(type));
        }
    }
}
