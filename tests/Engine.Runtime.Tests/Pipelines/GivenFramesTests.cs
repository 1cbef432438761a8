using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Pictures at any time, clips led up to, and control clips: what the models are shown, worked out here as the reference does it.</summary>
public sealed class GivenFramesTests
{
    const int Width = 48, Height = 32, Frames = 13, Latents = 4, Plane = Height / 8 * (Width / 8);

    static readonly VideoRequest s_request = new("a red ball") { Width = Width, Height = Height, Frames = Frames, Steps = 1, Seed = 1, MaxSequenceLength = 40, Guidance = 1 };

    // WanImageToVideoPipeline.prepare_latents, pipeline_wan_i2v.py of huggingface/diffusers @ 58eb52c0803ea9af3abec60841c2a093bdf1f951:
    // ones where a frame is known, the first one four times, folded in fours.
    [Theory]
    [InlineData(6)]
    [InlineData(0, 6, 12)]
    [InlineData(0, 1)]
    [InlineData(4, 5, 9)]
    public async Task Channels_of_mask_and_latents_are_known_at_the_pictures_alone(params int[] places)
    {
        var (_, condition) = (await RunAsync("wan22-i2v-a14b", Pictures(places))).One("condition");
        var known = new float[Frames];
        Array.ForEach(places, place => known[place] = 1);
        float[] four = [.. Enumerable.Repeat(known[0], 4), .. known[1..]];
        for (int c = 0; c < 4; c++)
        {
            for (int t = 0; t < Latents; t++)
            {
                Assert.All(Enumerable.Range(0, Plane), i => Assert.Equal(four[(4 * t) + c], condition[(((c * Latents) + t) * Plane) + i]));
            }
        }

        // A causal encoder: latents before the last picture's are those without it, and its own are not.
        var (_, before) = (await RunAsync("wan22-i2v-a14b", Pictures(places[..^1].Length == 0 ? [0] : places[..^1]))).One("condition");
        int at = (places[^1] + 3) / 4;
        if (places.Length > 1)
        {
            Assert.Equal(Frame(before, 4, 16, 0, at), Frame(condition, 4, 16, 0, at));
        }

        Assert.NotEqual(Frame(before, 4, 16, at, 1), Frame(condition, 4, 16, at, 1));
    }

    // prepare_masks and prepare_video_latents, pipeline_wan_vace.py at the same commit: white is made anew, frames are chosen by "nearest-exact".
    [Theory]
    [InlineData(7)]
    [InlineData(0, 7, 12)]
    [InlineData(4, 5, 6, 7, 8)]
    public async Task Control_latents_keep_the_pictures_and_masks_are_black_there(params int[] places)
    {
        var log = await RunAsync("wan21-vace", Pictures(places));
        Masked(log, [.. Enumerable.Range(0, Frames).Select(places.Contains)]);

        // What is made anew is grey, and kept frames are what the picture is encoded to.
        var text = await RunAsync("wan21-vace", s_request);
        Assert.Equal(Frame(text.One("vace_latents").Values, 16, 16, 0, Latents), Frame(log.One("vace_latents").Values, 16, 16, 0, Latents));
        Assert.NotEqual(Frame(text.One("vace_latents").Values, 0, 16, 2, 1), Frame(log.One("vace_latents").Values, 0, 16, 2, 1));
    }

    [Fact]
    public async Task A_clip_led_up_to_is_the_end_and_is_handed_out_after_what_is_new()
    {
        var source = Clip(9);
        var request = s_request with { Video = source, Mode = VideoMode.Extend, Direction = ExtendDirection.Backward, Overlap = 5 };
        var (log, frames) = await TensorLog.RunAsync(Folder("wan21-vace"), request);
        Masked(log, [.. Enumerable.Range(0, Frames).Select(i => i >= Frames - 5)]);
        Assert.Equal(Frames - 5 + 9, frames.Count);
        Assert.Equal(source.Frames.Select(f => Runtime.Pictures.Load(f).Rgb), frames[(Frames - 5)..]);
        Assert.Equal(Frames - 5, (await TensorLog.RunAsync(Folder("wan21-vace"), request with { Join = false })).Frames.Count);
    }

