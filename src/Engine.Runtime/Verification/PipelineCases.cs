using System.Text.Json;
using Engine.Kernels;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "pipeline": a whole request, every recorded tensor on the way and the decoded clip.</summary>
static class PipelineCases
{
    public static async Task RunAsync(CaseRun run, CancellationToken cancel)
    {
        var request = Request(run.Golden);
        if (request is null)
        {
            run.Fail("case", $"this engine does not know the task '{run.Golden.Text("task")}'");
            return;
        }

        request = MotionCases.WithTracks(run, request);
        var observer = new Comparison(run);
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelPath = run.Golden.ModelPath }, log: null, run.Device);
        await foreach (var _ in engine.StreamAsync(request, new GenerationOptions { Observer = observer }, cancel: cancel).ConfigureAwait(false))
        {
            // The observer sees the frames before they are rounded to bytes.
        }

        observer.Finish();
    }

    static VideoRequest? Request(GoldenCase golden)
    {
        var request = new VideoRequest { PasteBack = false, HoldColour = false };
        foreach (var field in golden.Json.GetProperty("request").EnumerateObject())
        {
            var value = field.Value;
            request = field.Name switch
            {
                "prompt" => request with { Prompt = value.GetString()! },
                "negative_prompt" => request with { NegativePrompt = value.GetString() },
                "width" => request with { Width = value.GetInt32() },
                "height" => request with { Height = value.GetInt32() },
                "num_frames" => request with { Frames = value.GetInt32() },
                "steps" => request with { Steps = value.GetInt32() },
                "guidance_scale" => request with { Guidance = value.GetDouble() },
                "guidance_scale_2" => request with { Guidance2 = value.GetDouble() },
                "seed" => request with { Seed = value.GetInt64() },
                "max_sequence_length" => request with { MaxSequenceLength = value.GetInt32() },
                "conditioning_scale" => request with { ControlStrength = Numbers(value) },
                "tweak_index" => request with { Motion = (request.Motion ?? new()) with { TweakIndex = value.GetInt32() } },
                "tstrong_index" => request with { Motion = (request.Motion ?? new()) with { StrongIndex = value.GetInt32() } },
                "strength" => request with { Strength = value.GetDouble() },
                "flow_shift" => request with { Shift = value.GetDouble() },
                "scheduler" => request with { Scheduler = SchedulerCases.Kind(value.GetString()!) },
                _ => throw new EngineException(ErrorKind.BadInput, $"Case {golden.Name}: this engine does not know the request field '{field.Name}'."),
            };
        }

        // The recordings show all of the source.
        request = request with { ShowMasked = golden.Optional("pipeline") == "WanVACEPipeline" && golden.Json.GetProperty("images").TryGetProperty("mask", out _) };
        foreach (var image in golden.Json.GetProperty("images").EnumerateObject())
        {
            request = image.Name switch
            {
                "first_frame" => request with { FirstFrame = Picture(golden, image.Value) },
                "last_frame" => request with { LastFrame = Picture(golden, image.Value) },
                "mask" => request with { Mask = Clip(golden, image.Value) },
                "video" => request with { Video = Clip(golden, image.Value) },
                "reference_images" => request with { References = [.. image.Value.EnumerateArray().Select(f => Picture(golden, f))] },
                "motion_video" => request with { Motion = (request.Motion ?? new()) with { DragVideo = Clip(golden, image.Value) } },
                "motion_mask" => request with { Motion = (request.Motion ?? new()) with { DragMask = Clip(golden, image.Value) } },
                _ => throw new EngineException(ErrorKind.BadInput, $"Case {golden.Name}: this engine does not know the input '{image.Name}'."),
            };
        }

        return golden.Text("task") switch
        {
            "text-to-video" or "reference-to-video" or "image-to-video" or "first-last-frame-to-video" => request,
            "video-to-video" => request with { Mode = VideoMode.Restyle },
            "extend" when request.Mask is not null => request with { Mode = VideoMode.Edit },
            "motion-tracks" or "motion-transfer" => request,
            "extend" => request with { Mode = VideoMode.Extend, Overlap = request.Video?.Frames.Count },
            "inpaint" => request with { Mode = VideoMode.Edit },
            _ => null,
        };
    }

    static PictureInput Picture(GoldenCase golden, JsonElement name) => name.ValueKind == JsonValueKind.String
        ? PictureInput.FromFile(golden.FilePath(name.GetString()!))
        : throw new EngineException(ErrorKind.BadInput, $"Case {golden.Name}: one picture was expected where case.json has {name.ValueKind}.");

    static ClipInput Clip(GoldenCase golden, JsonElement names) => names.ValueKind == JsonValueKind.Array
        ? ClipInput.FromFrames([.. names.EnumerateArray().Select(f => Picture(golden, f))])
        : Picture(golden, names);

    static double[] Numbers(JsonElement value) => value.ValueKind == JsonValueKind.Array
        ? [.. value.EnumerateArray().Select(v => v.GetDouble())]
        : [value.GetDouble()];

    /// <summary>Compares what the pipeline shows with what the case recorded.</summary>
    sealed class Comparison(CaseRun run) : IPipelineObserver
    {
        readonly List<float> _video = [];
        Shape _frame;
        int _frames;

        public void OnTensor(string name, Tensor tensor)
        {
            if (run.Golden.Has(name))
            {
                // The tokens of several pictures lie one after the other here, and in a batch there.
                var shape = run.Golden.Tensor(name).KernelShape;
                run.Compare(name, name == "image_embeds" && shape.Count == tensor.Count ? tensor.Reshape(shape) : tensor);
            }
        }

        public void OnFrames(int first, Tensor frames)
        {
            _frame = frames[0].Shape;
            _frames += frames.Shape[0];
            _video.AddRange(frames.ToArray());
        }

        public void Finish()
        {
            if (_frames > 0)
            {
                run.Compare("video", [.. _video], [_frames, _frame[0], _frame[1], _frame[2]]);
            }
        }
    }
}
