using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Engine.Kernels;
using Engine.Model.Weights;
using Microsoft.Win32.SafeHandles;

namespace Engine.Runtime.Benchmarks;

/// <summary>Random weights in a temporary safetensors file, so that a benchmark reads them from the disk; deleted when disposed.</summary>
/// <remarks>
/// A process that is killed cannot delete its file. While one lives it holds a lock on it, so that the next benchmark tells
/// files that were left behind, and deletes them.
/// </remarks>
sealed partial class RandomCheckpoint : IDisposable
{
    const int ChunkBytes = 4 << 20;
    const int DontNeed = 4;

    // Enough for a rate that repeats, and soon done.
    const long MostPlain = 4L << 30;

    const string Prefix = "engine-bench-";
    const string Extension = ".safetensors";

    readonly string _path = Path.Combine(Path.GetTempPath(), $"{Prefix}{Guid.NewGuid():N}{Extension}");
    FileStream? _file;

    /// <summary>Writes the file.</summary>
    /// <param name="weights">What goes into it.</param>
    /// <param name="cancel">Stops the writing and deletes what was written.</param>
    /// <exception cref="RequestException">The type of the weights has no name in the format.</exception>
    /// <exception cref="EngineException">The disk is full or takes no files.</exception>
    public RandomCheckpoint(IWeightSource weights, CancellationToken cancel = default)
    {
        DeleteAbandoned(Path.GetTempPath());
        byte[] header = Header(weights);
        Bytes = weights.Tensors.Sum(t => t.Bytes);
        try
        {
            // Others may read it, and nobody can have it for himself as long as this stays open.
            var file = _file = new FileStream(_path, FileMode.CreateNew, FileAccess.Write, FileShare.Read | FileShare.Delete, bufferSize: 0);
            Span<byte> length = stackalloc byte[8];
            BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
            file.Write(length);
            file.Write(header);
            var chunk = new byte[ChunkBytes];
            foreach (var tensor in weights.Tensors)
            {
                for (long at = 0; at < tensor.Bytes; at += ChunkBytes)
                {
                    cancel.ThrowIfCancellationRequested();
                    var part = chunk.AsSpan(0, (int)Math.Min(ChunkBytes, tensor.Bytes - at));
                    weights.Read(tensor, at, part);
                    file.Write(part);
                }
            }

            file.Flush(flushToDisk: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Dispose();
            throw new EngineException(ErrorKind.BadOutput, $"Cannot write {Bytes / 1e9:0.0} GB of weights to '{_path}': {e.Message}", e);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes of all tensors.</summary>
    public long Bytes { get; }

    /// <summary>Opens the file.</summary>
    public IWeightSource Open() => SafetensorsFile.Open(_path);

    /// <summary>Asks the system to drop what it keeps of the file in memory, so that the next read comes from the disk (Linux only).</summary>
    public void Forget()
    {
        if (OperatingSystem.IsLinux())
        {
            using var handle = File.OpenHandle(_path);
            _ = Advise(handle, 0, 0, DontNeed);
        }
    }

    /// <summary>Reads the file's beginning from the disk, one piece after the other, and does nothing with it: what loading can be measured by.</summary>
    /// <returns>What was read, and how long it took.</returns>
    public (long Bytes, double Seconds) ReadPlainly(CancellationToken cancel)
    {
        Forget();
        using var file = File.OpenHandle(_path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var chunk = new byte[ChunkBytes];
        long at = 0;
        double seconds = BenchClock.Once(() =>
        {
            for (int got = 1; got > 0 && at < MostPlain; at += got)
            {
                cancel.ThrowIfCancellationRequested();
                got = RandomAccess.Read(file, chunk, at);
            }
        });
        return (at, seconds);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        File.Delete(_path);
        _file?.Dispose();
        _file = null;
    }

    /// <summary>Deletes the files of benchmarks that were killed; those of running ones are locked and stay.</summary>
    internal static void DeleteAbandoned(string folder)
    {
        foreach (string path in Directory.EnumerateFiles(folder, $"{Prefix}*{Extension}"))
        {
            try
            {
                using var mine = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
                File.Delete(path);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // In use, or another user's: not this one's to delete.
            }
        }
    }

    static byte[] Header(IWeightSource weights)
    {
        var json = new StringBuilder("{");
        long at = 0;
        foreach (var tensor in weights.Tensors)
        {
            json.Append(json.Length > 1 ? "," : "").Append(System.Globalization.CultureInfo.InvariantCulture,
                $"\"{tensor.Name}\":{{\"dtype\":\"{Name(tensor.Type)}\",\"shape\":[{string.Join(',', tensor.Shape)}],\"data_offsets\":[{at},{at + tensor.Bytes}]}}");
            at += tensor.Bytes;
        }

        return Encoding.UTF8.GetBytes(json.Append('}').ToString());
    }

    static string Name(DType type) => type switch
    {
        DType.F32 or DType.BF16 or DType.F16 => type.ToString(),
        DType.F8E4M3 => "F8_E4M3",
        _ => throw new RequestException("weights", $"{type} is not a type of safetensors files, which from_disk writes; it takes f32, bf16, f16 or fp8."),
    };

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);
}
