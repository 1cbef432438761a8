using System.Text.Json;
using Engine.Testing;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Requests of golden cases.</summary>
static class GoldenRequests
{
    /// <summary>The request that a case recorded; nothing is pasted back, as in the recording.</summary>
    public static VideoRequest Of(Golden golden)
    {
        var json = golden.Case.GetProperty("request");
        var images = golden.Case.GetProperty("images");
        return new VideoRequest(json.GetProperty("prompt").GetString()!)
        {
            NegativePrompt = json.GetProperty("negative_prompt").GetString(),
            Width = json.GetProperty("width").GetInt32(),
            Height = json.GetProperty("height").GetInt32(),
            Frames = json.GetProperty("num_frames").GetInt32(),
            Steps = json.GetProperty("steps").GetInt32(),
            Guidance = json.GetProperty("guidance_scale").GetDouble(),
            Seed = json.GetProperty("seed").GetInt64(),
            MaxSequenceLength = json.GetProperty("max_sequence_length").GetInt32(),
            Scheduler = SchedulerNames.Parse(json.GetProperty("scheduler").GetString()!),
            Shift = json.GetProperty("flow_shift").GetDouble(),
            Strength = json.TryGetProperty("strength", out var strength) ? strength.GetDouble() : null,
            FirstFrame = Picture(golden, images, "first_frame"),
            LastFrame = Picture(golden, images, "last_frame"),
            Mask = Picture(golden, images, "mask"),
            Video = images.TryGetProperty("video", out var frames)
                ? ClipInput.FromFrames([.. frames.EnumerateArray().Select(f => PictureInput.FromFile(Path.Combine(golden.Folder, f.GetString()!)))])
                : null,
            Mode = golden.Case.GetProperty("task").GetString() == "extend" ? VideoMode.Extend : null,
            Overlap = golden.Case.GetProperty("task").GetString() == "extend" ? images.GetProperty("video").GetArrayLength() : null,
            PasteBack = false,
        };
    }

    static PictureInput? Picture(Golden golden, JsonElement images, string name) =>
        images.TryGetProperty(name, out var file) ? PictureInput.FromFile(Path.Combine(golden.Folder, file.GetString()!)) : null;
}
