using System.Runtime.InteropServices;
using Engine.Kernels;
using Microsoft.Win32.SafeHandles;

namespace Engine.Model.Vae.Tiling;

/// <summary>Frames of floats in a temporary file, read and written a row at a time, in any order.</summary>
/// <remarks>A frame is [H, W, C]; values never written read as 0. On a dry-run device there is no file.</remarks>
sealed class Spool : IDisposable
{
    readonly SafeFileHandle? _file;
    readonly string _folder;
    readonly int _height;
    readonly int _width;
    readonly int _channels;
    readonly float[] _row;
    readonly HostMirror _host = new();
    long _end;

    public Spool(Device device, string folder, int height, int width, int channels)
    {
        _folder = folder;
        _height = height;
        _width = width;
        _channels = channels;
        _row = device.IsDry ? [] : new float[width * channels];
        if (device.IsDry)
        {
            return;
        }

        string path = Path.Combine(folder, $"engine-{Guid.NewGuid():N}.tmp");
        try
        {
            // Elsewhere than on Windows an open file outlives its name, so that not even a killed process leaves one behind.
            var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
            _file = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, options);
            if (!OperatingSystem.IsWindows())
            {
                File.Delete(path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw Failed(e);
        }
    }

    /// <summary>Writes a run of values into a row of a frame.</summary>
    public void Write(int frame, int row, int column, ReadOnlySpan<float> values)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        long at = Offset(frame, row, column);
        try
        {
            RandomAccess.Write(_file!, bytes, at);
        }
        catch (IOException e)
        {
            throw Failed(e);
        }

        _end = Math.Max(_end, at + bytes.Length);
    }

    /// <summary>Writes a whole frame [H, W, C]; does nothing on a dry-run device.</summary>
    public void Write(int frame, Tensor values)
    {
        var all = _host.Read(values);
        for (int y = 0; y < _height && !values.Device.IsDry; y++)
        {
            Write(frame, y, 0, all.Slice(y * _width * _channels, _width * _channels));
        }
    }

    /// <summary>Reads a whole frame [H, W, C]; does nothing on a dry-run device.</summary>
    public void Read(int frame, Tensor values)
    {
        var all = _host.ToWrite(values);
        for (int y = 0; y < _height && !values.Device.IsDry; y++)
        {
            Read(frame, y, 0, all.Slice(y * _width * _channels, _width * _channels));
        }

        _host.Written(values);
    }

    /// <summary>Adds weighted values to a row of a frame.</summary>
    /// <param name="frame">Frame.</param>
    /// <param name="row">Row.</param>
    /// <param name="column">First pixel.</param>
    /// <param name="values">Values of some pixels.</param>
    /// <param name="rowWeight">Weight of all of them.</param>
    /// <param name="columnWeights">Weight of each pixel.</param>
    public void Add(int frame, int row, int column, ReadOnlySpan<float> values, float rowWeight, ReadOnlySpan<float> columnWeights)
    {
        var sums = _row.AsSpan(0, values.Length);
        Read(frame, row, column, sums);
        for (int x = 0, i = 0; x < columnWeights.Length; x++)
        {
            float weight = rowWeight * columnWeights[x];
            for (int c = 0; c < _channels; c++, i++)
            {
                sums[i] += weight * values[i];
            }
        }

        Write(frame, row, column, sums);
    }

    /// <summary>Reads a run of values of a row of a frame.</summary>
    public void Read(int frame, int row, int column, Span<float> values)
    {
        var bytes = MemoryMarshal.AsBytes(values);
        long at = Offset(frame, row, column);
        int stored = (int)Math.Clamp(_end - at, 0, bytes.Length);
        bytes[stored..].Clear();
        try
        {
            for (int done = 0; done < stored;)
            {
                int now = RandomAccess.Read(_file!, bytes[done..stored], at + done);
                done += now > 0 ? now : throw new EndOfStreamException("the file became shorter");
            }
        }
        catch (IOException e)
        {
            throw Failed(e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    long Offset(int frame, int row, int column) => ((((((long)frame * _height) + row) * _width) + column) * _channels) * sizeof(float);

    EngineException Failed(Exception e) => new(
        ErrorKind.BadOutput, $"The VAE's temporary file in {_folder} failed: {e.Message} Choose another folder, or more memory so that no tiles are needed.", e);
}
