namespace Engine.Runtime.Motion;

/// <summary>Where a camera is in one frame, and its lens.</summary>
/// <remarks>Axes: x to the right, y down, z forward. A point p of the camera is at R p + t in the world.</remarks>
/// <param name="Fx">Focal length over the width of the original picture.</param>
/// <param name="Fy">Focal length over the height of the original picture.</param>
/// <param name="Cx">Centre, fraction of the width.</param>
/// <param name="Cy">Centre, fraction of the height.</param>
/// <param name="Rotation">R, camera to world, 3x3 row by row.</param>
/// <param name="Position">t, the camera in the world.</param>
sealed record CameraPose(double Fx, double Fy, double Cx, double Cy, double[] Rotation, double[] Position)
{
    /// <summary>Values in a line of a pose file.</summary>
    public const int RowLength = 19;

    /// <summary>A pose from a line of a pose file: time, fx, fy, cx, cy, two zeros, world-to-camera 3x4 row by row.</summary>
    /// <param name="row"><see cref="RowLength"/> numbers, the rotation invertible.</param>
    public static CameraPose FromRow(ReadOnlySpan<double> row)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(row.Length, RowLength, nameof(row));
        var inverse = Invert(row[7..]);
        return new CameraPose(row[1], row[2], row[3], row[4], inverse.Rotation, inverse.Position);
    }

    /// <summary>The pose as seen from another: rays and warps count from the first frame's camera.</summary>
    public CameraPose RelativeTo(CameraPose first)
    {
        // R1^T R and R1^T (t - t1): rotations are inverted by transposing.
        var (r, t) = (new double[9], new double[3]);
        for (int i = 0; i < 3; i++)
        {
            for (int k = 0; k < 3; k++)
            {
                t[i] += first.Rotation[(k * 3) + i] * (Position[k] - first.Position[k]);
                for (int j = 0; j < 3; j++)
                {
                    r[(i * 3) + j] += first.Rotation[(k * 3) + i] * Rotation[(k * 3) + j];
                }
            }
        }

        return this with { Rotation = r, Position = t };
    }

    /// <summary>Focal lengths and centre in pixels of a clip.</summary>
    /// <remarks>
    /// What does not fit the clip's proportions of the original picture was cut away, which lengthens the focal length relative to
    /// what is left: process_pose_params, videox_fun/data/utils.py of aigc-apps/VideoX-Fun
    /// @ 804a4258e2608f855ccaec8fffa279e75a3b89c6 (Apache-2.0), whose original picture is 1280x720.
    /// </remarks>
    public (double Fx, double Fy, double Cx, double Cy) InPixels(int width, int height)
    {
        const double Original = 1280.0 / 720;
        double fx = Fx;
        double fy = Fy;
        if (Original > (double)width / height)
        {
            fx = height * Original * fx / width;
        }
        else
        {
            fy = width / Original * fy / height;
        }

        return (fx * width, fy * height, Cx * width, Cy * height);
    }

    // World to camera [R | t], inverted in general, so that files with rounded numbers do no harm.
    static (double[] Rotation, double[] Position) Invert(ReadOnlySpan<double> m)
    {
        double a = m[0], b = m[1], c = m[2], d = m[4], e = m[5], f = m[6], g = m[8], h = m[9], i = m[10];
        double determinant = (a * ((e * i) - (f * h))) - (b * ((d * i) - (f * g))) + (c * ((d * h) - (e * g)));
        double[] r =
        [
            ((e * i) - (f * h)) / determinant, ((c * h) - (b * i)) / determinant, ((b * f) - (c * e)) / determinant,
            ((f * g) - (d * i)) / determinant, ((a * i) - (c * g)) / determinant, ((c * d) - (a * f)) / determinant,
            ((d * h) - (e * g)) / determinant, ((b * g) - (a * h)) / determinant, ((a * e) - (b * d)) / determinant,
        ];
        double[] t =
        [
            -((r[0] * m[3]) + (r[1] * m[7]) + (r[2] * m[11])),
            -((r[3] * m[3]) + (r[4] * m[7]) + (r[5] * m[11])),
            -((r[6] * m[3]) + (r[7] * m[7]) + (r[8] * m[11])),
        ];
        return (r, t);
    }
}
