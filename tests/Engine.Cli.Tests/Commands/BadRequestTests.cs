using Engine.Testing;

namespace Engine.Cli.Tests.Commands;

/// <summary>Every bad request gets one sentence that names the field and what is allowed, before any weight is read.</summary>
public sealed class BadRequestTests
{
    public static TheoryData<string, int, string> Cases => new()
    {
        { "--size 100x128", 1, "--width: 100 is not a multiple of 32" },
        { "--size 128", 1, "--size is '128'; it takes width x height" },
        { "--size 128x128 --width 128", 1, "leave out --width and --height" },
        { "--frames 0", 1, "--frames: 0 is not possible" },
        { "--frames 18", 1, "--frames: 18 is not 4n + 1" },
        { "--frames many", 1, "--frames is 'many'; it takes a whole number" },
        { "--frames 17 --seconds 2", 1, "--seconds: the length is given twice" },
        { "--steps -5", 1, "--steps: -5 is not possible" },
        { "--steps 0", 1, "--steps: 0 is not possible" },
        { "--guidance NaN", 1, "--guidance: NaN is not possible" },
        { "--guidance high", 1, "--guidance is 'high'; it takes a number" },
        { "--shift 0", 1, "--shift: 0 is not possible" },
        { "--fps 0", 1, "--fps: 0 is not possible" },
        { "--seed 99999999999999999999", 1, "--seed is '99999999999999999999'; it takes a whole number" },
        { "--scheduler ddim", 1, "--scheduler is 'ddim'; it takes one of unipc, euler, dpm++" },
        { "--device cuda:77", 3, "There is no device cuda:77: " },
        { "--device opencl:77", 3, "There is no device opencl:77: " },
        { "--device toaster", 1, "--device is 'toaster'; it takes auto, cpu, cuda:N, cuda:N:reduced or opencl:N (N counts from 0)" },
        { "--memory 1MB", 1, "--memory: " },
        { "--memory lots", 1, "--memory is 'lots'; it takes a size such as 4GB or 512MB" },
        { "--threads -1", 1, "--threads: -1 is not possible" },
        { "--strength 0.5", 1, "--strength: " },
        { "--mask weights/builtin/samples/prompts.png", 1, "--mask: " },
        { "--end-image weights/builtin/samples/prompts.png", 1, "--end-image: this needs a --image as well" },
        { "--image nowhere.png", 2, "--image: there is no file 'nowhere.png'" },
        { "--image README.md", 2, "README.md" },
        { "--camera fly", 1, "--camera: there is no move 'fly'; known are static, pan left" },
        { "--image weights/builtin/samples/prompts.png --brush weights/builtin/samples/prompts.png:0.2,0.5", 1, "--brush 1 (path): has 1 point; it takes 2 to 77" },
        { "--image weights/builtin/samples/prompts.png --static src/Engine.Cli/nowhere.png", 2, "--static: there is no file" },
        { "--static weights/builtin/samples/prompts.png", 1, "--brush or --camera: moves things in a first frame; give one as --image" },
        { "--video nowhere.mp4", 2, "--video: there is no file 'nowhere.mp4'" },
        { "--config nowhere.json", 2, "nowhere.json" },
        { "--model nowhere", 2, "nowhere" },
        { "--model weights/builtin/vae", 2, "weights/builtin/vae" },
        { "--preview -1", 1, "--preview is -1" },
        { "--stpes 5", 1, "there is no option '--stpes'; did you mean '--steps'?" },
        { "--steps", 1, "--steps needs a value" },
        { "--steps 5 --steps 6", 1, "--steps is given more than once" },
        { "--keyframe 5", 1, "--keyframe is '5'; it takes a time, a colon and a file" },
        { "--keyframe 40:weights/builtin/samples/prompts.png", 1, "--keyframe: 'weights/builtin/samples/prompts.png' at frame 40 is outside the clip" },
        { "--keyframe 0:nowhere.png", 2, "--keyframe: there is no file 'nowhere.png'" },
        { "--reference weights/builtin/samples/prompts.png", 1, "--reference: builtin cannot work from reference pictures" },
        { "--control-strength 2", 1, "--control-strength: applies to VACE models" },
        { "--control-strength 1,x", 1, "--control-strength is '1,x'; it takes a number, or numbers with commas" },
        { "--expand 1,2", 1, "--expand is '1,2'; it takes four whole numbers" },
        { "--expand 8,8,8,8", 1, "--expand: this applies to editing a source video" },
        { "--direction backward", 1, "--direction: this applies to extending" },
        { "second prompt", 1, "is one argument too many" },
    };

