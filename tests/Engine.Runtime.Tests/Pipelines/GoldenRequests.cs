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

        // With a mask the recording says itself which frames are kept.
        bool extends = golden.Case.GetProperty("task").GetString() == "extend" && !images.TryGetProperty("mask", out _);
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
            Mask = Clip(golden, images, "mask"),
            Video = Clip(golden, images, "video"),
            References = Pictures(golden, images, "reference_images"),
            ControlStrength = json.TryGetProperty("conditioning_scale", out var scale) ? [scale.GetDouble()] : null,
            Mode = extends ? VideoMode.Extend : null,
            Overlap = extends ? images.GetProperty("video").GetArrayLength() : null,
            PasteBack = false,
            HoldColour = false,
            ShowMasked = images.TryGetProperty("mask", out _) && golden.Case.TryGetProperty("pipeline", out var pipeline) && pipeline.GetString() == "WanVACEPipeline",
        };
    }

    static PictureInput? Picture(Golden golden, JsonElement images, string name) =>
        images.TryGetProperty(name, out var file) ? Picture(golden, file) : null;

    static PictureInput Picture(Golden golden, JsonElement file) => PictureInput.FromFile(Path.Combine(golden.Folder, file.GetString()!));

    static PictureInput[]? Pictures(Golden golden, JsonElement images, string name) =>
        images.TryGetProperty(name, out var files) ? [.. files.EnumerateArray().Select(f => Picture(golden, f))] : null;

    static ClipInput? Clip(Golden golden, JsonElement images, string name) =>
        !images.TryGetProperty(name, out var files) ? null
        : files.ValueKind == JsonValueKind.String ? Picture(golden, files)
        : ClipInput.FromFrames(Pictures(golden, images, name)!);
}
