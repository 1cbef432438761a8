using System.CommandLine;
using Engine.Cli.Parsing;
using Engine.Runtime;

namespace Engine.Cli.Commands;

/// <summary><c>engine edit clip.mp4 --mask mask.png --prompt "..."</c>: makes part of a clip anew, or room around it.</summary>
static class EditCommand
{
    static readonly string[] s_without =
    [
        "prompt", "--config", "--image", "--end-image", "--video", "--mode", "--strength", "--overlap", "--join", "--keyframe", "--control", "--direction",
        "--aspect", "--tier", "--brush",
    ];

    public static Command Create()
    {
        var clip = new Argument<string>("clip") { Description = "The clip (or folder of pictures) to edit" };
        var prompt = Opt.Text("--prompt", "TEXT", "What the edited clip shows (default: the prompt that the clip was made from)", "-p");
        var request = new RequestOptions();
        var output = new ClipOutput(required: false, keepsLatents: false);
        var command = new Command("edit", "Make what a mask marks in a clip anew, or room around it") { clip, prompt };
        request.AddTo(command, s_without);
        output.AddTo(command);
        command.WithExamples(
            "engine edit ball.mp4 --mask mask.png --prompt \"A green ball rolls to the left in a meadow\"",
            "engine edit street.mp4 --mask masks.mp4 --prompt \"A red car\" --reference car.png --model Wan2.1-VACE-1.3B -o red.mp4",
            "engine edit tall.mp4 --expand 160,0,160,0 --prompt \"A street at night\" --model Wan2.1-VACE-1.3B");
        command.SetAction((parse, cancel) =>
        {
            string source = parse.GetValue(clip)!;
            var asked = SourceRequest.From(source, parse.GetValue(prompt), request.Model(parse), request.Models(parse)) with { Mode = VideoMode.Edit };
            var built = request.Build(parse, asked);
            if (built.Expand is { } room && built.Width == asked.Width && built.Height == asked.Height)
            {
                // The clip's own size, and the room around it.
                built = built with { Width = asked.Width + room.Left + room.Right, Height = asked.Height + room.Top + room.Bottom };
            }

            return output.RunAsync(parse, built, request.Models(parse), parse.GetValue(output.File) ?? SourceRequest.NameFor(source, "edited"), cancel);
        });
        return command;
    }
}
