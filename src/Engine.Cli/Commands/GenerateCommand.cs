using System.CommandLine;
using Engine.Cli.Parsing;

namespace Engine.Cli.Commands;

/// <summary><c>engine generate "..." -o clip.mp4</c>: from a request to a file.</summary>
static class GenerateCommand
{
    public static Command Create()
    {
        var request = new RequestOptions();
        var output = new ClipOutput(required: false, keepsLatents: false);
        var motion = Opt.Text("--preview-motion", "FILE", "Only draw brushes, paths and the camera's frame over --image: a picture, or a clip (.mp4, .gif...)");
        var command = new Command("generate", "Make a clip from text, and from pictures or a clip");
        request.AddTo(command);
        output.AddTo(command);
        command.Add(motion);
        command.Validators.Add(result =>
        {
            if (result.GetResult(output.File) is null && result.GetResult(motion) is null)
            {
                result.AddError($"--output is missing ({output.File.Description})");
            }
        });
        command.WithExamples(
            "engine generate \"A red ball rolls to the left in a meadow\" -o ball.mp4",
            "engine generate \"A blue cube bounces in a desert\" -o cube.gif --seed 7 --steps 30 --sheet cube.png",
            "engine generate \"A ring rolls right\" --image first.png --end-image last.png -o ring.mp4",
            "engine generate \"A ring rolls right\" --keyframe 0:a.png --keyframe 1s:b.png --keyframe end:c.png -o ring.mp4",
            "engine generate \"The ball falls\" --video ball.mp4 --mode extend --overlap 5 -o longer.mp4",
            "engine generate \"A green ball\" --video ball.mp4 --mask mask.png -o green.mp4",
            "engine generate \"A red ball on snow\" --still --size 512x512 -o ball.png",
            "engine generate \"A red ball in a meadow\" --image a.png --brush \"ball.png: 0.2,0.5 -> 0.5,0.4 -> 0.8,0.5\" --static sky.png -o moved.mp4",
            "engine generate \"A meadow\" --image a.png --camera \"pan left 0.3, zoom in\" -o pan.mp4",
            "engine generate \"A red ball\" --image a.png --brush \"ball.png: 0.2,0.5 -> 0.8,0.5\" --preview-motion motion.png",
            "engine generate \"A cat\" -m wan-14b --lora style.safetensors:0.8 --lora lightning.safetensors --turbo -o cat.mp4",
            "engine generate \"A cat\" --tier pro -o cat.mp4             # with the installed model that suits",
            "engine generate --config request.json -o clip.webm --preview 5",
            "engine generate \"A long one\" -o long.mp4 --resume        # killed? the same line goes on");
        command.SetAction((parse, cancel) => parse.GetValue(motion) is { } drawing
            ? MotionPreviewCommand.RunAsync(request.Build(parse), request.Models(parse), drawing, parse.GetValue(GlobalOptions.Json), cancel)
            : output.RunAsync(parse, request.Build(parse), request.Models(parse), parse.GetValue(output.File)!, cancel));
        return command;
    }
}
