using System.Text.Json;
using Engine.Kernels;
using Engine.Model.Lora;
using Engine.Model.Schedulers;
using Xunit;

namespace Engine.Runtime.Tests.Requests;

public sealed class VideoRequestJsonTests
{
    static readonly VideoRequest s_full = new("a \"red\" ball, 雪")
    {
        NegativePrompt = "",
        Model = "/models/wan",
        Width = 128,
        Height = 96,
        Frames = 17,
        Fps = 12.5,
        Seed = long.MaxValue,
        Steps = 7,
        Guidance = 4.25,
        Guidance2 = 3,
        Shift = 2,
        Scheduler = SchedulerKind.DpmPlusPlus,
        Mode = VideoMode.Extend,
        Overlap = 9,
        Strength = 0.3,
        Join = false,
        PasteBack = false,
        ShowMasked = true,
        MaxSequenceLength = 40,
        Device = DeviceChoice.Cpu,
        Threads = 2,
        MemoryLimit = 1L << 33,
    };

    [Fact]
    public void A_request_survives_the_round_trip() => Assert.Equal(s_full, VideoRequestJson.Parse(VideoRequestJson.Write(s_full)));

    [Fact]
    public void Inputs_are_paths()
    {
        var got = VideoRequestJson.Parse("""{ "prompt": "x", "first_frame": "a.png", "video": "b.mp4" }""");
        Assert.Equal(("a.png", "b.mp4"), (got.FirstFrame!.Path, got.Video!.Path));
        Assert.Contains("\"first_frame\": \"a.png\"", VideoRequestJson.Write(got), StringComparison.Ordinal);
    }

    [Fact]
    public void Loras_are_recorded_with_strength_and_expert()
    {
        var got = VideoRequestJson.Parse("""{ "prompt": "x", "turbo": true, "lora_mode": "apart", "loras": [ { "path": "a.safetensors" }, { "path": "b.safetensors", "strength": -0.5, "expert": "high" } ] }""");
        Assert.Equal([new LoraInput("a.safetensors"), new LoraInput("b.safetensors", -0.5, LoraExpert.High)], got.Loras);
        Assert.Equal((true, LoraMode.Apart), (got.Turbo, got.LoraMode));
        Assert.Equal(got.Loras, VideoRequestJson.Parse(VideoRequestJson.Write(got)).Loras);
    }

    [Theory]
    [InlineData("a.safetensors", "a.safetensors", 1, null)]
    [InlineData("a.safetensors:0.8", "a.safetensors", 0.8, null)]
    [InlineData("a.safetensors:low", "a.safetensors", 1, LoraExpert.Low)]
    [InlineData("b:c.safetensors:-1.5:high", "b:c.safetensors", -1.5, LoraExpert.High)]
    public void Loras_are_written_as_file_strength_expert(string text, string path, double strength, LoraExpert? expert) =>
        Assert.Equal(new LoraInput(path, strength, expert), LoraInput.Parse(text));

    [Fact]
    public void Comments_and_trailing_commas_are_fine()
    {
        var got = VideoRequestJson.Parse("""
            {
              // what to show
              "prompt": "x", /* and how */ "steps": 3,
            }
            """);
        Assert.Equal(("x", 3), (got.Prompt, got.Steps));
    }

    [Theory]
    [InlineData("""{ "prompt": "x", "promt": "y" }""", "promt", "did you mean 'prompt'")]
    [InlineData("""{ "loras": [ "a.safetensors" ] }""", "loras", "a list of { \"path\"")]
    [InlineData("""{ "loras": [ { "path": "a", "strenght": 1 } ] }""", "loras", "a list of { \"path\"")]
    [InlineData("""{ "width": "wide" }""", "width", "a whole number")]
    [InlineData("""{ "width": 12.5 }""", "width", "a whole number")]
    [InlineData("""{ "steps": 99999999999 }""", "steps", "a whole number")]
    [InlineData("""{ "guidance": "NaN" }""", "guidance", "a number")]
    [InlineData("""{ "scheduler": "ddim" }""", "scheduler", "unipc, euler, dpm++, turbo")]
    [InlineData("""{ "scheduler": 1 }""", "scheduler", "unipc, euler, dpm++, turbo")]
    [InlineData("""{ "mode": "eat" }""", "mode", "restyle, extend, edit")]
    [InlineData("""{ "mode": 1 }""", "mode", "restyle, extend, edit")]
    [InlineData("""{ "first_frame": 3 }""", "first_frame", "a path")]
    [InlineData("""{ "prompt": ["x"] }""", "prompt", "text")]
    public void A_wrong_field_is_named(string json, string field, string expected)
    {
        var error = Assert.Throws<RequestException>(() => VideoRequestJson.Parse(json));
        Assert.Equal(field, error.Problems[0].Field);
        Assert.Contains(expected, error.Problems[0].Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("[1]")]
    [InlineData("{ \"prompt\": ")]
    [InlineData("{ \"prompt\": \"x\", \"prompt\": \"y\" }")]
    [InlineData("{ \"prompt\": [[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]] }")]
    public void What_is_not_a_request_is_refused(string json)
    {
        var error = Assert.ThrowsAny<EngineException>(() => VideoRequestJson.Parse(json));
        Assert.Equal(ErrorKind.BadRequest, error.Kind);
    }

    [Fact]
    public void Paths_in_a_file_count_from_its_folder()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string file = Path.Combine(folder, "request.json");
        File.WriteAllText(file, """{ "prompt": "x", "first_frame": "a.png", "mask": "/b.png" }""");
        var got = VideoRequestJson.Load(file);
        Assert.Equal((Path.Combine(folder, "a.png"), "/b.png"), (got.FirstFrame!.Path, got.Mask!.Path));
        Directory.Delete(folder, true);
    }

    [Fact]
    public void A_missing_file_is_bad_input() =>
        Assert.Equal(ErrorKind.BadInput, Assert.Throws<EngineException>(() => VideoRequestJson.Load("/no/such.json")).Kind);

    [Fact]
    public void The_schema_lists_every_field()
    {
        using var schema = JsonDocument.Parse(VideoRequestJson.Schema());
        var properties = schema.RootElement.GetProperty("properties");
        Assert.True(properties.TryGetProperty("max_sequence_length", out _));
        Assert.Equal(["unipc", "euler", "dpm++", "turbo"], properties.GetProperty("scheduler").GetProperty("enum").EnumerateArray().Select(e => e.GetString()));
        Assert.False(schema.RootElement.GetProperty("additionalProperties").GetBoolean());
    }
}
