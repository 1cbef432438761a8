// Makes clips inside another program: frames as they are decoded, then a whole file, with one model loaded for both.
// Run it with:  dotnet run --project examples/EmbeddingSample -- weights/builtin out
using Engine.Runtime;
using Microsoft.Extensions.DependencyInjection;

string model = args.Length > 0 ? args[0] : "weights/builtin";
string folder = args.Length > 1 ? args[1] : ".";
Directory.CreateDirectory(folder);

var services = new ServiceCollection();
services.AddVideoEngine(options =>
{
    options.ModelPath = model;
    options.Device = DeviceChoice.Auto;      // never a silent fallback: the choice is logged
    options.MaxConcurrentRequests = 1;       // further requests wait in order
});
await using var provider = services.BuildServiceProvider();
var engine = provider.GetRequiredService<IVideoEngine>();

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, e) =>
{
    e.Cancel = true;
    stop.Cancel();
};

var progress = new StepReport();
var request = new VideoRequest("A red ball rolls to the left in a meadow") { Seed = 1, Steps = 8 };

// 1. What will it take?
var plan = await engine.PlanAsync(request, stop.Token);
Console.WriteLine($"{plan.Request.Width}x{plan.Request.Height}, {plan.Request.Frames} frames on {plan.Device}: {plan.Peak / 1e6:0} MB");

// 2. Frames, one by one, while they are decoded. A frame's memory is used again when the next one is asked for.
long brightness = 0;
int frames = 0;
await foreach (Frame frame in engine.StreamAsync(request, progress, stop.Token))
{
    foreach (byte value in frame.Rgb24.Span)
    {
        brightness += value;
    }

    frames++;
}

Console.WriteLine($"{frames} frames, mean brightness {brightness / (double)frames / (plan.Request.Width * plan.Request.Height * 3):0}");

// 3. Straight into a file; the weights are still loaded. Animated PNG needs no ffmpeg; .mp4 does.
await using var video = await engine.GenerateAsync(request with { Prompt = "A blue cube spins in place in a desert" }, progress, stop.Token);
Console.WriteLine($"wrote {await video.SaveAsync(Path.Combine(folder, "cube.apng"), progress, stop.Token)}");

// 4. A request that cannot be met names each wrong field, at once.
try
{
    await engine.GenerateAsync(request with { Width = 100, Steps = 0 }, progress, stop.Token);
}
catch (RequestException e)
{
    Console.WriteLine($"refused: {string.Join(", ", e.Problems.Select(p => p.Field))}");
}

sealed class StepReport : IProgress<GenerationProgress>
{
    public void Report(GenerationProgress value)
    {
        if (value.Stage == GenerationStage.Denoising)
        {
            Console.Error.WriteLine($"step {value.Step} of {value.Steps}, {value.SecondsLeft:0.0} s left");
        }
    }
}
