using System.CommandLine;
using Engine.Cli.Parsing;
using Engine.Runtime;

namespace Engine.Cli.Commands;

/// <summary><c>engine extend clip.mp4 --seconds 5</c>: goes on from a clip, or leads up to it.</summary>
static class ExtendCommand
{
    static readonly string[] s_without =
    [
        "prompt", "--config", "--image", "--end-image", "--video", "--mode", "--strength", "--mask", "--keep-outside", "--keyframe", "--control", "--expand", "--show-masked",
        "--aspect", "--tier", "--brush",
    ];

    public static Command Create()
    {
        var clip = new Argument<string>("clip") { Description = "The clip (or folder of pictures) to extend" };
        var prompt = Opt.Text("--prompt", "TEXT", "What the new part shows (default: the prompt that the clip was made from)", "-p");
        var request = new RequestOptions();
        var output = new ClipOutput(required: false, keepsLatents: true);
        var command = new Command("extend", "Go on from a clip, or lead up to it, for any length") { clip, prompt };
        request.AddTo(command, s_without);
        output.AddTo(command);
        command.WithExamples(
            "engine extend ball.mp4 --seconds 5",
            "engine extend ball.mp4 --seconds 2 --prompt \"The ball rolls back\" -o longer.mp4",
            "engine extend ball.mp4 --frames 17 --direction backward -o earlier.mp4");
        command.SetAction((parse, cancel) =>
        {
            string source = parse.GetValue(clip)!;
            var asked = SourceRequest.From(source, parse.GetValue(prompt), request.Model(parse), request.Models(parse)) with { Mode = VideoMode.Extend };
            return output.RunAsync(parse, request.Build(parse, asked), request.Models(parse), parse.GetValue(output.File) ?? SourceRequest.NameFor(source, "longer"), cancel);
        });
        return command;
    }
}
