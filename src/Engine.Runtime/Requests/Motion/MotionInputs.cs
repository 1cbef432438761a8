namespace Engine.Runtime;

/// <summary>The pictures, clips and files of a motion request.</summary>
static class MotionInputs
{
    /// <summary>The request with relative paths counted from a folder.</summary>
    public static MotionRequest RootedAt(this MotionRequest motion, string folder) => motion with
    {
        Brushes = [.. motion.Brushes.Select(b => b with { Mask = Rooted(b.Mask, folder) })],
        StaticMask = Rooted(motion.StaticMask, folder),
        DragVideo = Rooted(motion.DragVideo, folder),
        DragMask = Rooted(motion.DragMask, folder),
        Camera = motion.Camera is { PosesFile: { } poses } camera ? camera with { PosesFile = Path.Combine(folder, poses) } : motion.Camera,
    };

    /// <summary>The request without its inputs, whose names say nothing about what they hold.</summary>
    public static MotionRequest WithoutInputs(this MotionRequest motion) => motion with
    {
        Brushes = [.. motion.Brushes.Select(b => b with { Mask = null })],
        StaticMask = null,
        DragVideo = null,
        DragMask = null,
        Camera = motion.Camera is { } camera ? camera with { PosesFile = null } : null,
    };

    /// <summary>Pictures with the fields that name them; files of poses count as such.</summary>
    public static IEnumerable<(string Field, PictureInput Picture)> Pictures(this MotionRequest motion)
    {
        for (int i = 0; i < motion.Brushes.Count; i++)
        {
            if (motion.Brushes[i].Mask is { } mask)
            {
                yield return ($"motion.brushes[{i}].mask", mask);
            }
        }

        if (motion.StaticMask is { } still)
        {
            yield return ("motion.static_mask", still);
        }

        if (motion.Camera?.PosesFile is { } poses)
        {
            yield return ("motion.camera.poses_file", PictureInput.FromFile(poses));
        }
    }

    /// <summary>Clips with the fields that name them.</summary>
    public static IEnumerable<(string Field, ClipInput Clip)> Clips(this MotionRequest motion)
    {
        if (motion.DragVideo is { } video)
        {
            yield return ("motion.drag_video", video);
        }

        if (motion.DragMask is { } mask)
        {
            yield return ("motion.drag_mask", mask);
        }
    }

    static PictureInput? Rooted(PictureInput? picture, string folder) =>
        picture?.Path is { } path ? PictureInput.FromFile(Path.Combine(folder, path)) : picture;

    static ClipInput? Rooted(ClipInput? clip, string folder) => clip?.Path is { } path ? ClipInput.FromFile(Path.Combine(folder, path)) : clip;
}
