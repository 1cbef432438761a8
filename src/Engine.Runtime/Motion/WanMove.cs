namespace Engine.Runtime.Motion;

/// <summary>First-frame features copied along tracks into the conditioning latent.</summary>
/// <remarks>
/// Port of create_pos_feature_map and replace_feature, wan/modules/trajectory.py of ali-vilab/Wan-Move
/// @ 27409bee073a9920a1c67a9bdded7662039cdbae (Apache-2.0). Differs: upstream shuffles the tracks, so that it is left to chance which
/// of two wins in a place; here the later one does. A track that is not seen in the first frame moves nothing (upstream would copy
/// the last place of the frame).
/// </remarks>
static class WanMove
{
    /// <summary>A place that is not seen.</summary>
    public const int Unseen = -1;

    /// <summary>Tracks on the latent's grid; every latent frame takes the first of its pixel frames.</summary>
    /// <param name="tracks">[F, N, 2] x and y, pixels of the clip.</param>
    /// <param name="visible">[F, N].</param>
    /// <param name="width">Width of the clip, pixels.</param>
    /// <param name="height">Height of the clip.</param>
    /// <param name="group">Pixel frames in a latent frame.</param>
    /// <param name="side">Pixels of the clip in a latent, along both sides.</param>
    /// <param name="frames">F.</param>
    /// <returns>[N, T', 2]: row and column, <see cref="Unseen"/> where the track is not seen.</returns>
    public static int[] Positions(ReadOnlySpan<float> tracks, ReadOnlySpan<bool> visible, int width, int height, int group, int side, int frames)
    {
        int count = visible.Length / frames;
        int times = ((frames - 1) / group) + 1;
        var positions = new int[count * times * 2];
        Array.Fill(positions, Unseen);
        for (int t = 0; t < times; t++)
        {
            for (int n = 0; n < count; n++)
            {
                int at = (t * group * count) + n;
                var (x, y) = (tracks[at * 2], tracks[(at * 2) + 1]);
                if (visible[at] && x >= 0 && y >= 0 && x < width && y < height)
                {
                    positions[((n * times) + t) * 2] = (int)MathF.Floor(y / side);
                    positions[(((n * times) + t) * 2) + 1] = (int)MathF.Floor(x / side);
                }
            }
        }

        return positions;
    }

    /// <summary>Copies features in place; later tracks win.</summary>
    /// <param name="features">[C, T', h, w].</param>
    /// <param name="positions">[N, T', 2] of <see cref="Positions"/>.</param>
    /// <param name="channels">C.</param>
    /// <param name="times">T'.</param>
    /// <param name="rows">h.</param>
    /// <param name="columns">w.</param>
    public static void Move(Span<float> features, ReadOnlySpan<int> positions, int channels, int times, int rows, int columns)
    {
        int plane = rows * columns;
        int count = positions.Length / (times * 2);
        for (int n = 0; n < count; n++)
        {
            var track = positions.Slice(n * times * 2, times * 2);
            if (track[0] == Unseen)
            {
                continue;
            }

            int from = (track[0] * columns) + track[1];
            for (int t = 1; t < times; t++)
            {
                if (track[t * 2] == Unseen)
                {
                    continue;
                }

                int to = (t * plane) + (track[t * 2] * columns) + track[(t * 2) + 1];
                for (int c = 0; c < channels; c++)
                {
                    features[(c * times * plane) + to] = features[(c * times * plane) + from];
                }
            }
        }
    }

    /// <summary>A scene as tracks: one for each latent that a region covers, then single points, then what stays.</summary>
    /// <param name="scene">What moves.</param>
    /// <param name="side">Pixels in a latent.</param>
    /// <returns>Tracks [F, N, 2] and visibility [F, N].</returns>
    public static (float[] Tracks, bool[] Visible) Tracks(MotionScene scene, int side)
    {
        var points = new List<Func<int, (double X, double Y, bool Visible)>>();
        foreach (var region in scene.Regions)
        {
            foreach (var (x, y) in Cells(region.Mask, scene.Width, side, region.Centre))
            {
                points.Add(f =>
                {
                    var (tx, ty) = region.At(scene.TimeOf(f)).Target(x, y);
                    return (tx, ty, true);
                });
            }
        }

        foreach (var track in scene.Tracks)
        {
            points.Add(f => (track.Points[f].X, track.Points[f].Y, track.Visible[f]));
        }

        if (scene.Static is { } still)
        {
            points.AddRange(Cells(still, scene.Width, side, null).Select(c => new Func<int, (double X, double Y, bool Visible)>(_ => (c.X, c.Y, true))));
        }

        var tracks = new float[scene.Frames * points.Count * 2];
        var visible = new bool[scene.Frames * points.Count];
        for (int i = 0; i < visible.Length; i++)
        {
            var (x, y, seen) = points[i % points.Count](i / points.Count);
            (tracks[i * 2], tracks[(i * 2) + 1], visible[i]) = ((float)x, (float)y, seen);
        }

        return (tracks, visible);
    }

    // Middles of the latents that are at least half covered; a region too small for any still has its centre.
    static IEnumerable<(double X, double Y)> Cells(bool[] mask, int width, int side, (double X, double Y)? otherwise)
    {
        int columns = width / side;
        var covered = new int[mask.Length / (side * side)];
        for (int i = 0; i < mask.Length; i++)
        {
            covered[(i / width / side * columns) + (i % width / side)] += mask[i] ? 1 : 0;
        }

        bool any = false;
        for (int cell = 0; cell < covered.Length; cell++)
        {
            if (covered[cell] * 2 >= side * side)
            {
                any = true;
                yield return (((cell % columns) + 0.5) * side, ((cell / columns) + 0.5) * side);
            }
        }

        if (!any && otherwise is { } centre)
        {
            yield return centre;
        }
    }
}
