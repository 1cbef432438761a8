using Engine.Runtime;

namespace Engine.Cli.Rendering;

/// <summary>Shows how far a job has come, on stderr.</summary>
abstract class ProgressView : IProgress<GenerationProgress>
{
    /// <summary>A live bar on a terminal, plain lines elsewhere, nothing when quiet.</summary>
    public static ProgressView For(bool quiet) =>
        quiet ? new QuietProgress()
        : Console.IsErrorRedirected || Environment.GetEnvironmentVariable("TERM") is null or "" or "dumb" ? new PlainProgress(Console.Error)
        : new LiveProgress();

    /// <summary>Runs <paramref name="work"/> with this view shown.</summary>
    public abstract Task<T> RunAsync<T>(Func<Task<T>> work);

    /// <inheritdoc/>
    public abstract void Report(GenerationProgress value);

    /// <summary>A line to keep, above whatever moves.</summary>
    public abstract void Note(string line);

    /// <summary>What a stage is called.</summary>
    protected static string NameOf(GenerationStage stage) => stage switch
    {
        GenerationStage.Queued => "waiting",
        GenerationStage.Planning => "planning",
        GenerationStage.EncodingText => "reading the prompt",
        GenerationStage.EncodingInputs => "reading the inputs",
        GenerationStage.Loading => "loading the model",
        GenerationStage.Denoising => "denoising",
        GenerationStage.Decoding => "decoding",
        _ => "done",
    };

    /// <summary>Step or frame, speed and time left, as far as they are known.</summary>
    protected static string Details(GenerationProgress at)
    {
        string what = at.Stage switch
        {
            GenerationStage.Denoising => $"step {at.Step}/{at.Steps}",
            GenerationStage.Decoding => $"frame {at.FramesDone}/{at.Frames}",
            _ => "",
        };
        string speed = at is { Stage: GenerationStage.Denoising, SecondsPerStep: { } s } ? $"  {s:0.00} s/step" : "";
        string left = at.SecondsLeft is { } seconds ? $"  {Units.Duration(TimeSpan.FromSeconds(seconds))} left" : "";
        return what + speed + left;
    }
}

/// <summary>Shows nothing.</summary>
sealed class QuietProgress : ProgressView
{
    public override Task<T> RunAsync<T>(Func<Task<T>> work) => work();

    public override void Report(GenerationProgress value)
    {
    }

    public override void Note(string line)
    {
    }
}

/// <summary>One line per stage and step, at most two a second.</summary>
sealed class PlainProgress(TextWriter writer) : ProgressView
{
    const double SecondsBetweenLines = 0.5;

    readonly Lock _gate = new();
    GenerationStage? _stage;
    double _written;

    public override Task<T> RunAsync<T>(Func<Task<T>> work) => work();

    public override void Report(GenerationProgress value)
    {
        lock (_gate)
        {
            if (value.Note is { } note)
            {
                writer.WriteLine(note);
            }

            bool isLast = value.Stage == GenerationStage.Denoising ? value.Step == value.Steps : value.FramesDone == value.Frames;
            if (value.Stage == GenerationStage.Done || (value.Stage == _stage && !isLast && value.Elapsed - _written < SecondsBetweenLines))
            {
                return;
            }

            if (value.Stage == _stage && value is { Step: 0, FramesDone: 0 })
            {
                return;
            }

            _stage = value.Stage;
            _written = value.Elapsed;
            writer.WriteLine($"{NameOf(value.Stage)}  {Details(value)}".TrimEnd());
        }
    }

    public override void Note(string line)
    {
        lock (_gate)
        {
            writer.WriteLine(line);
        }
    }
}
