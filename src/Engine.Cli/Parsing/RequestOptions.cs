using System.CommandLine;
using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Lora;
using Engine.Model.Schedulers;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>The options that describe a clip; <c>generate</c> and <c>plan</c> share them.</summary>
sealed class RequestOptions
{
    // How the fields of a request are called on the command line, where that is not their own name.
    static readonly Dictionary<string, string> s_names = new()
    {
        ["prompt"] = "<prompt>",
        ["negative_prompt"] = "--negative",
        ["first_frame"] = "--image",
        ["last_frame"] = "--end-image",
        ["memory_limit"] = "--memory",
        ["loras"] = "--lora",
        ["paste_back"] = "--keep-outside",
        ["max_sequence_length"] = "--text-length",
        ["keyframes"] = "--keyframe",
        ["references"] = "--reference",
        ["window_frames"] = "--window",
    };

    readonly Argument<string?> _prompt = new("prompt") { Description = "What the clip shows, in quotes", Arity = ArgumentArity.ZeroOrOne };
    readonly Option<string?> _config = Opt.Text("--config", "FILE", "Take the whole request from a JSON file; options given beside it win");
    readonly Option<string?> _negative = Opt.TextOrEmpty("--negative", "TEXT", "What to stay away from (default: the model's own)");
    readonly Option<string?> _model = Opt.Text("--model", "MODEL", "Model folder or file, or the name of an installed model (default: the built-in one, or what --tier takes)", "-m");
    readonly Option<string?> _models = ModelOptions.Folder();
    readonly Option<(int Width, int Height)?> _size = Opt.Size("--size", "Size of the clip (default: the model's)");
    readonly Option<int?> _width = Opt.Int("--width", "PIXELS", "Width, instead of --size");
    readonly Option<int?> _height = Opt.Int("--height", "PIXELS", "Height, instead of --size");
    readonly Option<int?> _frames = Opt.Int("--frames", "N", "Frames to make, 4n+1");
    readonly Option<double?> _seconds = Opt.Number("--seconds", "S", "Length instead of --frames, rounded to what the model can make");
    readonly Option<double?> _fps = Opt.Number("--fps", "N", "Frames a second");
    readonly Option<long?> _seed = Opt.Long("--seed", "N", "Seed of the noise; the same seed gives the same clip (default: drawn, and said)");
    readonly Option<int?> _steps = Opt.Int("--steps", "N", "Sampler steps");
    readonly Option<double?> _guidance = Opt.Number("--guidance", "X", "How strongly the prompt is followed; 1 turns guidance off");
    readonly Option<double?> _guidance2 = Opt.Number("--guidance2", "X", "The same for the low-noise expert of a model with two");
    readonly Option<int?> _guidanceFirstStep = Opt.Int("--guidance-first-step", "N", "First step with guidance, from 1; steps outside the interval take half the time");
    readonly Option<int?> _guidanceLastStep = Opt.Int("--guidance-last-step", "N", "Last step with guidance");
    readonly Option<double?> _stepCache = Opt.Number("--step-cache", "X", "Skip steps whose input moved less than X since the last full one, e.g. 0.1 (default: off)");
    readonly Option<double?> _shift = Opt.Number("--shift", "X", "Flow shift: more spends more steps on the composition");
    readonly Option<SchedulerKind?> _scheduler = Opt.Choice("--scheduler", "Sampler", ("unipc", SchedulerKind.UniPc), ("euler", SchedulerKind.Euler), ("dpm++", SchedulerKind.DpmPlusPlus), ("turbo", SchedulerKind.Turbo));
    readonly Option<string?> _transformer = Opt.Text("--transformer", "FILE", "Transformer in a file of its own: safetensors or GGUF, any of the usual names (of two experts, the high-noise one)");
    readonly Option<string?> _transformer2 = Opt.Text("--transformer2", "FILE", "The low-noise transformer of two experts");
    readonly Option<string?> _vae = Opt.Text("--vae", "FILE", "VAE in a file of its own");
    readonly Option<string?> _textEncoder = Opt.Text("--text-encoder", "FILE", "Text encoder in a file of its own");
    readonly Option<string?> _imageEncoder = Opt.Text("--image-encoder", "FILE", "Image encoder in a file of its own");
    readonly Option<string?> _tokenizer = Opt.Text("--tokenizer", "FILE", "Tokenizer (spiece.model), where the text encoder's file has none");
    readonly Option<LoraInput[]?> _loras = Opt.Loras("--lora", "LoRA, with its strength and, for a model with two experts, high or low; may be given again");
    readonly Option<LoraMode?> _loraMode = Opt.Choice("--lora-mode", "LoRAs in the weights or beside them (default: auto)", ("auto", LoraMode.Auto), ("merge", LoraMode.Merge), ("apart", LoraMode.Apart));
    readonly Option<bool> _loraUnmatched = Opt.Flag("--lora-allow-unmatched", "Leave out what of a LoRA fits nothing in the model");
    readonly Option<bool> _turbo = Opt.Flag("--turbo", "For models or LoRAs distilled to a few steps: 4 steps (or --steps), no guidance, their own grid");
    readonly Option<string?> _image = Opt.Text("--image", "FILE", "Picture that the clip starts with", "-i");
    readonly Option<string?> _endImage = Opt.Text("--end-image", "FILE", "Picture that the clip ends with");
    readonly Option<string?> _video = Opt.Text("--video", "FILE", "Clip (or folder of pictures) to start from");
    readonly Option<VideoMode?> _mode = Opt.Choice("--mode", "What to do with --video", ("restyle", VideoMode.Restyle), ("extend", VideoMode.Extend), ("edit", VideoMode.Edit));
    readonly Option<double?> _strength = Opt.Number("--strength", "X", "restyle: how much of the source is given up, above 0 to 1");
    readonly Option<int?> _overlap = Opt.Int("--overlap", "N", "extend: how many of the source's last frames the new part starts with");
    readonly Option<OnOffValue?> _join = Opt.OnOff("--join", "extend: put the source in front of the new part (default: on)");
    readonly Option<string?> _mask = Opt.Text("--mask", "FILE", "edit: picture or clip that is white where the clip is made anew");
    readonly GuideOptions _guides = new();
    readonly Option<OnOffValue?> _keepOutside = Opt.OnOff("--keep-outside", "edit: put the source's own pixels back outside the mask (default: on)");
    readonly MotionOptions _motion = new();
    readonly Option<int?> _textLength = Opt.Int("--text-length", "TOKENS", "Tokens of text that the model sees");
    readonly Option<DeviceChoice?> _device = DeviceOption.Create();
    readonly Option<int?> _threads = Opt.Int("--threads", "N", "CPU threads; 0 means one per core");
    readonly Option<long?> _memory = Opt.Bytes("--memory", "Most memory to use (default: what is free)");

