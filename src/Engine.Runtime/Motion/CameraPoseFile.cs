using System.Globalization;
using Engine.Kernels;

namespace Engine.Runtime.Motion;

/// <summary>Reads files of poses as RealEstate10K and CameraCtrl write them; see <see cref="CameraRequest.PosesFile"/>.</summary>
static class CameraPoseFile
{
    const long MaxBytes = 16 << 20;
    const double LargestNumber = 1e6;

    /// <summary>The first <paramref name="frames"/> poses of a file.</summary>
    /// <exception cref="RequestException">A line is no pose, or there are fewer than the clip has frames.</exception>
    /// <exception cref="EngineException">The file cannot be read.</exception>
    public static IReadOnlyList<CameraPose> Read(string path, int frames)
    {
        string[] lines = Lines(path);
        var poses = new List<CameraPose>();
        for (int i = 1; i < lines.Length && poses.Count < frames; i++)
        {
            if (lines[i].Trim() is { Length: > 0 } line)
            {
                poses.Add(Pose(path, i + 1, line));
            }
        }

        return poses.Count == frames
            ? poses
            : throw Wrong($"'{path}' has {poses.Count} poses, and the clip has {frames} frames; give a heading and one line for each frame, or ask for fewer frames.");
    }

    static CameraPose Pose(string path, int number, string line)
    {
        string[] parts = line.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        var row = new double[CameraPose.RowLength];
        for (int i = 0; i < row.Length; i++)
        {
            if (parts.Length != row.Length
                || !double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out row[i])
                || !(Math.Abs(row[i]) <= LargestNumber || i == 0))
            {
                throw Wrong($"line {number} of '{path}' is not a pose: {row.Length} numbers are expected (time, fx, fy, cx, cy, 0, 0, and world-to-camera 3x4 row by row).");
            }
        }

        var pose = CameraPose.FromRow(row);
        return row[1] > 0 && row[2] > 0 && IsRotation(pose.Rotation)
            ? pose
            : throw Wrong($"line {number} of '{path}' is not a pose: {(row[1] > 0 && row[2] > 0 ? "its 3x3 part is not a rotation" : "its focal lengths are not above 0")}.");
    }

    // R R^T = 1 to within the digits that such files have.
    static bool IsRotation(double[] r)
    {
        for (int i = 0; i < 9; i++)
        {
            var (a, b) = (i / 3 * 3, i % 3 * 3);
            double dot = (r[a] * r[b]) + (r[a + 1] * r[b + 1]) + (r[a + 2] * r[b + 2]);
            if (!(Math.Abs(dot - (a == b ? 1 : 0)) < 0.02))
            {
                return false;
            }
        }

        return true;
    }

    static string[] Lines(string path)
    {
        try
        {
            return new FileInfo(path).Length <= MaxBytes ? File.ReadAllLines(path) : throw Wrong($"'{path}' is too large for a file of poses; {MaxBytes >> 20} MiB is the limit.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"Cannot read the poses '{path}': {e.Message}", e);
        }
    }

    static RequestException Wrong(string message) => new("motion.camera.poses_file", message, ErrorKind.BadInput);
}
