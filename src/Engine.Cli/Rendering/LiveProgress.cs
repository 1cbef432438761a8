using Engine.Runtime;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Engine.Cli.Rendering;

/// <summary>A bar that moves, drawn on stderr.</summary>
sealed class LiveProgress : ProgressView
{
    readonly IAnsiConsole _console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
    volatile string _details = "";
    ProgressTask? _bar;

    public override Task<T> RunAsync<T>(Func<Task<T>> work) =>
        _console.Progress()
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 30 }, new DetailsColumn(this))
            .StartAsync(async context =>
            {
                _bar = context.AddTask(NameOf(GenerationStage.Planning));
                _bar.IsIndeterminate = true;
                return await work();
            });

    public override void Report(GenerationProgress value)
    {
        if (value.Note is { } note)
        {
            Note(note);
        }

        if (_bar is not { } bar)
        {
            return;
        }

        (double done, double all) = value.Stage switch
        {
            GenerationStage.Denoising => (value.Step, value.Steps),
            GenerationStage.Decoding => (value.FramesDone, value.Frames),
            _ => (0, 0),
        };
        bar.Description = NameOf(value.Stage);
        bar.IsIndeterminate = all == 0;
        bar.MaxValue = Math.Max(all, 1);
        bar.Value = done;
        _details = Details(value);
    }

    public override void Note(string line) => _console.WriteLine(line);

    sealed class DetailsColumn(LiveProgress view) : ProgressColumn
    {
        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => new Text(view._details);
    }
}
