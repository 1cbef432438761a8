using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Runtime.Pipelines;

namespace Engine.Runtime.Jobs;

/// <summary>The file that a killed job goes on from: its latent, the sampler's history and the generator after some step.</summary>
/// <remarks>
/// The file is written beside itself and renamed, so that there is always a whole one; it ends in a SHA-256 of the rest.
/// One instance writes for one job and allocates only on its first write.
/// </remarks>
sealed class JobState : IDisposable
{
    const long MaxBytes = 16L << 30;
    static readonly byte[] s_magic = "engine job state 2\n"u8.ToArray();

    readonly string _path;
    readonly JobIdentity _identity;
    readonly MemoryStream _buffer = new();
    readonly HostMirror _host = new();
    readonly BinaryWriter _writer;
    readonly byte[] _checksum = new byte[SHA256.HashSizeInBytes];

    /// <summary>Prepares to write states of one job.</summary>
    public JobState(string path, JobIdentity identity)
    {
        _path = path;
        _identity = identity;
        _writer = new BinaryWriter(_buffer);
    }

    /// <summary>Fails early when the file could not be written later.</summary>
    /// <exception cref="EngineException">The folder is not there or takes no files.</exception>
    public static void RequireWritable(string path)
    {
        try
        {
            string probe = Temporary(path);
            using (new FileStream(probe, FileMode.Create, FileAccess.Write))
            {
            }

            File.Delete(probe);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw CannotWrite(path, e);
        }
    }

    /// <summary>Writes the state after a step.</summary>
    /// <param name="stepsDone">Steps of the grid that are done.</param>
    /// <param name="latent">The sampler's state.</param>
    /// <param name="scheduler">Whose history to keep.</param>
    /// <param name="random">The generator.</param>
    /// <param name="cache">The step cache, or null.</param>
    /// <exception cref="EngineException">The file cannot be written.</exception>
    public void Write(int stepsDone, Tensor latent, IScheduler scheduler, TorchRandom random, IStepCache? cache)
    {
        _buffer.SetLength(0);
        _writer.Write(s_magic);
        _identity.Write(_writer);
        _writer.Write(stepsDone);
        _writer.Write((int)latent.Count);
        _writer.Write(MemoryMarshal.AsBytes(_host.Read(latent)));
        scheduler.Save(_writer);
        random.Save(_writer);
        cache?.Save(_writer);
        _writer.Flush();
        SHA256.HashData(_buffer.GetBuffer().AsSpan(0, (int)_buffer.Length), _checksum);
        _writer.Write(_checksum);
        try
        {
            string temporary = Temporary(_path);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0))
            {
                file.Write(_buffer.GetBuffer(), 0, (int)_buffer.Length);
            }

            File.Move(temporary, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw CannotWrite(_path, e);
        }
    }

    /// <summary>Reads a state and puts it back into the parts of a job.</summary>
    /// <returns>Steps of the grid that are done.</returns>
    /// <exception cref="EngineException">The file is damaged, or belongs to another request or model (the message names the fields).</exception>
    public static int Restore(string path, JobIdentity identity, Tensor latent, IScheduler scheduler, TorchRandom random, IStepCache? cache)
    {
        byte[] bytes = ReadAll(path);
        try
        {
            using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - SHA256.HashSizeInBytes));
            reader.ReadBytes(s_magic.Length);
            RequireSame(path, JobIdentity.Read(reader), identity);
            int stepsDone = reader.ReadInt32();
            int count = reader.ReadInt32();
            if (count != latent.Count || stepsDone < 0 || stepsDone > scheduler.Timesteps.Count)
            {
                throw Damaged(path);
            }

            var host = new HostMirror();
            reader.BaseStream.ReadExactly(MemoryMarshal.AsBytes(host.ToWrite(latent)));
            host.Written(latent);
            scheduler.Restore(reader, latent.Device);
            random.Restore(reader);
            cache?.Restore(reader);
            return stepsDone;
        }
        catch (Exception e) when (e is EndOfStreamException or InvalidDataException or IOException or FormatException)
        {
            throw Damaged(path, e);
        }
    }

    /// <summary>Frees the buffer.</summary>
    public void Dispose() => _writer.Dispose();

    static byte[] ReadAll(string path)
    {
        byte[] bytes;
        try
        {
            if (new FileInfo(path).Length is var length && (length < s_magic.Length + SHA256.HashSizeInBytes || length > MaxBytes))
            {
                throw Damaged(path);
            }

            bytes = File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"Cannot read the job state '{path}': {e.Message}", e);
        }

        var body = bytes.AsSpan(0, bytes.Length - SHA256.HashSizeInBytes);
        if (!body.StartsWith(s_magic))
        {
            throw new EngineException(ErrorKind.BadInput, $"'{path}' is not a job state of this version; delete it, or give another file.");
        }

        return SHA256.HashData(body).AsSpan().SequenceEqual(bytes.AsSpan(body.Length)) ? bytes : throw Damaged(path);
    }

    static void RequireSame(string path, JobIdentity saved, JobIdentity asked)
    {
        var differences = asked.Differences(saved).ToArray();
        if (differences.Length > 0)
        {
            string listed = string.Join("; ", differences.Select(d => $"{d.Field} was {Shown(d.There)} and is now {Shown(d.Here)}"));
            throw new EngineException(ErrorKind.BadRequest, $"The job state '{path}' belongs to another job: {listed}. Ask for the same again, or start without it.");
        }
    }

    static string Shown(string value) => value.Length == 0 ? "not given" : value.Length > 40 ? $"'{value[..40]}...'" : $"'{value}'";

    static EngineException Damaged(string path, Exception? inner = null) =>
        new(ErrorKind.BadInput, $"The job state '{path}' is damaged; delete it and start again.", inner);

    static EngineException CannotWrite(string path, Exception e) =>
        new(ErrorKind.BadOutput, $"Cannot write the job state '{path}': {e.Message}", e);

    static string Temporary(string path) => path + ".new";
}
