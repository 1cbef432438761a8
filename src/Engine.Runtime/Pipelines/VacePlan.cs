namespace Engine.Runtime.Pipelines;

/// <summary>What a request makes of each frame of a VACE model's control: its picture, and which of its pixels are made anew.</summary>
/// <remarks>
/// What lies under the mask of an edit is grey unless it is asked to be shown, as vace/annotators/inpainting.py of ali-vilab/VACE
/// @ 48eb44f1c4be87cc65a98bff985a26976841e9f3 prepares clips (and pipeline_wan2_2_vace_fun.py of aigc-apps/VideoX-Fun): a model that sees it paints it again.
/// </remarks>
/// <param name="request">What was asked for.</param>
/// <param name="inputs">Pictures and clips; null stands for any.</param>
sealed class VacePlan(ResolvedRequest request, JobInputs? inputs)
{
    readonly bool[] _nothing = new bool[request.Width * request.Height];
    readonly bool[] _all = [.. Enumerable.Repeat(true, request.Width * request.Height)];

    /// <summary>Frames of the clip.</summary>
    public int FrameCount => request.Frames;

    /// <summary>True when some frame or part of one is kept.</summary>
    public bool ShowsKept => request.Task is VideoTask.Edit or VideoTask.Extend || request.Keyframes.Count > 0;

    /// <summary>True when some frame is both shown to the model and made anew.</summary>
    public bool ShowsAnew => request.Task == VideoTask.Control || request is { Task: VideoTask.Edit, Request.ShowMasked: true };

    /// <summary>The frames with what is made anew in grey.</summary>
    public IEnumerable<EncoderFrame> Kept(Action<string>? note) => Frames(note).Select(f => f with { Where = false });

    /// <summary>The frames with what is kept in grey.</summary>
    public IEnumerable<EncoderFrame> Anew() => ShowsAnew ? Frames(null) : Nothing(request.Frames);

    /// <summary>Masks of the frames, 0 to 1 for each pixel [H, W], 1 where the clip is made anew; the same array may come again.</summary>
    public IEnumerable<float[]> Masks()
    {
        float[] white = [.. Enumerable.Repeat(1f, _all.Length)];
        if (request.Task != VideoTask.Edit || inputs?.Mask is not { } mask)
        {
            var black = new float[_all.Length];
            return Enumerable.Range(0, request.Frames).Select(i => IsKept(i) ? black : white);
        }

        return mask.Read(request.Frames).Select(values => Array.ConvertAll(values, v => v / 255f));
    }

    IEnumerable<EncoderFrame> Frames(Action<string>? note)
    {
        var clip = Clip(note);
        return request.Task == VideoTask.Edit && inputs?.Mask is { } mask
            ? clip.Zip(mask.ReadFlags(request.Frames), (frame, flags) => frame with { Mask = flags })
            : clip.Select((frame, i) => frame with { Mask = IsKept(i) ? _nothing : _all });
    }

    // What each frame shows.
    IEnumerable<EncoderFrame> Clip(Action<string>? note)
    {
        int frames = request.Frames;
        var shown = request.Task switch
        {
            VideoTask.Edit => Read(inputs?.Source, 0, frames, note),
            VideoTask.Control => Read(inputs?.Control, 0, frames, note),
            VideoTask.Extend when inputs?.Tail is { } tail =>
                tail.Frames.Select(values => new EncoderFrame(null, Values: values)).Concat(Nothing(frames - tail.Frames.Length)),
            VideoTask.Extend when Backward => Nothing(frames - request.Overlap).Concat(Read(inputs?.Source, 0, request.Overlap, note)),
            VideoTask.Extend => Read(inputs?.Source, request.SourceFrames - request.Overlap, request.Overlap, note).Concat(Nothing(frames - request.Overlap)),
            _ => Nothing(frames),
        };
        return shown.Select((frame, i) => inputs?.Frames.GetValueOrDefault(i) is { } picture ? new EncoderFrame(picture) : frame);
    }

    bool IsKept(int frame) => request.Task switch
    {
        VideoTask.Extend => Backward ? frame >= request.Frames - request.Overlap : frame < request.Overlap,
        _ => inputs?.Frames.ContainsKey(frame) == true,
    };

    bool Backward => request.Direction == ExtendDirection.Backward;

    IEnumerable<EncoderFrame> Read(SourceClip? clip, int start, int count, Action<string>? note) =>
        clip?.Read(start, count, request.Width, request.Height, note, request.Margins).Select(image => new EncoderFrame(image)) ?? Nothing(count);

    static IEnumerable<EncoderFrame> Nothing(int count) => Enumerable.Repeat(new EncoderFrame(null), count);
}