    /// <summary>Adds all of them, or all that go with a source clip that is named otherwise.</summary>
    /// <param name="command">The command.</param>
    /// <param name="except">Names of options that the command does not have.</param>
    public void AddTo(Command command, params string[] except)
    {
        if (!except.Contains("prompt"))
        {
            command.Add(_prompt);
        }

        foreach (var option in (Option[])
        [
            _image, _endImage, _video, _mode, _strength, _overlap, _join, _mask, _keepOutside,
            _size, _width, _height, _frames, _seconds, _fps, _seed, _steps, _negative, _guidance, _guidance2, _guidanceFirstStep, _guidanceLastStep,
            _shift, _scheduler, _stepCache,
            _transformer, _transformer2, _vae, _textEncoder, _imageEncoder, _tokenizer, _turbo, _loras, _loraMode, _loraUnmatched,
            _textLength, _model, _models, _config, _device, _threads, _memory,
        ])
        {
            if (!except.Contains(option.Name))
            {
                command.Add(option);
            }
        }

        _guides.AddTo(command, except);
        if (!except.Contains("--brush"))
        {
            _motion.AddTo(command);
        }
    }

    /// <summary>The request that a command line asks for; its values are for the engine to check.</summary>
    public VideoRequest Build(ParseResult parse)
    {
        string? prompt = parse.GetValue(_prompt);
        string? config = parse.GetValue(_config);
        if (prompt is null && config is null)
        {
            throw new EngineException(ErrorKind.BadRequest, "<prompt> is missing: say in quotes what the clip shows, or give --config FILE.");
        }

        return Build(parse, Loaded(config, prompt));
    }

    /// <summary>The model that the command line names, or null.</summary>
    public string? Model(ParseResult parse) => parse.GetValue(_model);

    /// <summary>The folder of models that the command line names, or null.</summary>
    public string? Models(ParseResult parse) => parse.GetValue(_models);

    static VideoRequest Loaded(string? config, string? prompt)
    {
        var request = config is null ? new VideoRequest() : VideoRequestJson.Load(config);
        return prompt is null ? request : request with { Prompt = prompt };
    }