    [Theory, MemberData(nameof(Cases))]
    public async Task One_sentence_names_the_option(string arguments, int code, string expected)
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync(["generate", "A red ball", "-o", folder["clip.y4m"], .. arguments.Split(' ')]);

        string sentence = Assert.Single(run.ErrorLines);
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
        Assert.Equal(code, run.ExitCode);
        Assert.StartsWith("error: ", sentence, StringComparison.Ordinal);
        Assert.Empty(run.Out);
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData("ENGINE_ISA", "sse9", "ENGINE_ISA is 'sse9'; it can be vector128, avx2 or avx512.")]
    [InlineData("ENGINE_MAP_WEIGHTS", "maybe", "ENGINE_MAP_WEIGHTS is 'maybe'; it can be on or off.")]
    [InlineData("ENGINE_FORCE_LINEAR", "Magic", "ENGINE_FORCE_LINEAR: Linear has no variant 'Magic'; it has ")]
    public async Task An_environment_variable_with_an_unknown_value_is_said(string variable, string value, string expected)
    {
        using var folder = new TempFolder();
        var environment = new Dictionary<string, string> { [variable] = value };
        var run = await EngineProcess.RunAsync(Repository.Root, environment, "generate", "A red ball", "--device", "cpu", "-o", folder["clip.y4m"]);

        Assert.Contains(run.ErrorLines, line => line.StartsWith($"error: {expected}", StringComparison.Ordinal));
        Assert.Equal(1, run.ExitCode);
        Assert.Empty(folder.Names);
    }

    [Theory]
    [InlineData("clip.xyz", 1, ".mp4")]
    [InlineData("nowhere/clip.mp4", 4, "does not exist")]
    [InlineData("/proc/clip.mp4", 4, "/proc/clip.mp4")]
    public async Task An_output_that_cannot_be_written_is_said_at_once(string name, int code, string expected)
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync("generate", "A red ball", "-o", Path.Combine(folder.Root, name));

        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
        Assert.Equal(code, run.ExitCode);
        Assert.Empty(folder.Names);
    }

    [Fact]
    public async Task A_full_disk_is_said()
    {
        // The one device whose every write fails for want of space.
        Assert.SkipUnless(File.Exists("/dev/full"), "needs /dev/full");
        var run = await EngineProcess.RunAsync("generate", "A red ball", "-o", "/dev/full/clip.mp4");

        Assert.Equal(4, run.ExitCode);
        Assert.Single(run.ErrorLines);
    }

    [Fact]
    public async Task A_prompt_of_100_kB_is_refused()
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync("generate", new string('a', 100_000), "-o", folder["clip.y4m"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("<prompt>: has 100000 characters; at most", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_wrong_fields_are_named_at_once()
    {
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync("generate", "A red ball", "-o", folder["clip.y4m"], "--steps", "0", "--fps", "0", "--guidance", "-1");

        Assert.Equal(3, run.ErrorLines.Length);
        Assert.Equal(1, run.ExitCode);
    }

    [Fact]
    public async Task An_ability_that_the_model_lacks_is_said()
    {
        // The published text-to-video layout takes no picture.
        string model = Path.Combine(Testing.Repository.Goldens, "models", "wan21-t2v");
        string picture = Path.Combine(Testing.Repository.BuiltinModel, "samples", "prompts.png");
        using var folder = new TempFolder();
        var run = await EngineProcess.RunAsync("generate", "A red ball", "-o", folder["clip.y4m"], "--model", model, "--image", picture);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("--image: ", Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "promt": "x" }""", "--promt: there is no such field; did you mean 'prompt'?")]
    [InlineData("""{ "prompt": "x", "steps": "ten" }""", "--steps: ")]
    [InlineData("""{ "prompt": """, "is not valid JSON")]
    [InlineData("""[]""", "must be one JSON object")]
    public async Task A_bad_request_file_is_explained(string json, string expected)
    {
        using var folder = new TempFolder();
        await File.WriteAllTextAsync(folder["request.json"], json, TestContext.Current.CancellationToken);
        var run = await EngineProcess.RunAsync("generate", "--config", folder["request.json"], "-o", folder["clip.y4m"]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.ErrorLines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debug_shows_where_an_error_comes_from()
    {
        var run = await EngineProcess.RunAsync("inspect", "nowhere", "--debug");

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("   at Engine.", run.Error, StringComparison.Ordinal);
    }
}
