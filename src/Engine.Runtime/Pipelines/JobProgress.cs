using System.Diagnostics;

namespace Engine.Runtime.Pipelines;

/// <summary>Tells one job's progress, with times.</summary>
sealed class JobProgress(ResolvedRequest request, IProgress<GenerationProgress>? listener)
{
    readonly long _start = Stopwatch.GetTimestamp();
    readonly int _stepsPerRound = request.Steps - request.FirstStep;
    readonly int _steps = (request.Steps - request.FirstStep) * (request.Windows is not null ? ClipJob.Rounds(request).Count : 1);
    int _before;
    long _stepsStart;
    int _firstTimed;
    double? _secondsPerStep;
    int _step;
    long _framesStart;
    int _frames;

    /// <summary>Estimated seconds that decoding will take; null while unknown.</summary>
    public double? DecodeSeconds { get; set; }

    /// <summary>A round of a clip that is made in rounds begins.</summary>
    public void BeginRound(int round) => _before = round * _stepsPerRound;

    /// <summary>A new stage begins.</summary>
    public void Enter(GenerationStage stage, string? note = null) => Tell(stage, note);

    /// <summary>Something the user should know.</summary>
    public void Note(GenerationStage stage, string note) => Tell(stage, note);

    /// <summary>The steps begin; <paramref name="done"/> of them were done before (a resumed job).</summary>
    public void BeginSteps(int done)
    {
        _stepsStart = Stopwatch.GetTimestamp();
        _firstTimed = done;
        _step = _before + done;
        Tell(GenerationStage.Denoising);
    }

    /// <summary>A step is done.</summary>
    public void StepDone(int done)
    {
        _step = _before + done;
        _secondsPerStep = Stopwatch.GetElapsedTime(_stepsStart).TotalSeconds / (done - _firstTimed);
        Tell(GenerationStage.Denoising);
    }

    /// <summary>Frames were handed over.</summary>
    public void FramesDone(int done)
    {
        if (_frames == 0)
        {
            _framesStart = Stopwatch.GetTimestamp();
        }

        _frames = done;
        Tell(GenerationStage.Decoding);
    }

    void Tell(GenerationStage stage, string? note = null) => listener?.Report(new GenerationProgress
    {
        Stage = stage,
        Step = stage is GenerationStage.Decoding or GenerationStage.Done ? _steps : _step,
        Steps = _steps,
        FramesDone = _frames,
        Frames = request.OutputFrames,
        Elapsed = Stopwatch.GetElapsedTime(_start).TotalSeconds,
        SecondsPerStep = _secondsPerStep,
        SecondsLeft = stage switch
        {
            GenerationStage.Denoising when _secondsPerStep is { } each => (each * (_steps - _step)) + (DecodeSeconds ?? 0),
            GenerationStage.Decoding when _frames > 1 =>
                Stopwatch.GetElapsedTime(_framesStart).TotalSeconds / (_frames - 1) * (request.OutputFrames - _frames),
            GenerationStage.Done => 0,
            _ => null,
        },
        Note = note,
    });
}