    /// <summary>A request with what the command line says put over it.</summary>
    public VideoRequest Build(ParseResult parse, VideoRequest request)
    {
        var size = parse.GetValue(_size);
        if (size is not null && (parse.GetValue(_width) ?? parse.GetValue(_height)) is not null)
        {
            throw new EngineException(ErrorKind.BadRequest, "--size says it all; leave out --width and --height.");
        }

        // A length on the command line replaces the file's, whichever way either is given.
        bool newLength = (parse.GetValue(_frames) is not null) || (parse.GetValue(_seconds) is not null);
        return _guides.Apply(parse, request) with
        {
            NegativePrompt = parse.GetValue(_negative) ?? request.NegativePrompt,
            Model = parse.GetValue(_model) ?? request.Model,
            Width = size?.Width ?? parse.GetValue(_width) ?? request.Width,
            Height = size?.Height ?? parse.GetValue(_height) ?? request.Height,
            Frames = newLength ? parse.GetValue(_frames) : request.Frames,
            Seconds = newLength ? parse.GetValue(_seconds) : request.Seconds,
            Fps = parse.GetValue(_fps) ?? request.Fps,
            Seed = parse.GetValue(_seed) ?? request.Seed,
            Steps = parse.GetValue(_steps) ?? request.Steps,
            Guidance = parse.GetValue(_guidance) ?? request.Guidance,
            Guidance2 = parse.GetValue(_guidance2) ?? request.Guidance2,
            GuidanceFirstStep = parse.GetValue(_guidanceFirstStep) ?? request.GuidanceFirstStep,
            GuidanceLastStep = parse.GetValue(_guidanceLastStep) ?? request.GuidanceLastStep,
            StepCache = parse.GetValue(_stepCache) ?? request.StepCache,
            Shift = parse.GetValue(_shift) ?? request.Shift,
            Scheduler = parse.GetValue(_scheduler) ?? request.Scheduler,
            Files = Files(parse, request.Files),
            Loras = parse.GetValue(_loras) ?? request.Loras,
            LoraMode = parse.GetValue(_loraMode) ?? request.LoraMode,
            LoraAllowUnmatched = parse.GetValue(_loraUnmatched) || request.LoraAllowUnmatched,
            Turbo = parse.GetValue(_turbo) || request.Turbo,
            FirstFrame = Picture(parse.GetValue(_image)) ?? request.FirstFrame,
            LastFrame = Picture(parse.GetValue(_endImage)) ?? request.LastFrame,
            Video = parse.GetValue(_video) is { } clip ? ClipInput.FromFile(clip) : request.Video,
            Mode = parse.GetValue(_mode) ?? request.Mode,
            Strength = parse.GetValue(_strength) ?? request.Strength,
            Overlap = parse.GetValue(_overlap) ?? request.Overlap,
            Join = parse.GetSwitch(_join) ?? request.Join,
            Mask = parse.GetValue(_mask) is { } mask ? ClipInput.FromFile(mask) : request.Mask,
            PasteBack = parse.GetSwitch(_keepOutside) ?? request.PasteBack,
            Motion = _motion.Build(parse, request.Motion),
            MaxSequenceLength = parse.GetValue(_textLength) ?? request.MaxSequenceLength,
            Device = parse.GetValue(_device) ?? request.Device,
            Threads = parse.GetValue(_threads) ?? request.Threads,
            MemoryLimit = parse.GetValue(_memory) ?? request.MemoryLimit,
        };
    }

    CheckpointFiles? Files(ParseResult parse, CheckpointFiles? files)
    {
        var given = new CheckpointFiles
        {
            Transformer = parse.GetValue(_transformer) ?? files?.Transformer,
            Transformer2 = parse.GetValue(_transformer2) ?? files?.Transformer2,
            Vae = parse.GetValue(_vae) ?? files?.Vae,
            TextEncoder = parse.GetValue(_textEncoder) ?? files?.TextEncoder,
            ImageEncoder = parse.GetValue(_imageEncoder) ?? files?.ImageEncoder,
            Tokenizer = parse.GetValue(_tokenizer) ?? files?.Tokenizer,
        };
        return given.Given.Any() ? given : null;
    }

    static string NameOf(string field) =>
        s_names.GetValueOrDefault(field) ?? MotionOptions.NameOf(field) ?? $"--{field.Replace('_', '-')}";

    /// <summary>A problem of a request in the words of the command line.</summary>
    public static string Describe(RequestProblem problem)
    {
        string message = problem.Message;
        foreach (var (field, name) in s_names.Where(n => n.Key.Contains('_', StringComparison.Ordinal)))
        {
            message = message.Replace(field, name, StringComparison.Ordinal);
        }

        return $"{NameOf(problem.Field)}: {message}";
    }

    static PictureInput? Picture(string? path) => path is null ? null : PictureInput.FromFile(path);
}
