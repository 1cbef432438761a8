using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Text;

/// <summary>Prompt embeddings of earlier runs, on disk, so that a prompt is encoded once per model.</summary>
/// <remarks>
/// An entry is found by the ids of the prompt and the identity of the encoder: a sample of its weights, its sizes, and the
/// kernels that computed it, so that a cached embedding is the one that would be computed. Entries are written beside and
/// renamed, carry a checksum, and are ignored when damaged; the oldest ones go when the folder gets too large. Trouble with
/// the folder never stops a generation: it is reported through <see cref="Problem"/>. Safe to share between processes.
/// </remarks>
public sealed class EmbeddingCache
{
    /// <summary>Size that a cache is kept under by default, bytes: some sixty prompts of the largest encoder.</summary>
    public const long DefaultMaxBytes = 256L << 20;

    const string Extension = ".embedding";
    const int SampleBytes = 256;
    const int HeaderBytes = 16;

    readonly string _folder;
    readonly long _maxBytes;

    /// <summary>Opens a cache; the folder is made when the first entry is written.</summary>
    /// <param name="folder">Where entries are kept.</param>
    /// <param name="maxBytes">Size that the folder is kept under.</param>
    public EmbeddingCache(string folder, long maxBytes = DefaultMaxBytes)
    {
        _folder = folder;
        _maxBytes = maxBytes;
    }

    /// <summary>What last went wrong with the folder, or null.</summary>
    public string? Problem { get; private set; }

    static ReadOnlySpan<byte> Magic => "EMBED001"u8;

    /// <summary>The folder of the user's cache that entries are kept in by default; null when there is none.</summary>
    public static string? DefaultFolder => CacheFolder.Of("embeddings");

    /// <summary>A name for an encoder: equal only for the same weights, sizes, instruction set and kernels.</summary>
    /// <remarks>Of every tensor the beginning and the middle count, so that 11 GB are told apart in milliseconds.</remarks>
    public static string Identify(IWeightSource source, TextEncoderConfig config, Device device)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string arithmetic = device is CpuDevice cpu ? cpu.Isa.ToString() : device.Name;
        hash.AppendData(Encoding.UTF8.GetBytes($"{config} {arithmetic} {typeof(Linear).Assembly.ManifestModule.ModuleVersionId}"));
        byte[] sample = new byte[SampleBytes];
        foreach (var tensor in source.Tensors.OrderBy(t => t.Name, StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"\n{tensor.Name} {tensor.Type} [{string.Join(',', tensor.Shape)}] "));
            foreach (long offset in (long[])[0, tensor.Bytes / 2])
            {
                var part = sample.AsSpan(0, (int)Math.Min(SampleBytes, tensor.Bytes - offset));
                source.Read(tensor, offset, part);
                hash.AppendData(part);
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Fills an embedding from the cache; false when it is not there or damaged.</summary>
    /// <param name="identity">The encoder, by <see cref="Identify"/>.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="embedding">[ids, DModel].</param>
    public bool TryRead(string identity, ReadOnlySpan<int> ids, Tensor embedding)
    {
        string path = PathOf(identity, ids);
        try
        {
            if (!File.Exists(path))
            {
                return false;
            }

            byte[] entry = File.ReadAllBytes(path);
            int bytes = checked((int)embedding.Count * sizeof(float));
            if (entry.Length != HeaderBytes + bytes + SHA256.HashSizeInBytes
                || !entry.AsSpan(0, HeaderBytes).SequenceEqual(Header(embedding))
                || !SHA256.HashData(entry.AsSpan(0, HeaderBytes + bytes)).AsSpan().SequenceEqual(entry.AsSpan(HeaderBytes + bytes)))
            {
                return false;
            }

            embedding.CopyFrom(MemoryMarshal.Cast<byte, float>(entry.AsSpan(HeaderBytes, bytes)));
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
            return false;
        }
    }

    /// <summary>Keeps an embedding; false, with <see cref="Problem"/> set, when the folder does not let it.</summary>
    /// <param name="identity">The encoder, by <see cref="Identify"/>.</param>
    /// <param name="ids">The prompt.</param>
    /// <param name="embedding">[ids, DModel].</param>
    public bool Write(string identity, ReadOnlySpan<int> ids, Tensor embedding)
    {
        int bytes = checked((int)embedding.Count * sizeof(float));
        byte[] entry = new byte[HeaderBytes + bytes + SHA256.HashSizeInBytes];
        Header(embedding).CopyTo(entry, 0);
        embedding.CopyTo(MemoryMarshal.Cast<byte, float>(entry.AsSpan(HeaderBytes, bytes)));
        SHA256.HashData(entry.AsSpan(0, HeaderBytes + bytes), entry.AsSpan(HeaderBytes + bytes));
        string path = PathOf(identity, ids);
        string beside = $"{path}.{Environment.ProcessId}.{Guid.NewGuid():N}.tmp";
        try
        {
            Directory.CreateDirectory(_folder);
            File.WriteAllBytes(beside, entry);
            File.Move(beside, path, overwrite: true);
            Shrink(path);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
            Forget(beside);
            return false;
        }
    }

    static byte[] Header(Tensor embedding)
    {
        byte[] header = new byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(8), embedding.Rows);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(12), embedding.Columns);
        return header;
    }

    string PathOf(string identity, ReadOnlySpan<int> ids)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(identity));
        hash.AppendData(MemoryMarshal.AsBytes(ids));
        return Path.Combine(_folder, Convert.ToHexStringLower(hash.GetHashAndReset()) + Extension);
    }

    /// <summary>Removes the entries that were used longest ago, and what crashed writers left, until the folder is small enough.</summary>
    void Shrink(string keep)
    {
        var files = new DirectoryInfo(_folder).EnumerateFiles($"*{Extension}*").OrderByDescending(f => f.LastWriteTimeUtc).ToList();
        long sum = 0;
        foreach (var file in files)
        {
            sum += file.Length;
            bool left = file.Extension == ".tmp" && file.LastWriteTimeUtc < DateTime.UtcNow.AddHours(-1);
            if ((sum > _maxBytes && file.FullName != Path.GetFullPath(keep)) || left)
            {
                Forget(file.FullName);
            }
        }
    }

    // Another process may have removed it, or be reading it: then it goes next time.
    void Forget(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            Problem = e.Message;
        }
    }
}