    [Fact]
    public async Task A_control_clip_is_shown_and_all_of_it_is_made_anew()
    {
        var log = await RunAsync("wan21-vace", s_request with { Control = Clip(Frames) });
        Masked(log, new bool[Frames]);

        // What is kept is grey; what is shown are the latents of the clip, which restyling by the same model encodes as its start.
        var text = await RunAsync("wan21-vace", s_request);
        Assert.Equal(Frame(text.One("vace_latents").Values, 0, 16, 0, Latents), Frame(log.One("vace_latents").Values, 0, 16, 0, Latents));
        var all = await RunAsync("wan21-vace", s_request with { Video = Clip(Frames), Mode = VideoMode.Edit, Mask = ClipInput.FromFrames([PictureInput.FromRgb24(new byte[Width * Height * 3], Width, Height)]) });
        Assert.Equal(Frame(all.One("vace_latents").Values, 0, 16, 0, Latents), Frame(log.One("vace_latents").Values, 16, 16, 0, Latents));

        var none = await RunAsync("wan21-vace", s_request with { Control = Clip(Frames), ControlStrength = [0] });
        Assert.NotEqual(none.One("latents.0").Values, log.One("latents.0").Values);
    }

    [Fact]
    public async Task What_lies_under_a_mask_is_grey_unless_it_is_to_be_followed()
    {
        byte[] half = [.. Enumerable.Range(0, Width * Height * 3).Select(i => (byte)(i / 3 % Width < Width / 2 ? 255 : 0))];
        var request = s_request with { Video = Clip(Frames), Mode = VideoMode.Edit, Mask = ClipInput.FromFrames([PictureInput.FromRgb24(half, Width, Height)]) };
        var text = await RunAsync("wan21-vace", s_request);
        var hidden = await RunAsync("wan21-vace", request);
        var shown = await RunAsync("wan21-vace", request with { ShowMasked = true });
        Assert.Equal(Frame(text.One("vace_latents").Values, 16, 16, 0, Latents), Frame(hidden.One("vace_latents").Values, 16, 16, 0, Latents));
        Assert.NotEqual(Frame(text.One("vace_latents").Values, 16, 16, 0, Latents), Frame(shown.One("vace_latents").Values, 16, 16, 0, Latents));
        Assert.Equal(Frame(hidden.One("vace_latents").Values, 0, 16, 0, Latents), Frame(shown.One("vace_latents").Values, 0, 16, 0, Latents));
        Assert.Equal(hidden.One("vace_mask").Values, shown.One("vace_mask").Values);
    }

    static void Masked(TensorLog log, bool[] kept)
    {
        var (shape, mask) = log.One("vace_mask");
        Assert.Equal([1, 64, Latents, Height / 8, Width / 8], shape);
        for (int t = 0; t < Latents; t++)
        {
            // nearest-exact: the frame at the middle of the latent's share.
            float want = kept[(int)((t + 0.5f) * Frames / Latents)] ? 0 : 1;
            Assert.All(Enumerable.Range(0, 64), c => Assert.All(mask.AsSpan(((c * Latents) + t) * Plane, Plane).ToArray(), v => Assert.Equal(want, v)));
        }
    }

    // Some latent frames of some channels of [C, T, h, w].
    static float[] Frame(float[] values, int channel, int channels, int start, int count) =>
        [.. Enumerable.Range(channel, channels).SelectMany(c => values[(((c * Latents) + start) * Plane)..(((c * Latents) + start + count) * Plane)])];

    static VideoRequest Pictures(int[] places) =>
        s_request with { Keyframes = [.. places.Select(place => new Keyframe { Image = Picture(place), Frame = place })] };

    static PictureInput Picture(int number) =>
        PictureInput.FromRgb24(Enumerable.Range(0, Width * Height * 3).Select(i => (byte)((i / (3 + number)) + (40 * number))).ToArray(), Width, Height);

    static ClipInput Clip(int frames) => ClipInput.FromFrames([.. Enumerable.Range(0, frames).Select(Picture)]);

    static string Folder(string model) => Path.Combine(Repository.Goldens, "models", model);

    static async Task<TensorLog> RunAsync(string model, VideoRequest request) => (await TensorLog.RunAsync(Folder(model), request)).Log;
}
