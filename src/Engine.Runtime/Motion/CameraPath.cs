namespace Engine.Runtime.Motion;

/// <summary>A camera request as one pose per frame.</summary>
static class CameraPath
{
    /// <summary>How far away the scene is taken to be, where no depth is known.</summary>
    public const double SceneDistance = 3;

    /// <summary>Amount of a move that gives none.</summary>
    public const double DefaultAmount = 0.5;

    // A lens as most clips of RealEstate10K have it, on which the camera models were trained; fractions of 1280x720.
    const double Fx = 0.532;
    const double Fy = Fx * 1280 / 720;

    const double PanDegrees = 40;
    const double RollDegrees = 60;
    const double OrbitDegrees = 60;
    const double Travel = SceneDistance / 2;

    /// <summary>One pose per frame, from a file or from moves.</summary>
    /// <exception cref="RequestException">The file of poses does not fit.</exception>
    public static IReadOnlyList<CameraPose> Poses(CameraRequest camera, int frames)
    {
        if (camera.PosesFile is { } file)
        {
            return CameraPoseFile.Read(file, frames);
        }

        var all = Moves(camera).ToArray();
        return [.. Enumerable.Range(0, frames).Select(i => At(all, frames == 1 ? 0 : (double)i / (frames - 1)))];
    }

    /// <summary>Simple moves with their amounts; Kling's numbers and compound moves are taken apart, what stays is left out.</summary>
    public static IEnumerable<(CameraMoveKind Move, double Amount)> Moves(CameraRequest camera)
    {
        foreach (var move in camera.Moves)
        {
            foreach (var simple in Simple(move.Move))
            {
                yield return (simple, move.Amount ?? DefaultAmount);
            }
        }

        if (camera.Control is { } control)
        {
            (double Value, CameraMoveKind Below, CameraMoveKind Above)[] numbers =
            [
                (control.Horizontal, CameraMoveKind.TruckLeft, CameraMoveKind.TruckRight),
                (control.Vertical, CameraMoveKind.PedestalDown, CameraMoveKind.PedestalUp),
                (control.Pan, CameraMoveKind.PanLeft, CameraMoveKind.PanRight),
                (control.Tilt, CameraMoveKind.TiltDown, CameraMoveKind.TiltUp),
                (control.Roll, CameraMoveKind.RollCounterclockwise, CameraMoveKind.RollClockwise),
                (control.Zoom, CameraMoveKind.ZoomIn, CameraMoveKind.ZoomOut),
            ];
            foreach (var (value, below, above) in numbers.Where(n => n.Value != 0))
            {
                yield return (value < 0 ? below : above, Math.Abs(value) / CameraControl.Most);
            }
        }
    }

    static CameraMoveKind[] Simple(CameraMoveKind move) => move switch
    {
        CameraMoveKind.Static => [],
        CameraMoveKind.DownBack => [CameraMoveKind.PedestalDown, CameraMoveKind.DollyOut],
        CameraMoveKind.ForwardUp => [CameraMoveKind.DollyIn, CameraMoveKind.PedestalUp],
        CameraMoveKind.LeftTurnForward => [CameraMoveKind.PanLeft, CameraMoveKind.DollyIn],
        CameraMoveKind.RightTurnForward => [CameraMoveKind.PanRight, CameraMoveKind.DollyIn],
        _ => [move],
    };

    static CameraPose At((CameraMoveKind Move, double Amount)[] moves, double time)
    {
        double Sum(CameraMoveKind less, CameraMoveKind more) =>
            time * (moves.Where(m => m.Move == more).Sum(m => m.Amount) - moves.Where(m => m.Move == less).Sum(m => m.Amount));

        double pan = Radians(PanDegrees * Sum(CameraMoveKind.PanLeft, CameraMoveKind.PanRight));
        double tilt = Radians(PanDegrees * Sum(CameraMoveKind.TiltDown, CameraMoveKind.TiltUp));
        double roll = Radians(RollDegrees * Sum(CameraMoveKind.RollCounterclockwise, CameraMoveKind.RollClockwise));
        double orbit = Radians(OrbitDegrees * Sum(CameraMoveKind.OrbitLeft, CameraMoveKind.OrbitRight));
        double zoom = Math.Pow(2, Sum(CameraMoveKind.ZoomOut, CameraMoveKind.ZoomIn));
        double x = Travel * Sum(CameraMoveKind.TruckLeft, CameraMoveKind.TruckRight);
        double y = Travel * Sum(CameraMoveKind.PedestalUp, CameraMoveKind.PedestalDown);
        double z = Travel * Sum(CameraMoveKind.DollyOut, CameraMoveKind.DollyIn);

        // Going round to the right turns the camera to the left, so that it keeps looking at the same point.
        double[] around = Yaw(-orbit);
        double[] rotation = Multiply(around, Multiply(Yaw(pan), Multiply(Pitch(tilt), Roll(roll))));
        double[] moved = Apply(around, [x, y, z - SceneDistance]);
        return new CameraPose(Fx * zoom, Fy * zoom, 0.5, 0.5, rotation, [moved[0], moved[1], moved[2] + SceneDistance]);
    }

    static double Radians(double degrees) => degrees * Math.PI / 180;

    static double[] Yaw(double a) => [Math.Cos(a), 0, Math.Sin(a), 0, 1, 0, -Math.Sin(a), 0, Math.Cos(a)];

    static double[] Pitch(double a) => [1, 0, 0, 0, Math.Cos(a), -Math.Sin(a), 0, Math.Sin(a), Math.Cos(a)];

    static double[] Roll(double a) => [Math.Cos(a), -Math.Sin(a), 0, Math.Sin(a), Math.Cos(a), 0, 0, 0, 1];

    static double[] Multiply(double[] a, double[] b) =>
        [.. Enumerable.Range(0, 9).Select(i => (a[i / 3 * 3] * b[i % 3]) + (a[(i / 3 * 3) + 1] * b[3 + (i % 3)]) + (a[(i / 3 * 3) + 2] * b[6 + (i % 3)]))];

    static double[] Apply(double[] m, double[] v) =>
        [.. Enumerable.Range(0, 3).Select(i => (m[i * 3] * v[0]) + (m[(i * 3) + 1] * v[1]) + (m[(i * 3) + 2] * v[2]))];
}
