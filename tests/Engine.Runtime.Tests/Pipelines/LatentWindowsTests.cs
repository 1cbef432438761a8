using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Runtime.Pipelines;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Pipelines;

/// <summary>Where windows lie, what they weigh, and that a forward in windows is what its definition says.</summary>
public sealed class LatentWindowsTests
{
    [Theory]
    [InlineData(17, 5, 2)]
    [InlineData(6, 5, 2)]
    [InlineData(41, 21, 7)]
    [InlineData(43, 21, 7)]
    [InlineData(9, 3, 1)]
    [InlineData(1000, 21, 7)]
    public void Windows_cover_every_frame_and_weights_sum_to_one(int frames, int window, int overlap)
    {
        var windows = new LatentWindows(frames, window, overlap, lead: 0);
        Assert.Equal((0, frames - window), (windows.Starts[0], windows.Starts[^1]));
        for (int k = 1; k < windows.Starts.Count; k++)
        {
            Assert.True(windows.Starts[k] - windows.Starts[k - 1] <= window - overlap);
            Assert.Equal(0, windows.WeightsOf(k)[0]);
        }

        Assert.Equal(1, windows.WeightsOf(0)[0]);
        var sums = new double[frames];
        foreach (var (k, start) in windows.Starts.Index())
        {
            for (int j = 0; j < window; j++)
            {
                Assert.InRange(windows.WeightsOf(k)[j], 0, 1);
                sums[start + j] += windows.WeightsOf(k)[j];
            }
        }

        Assert.All(sums, sum => Assert.Equal(1, sum, 1e-6));
    }

    [Fact]
    public void A_clip_that_fits_is_one_window()
    {
        var windows = new LatentWindows(4, 5, 2, lead: 1);
        Assert.Equal([0], windows.Starts);
        Assert.Equal([1, 1, 1, 1], windows.WeightsOf(0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_forward_in_windows_is_the_weighted_sum_of_its_windows(bool control)
    {
        const int Frames = 7, Lead = 1;
        string folder = Path.Combine(Repository.Goldens, "models", control ? "wan21-vace" : "wan22-ti2v-5b", "transformer");
        using var device = new CpuDevice();
        using var transformer = TransformerModels.Load(folder, device);
        var config = transformer.Config;
        Shape shape = [config.OutChannels, Lead + Frames, 4, 4];
        using var input = Noise(device, [config.InChannels, Lead + Frames, 4, 4], 1);
        using var given = control ? null : new GivenLatents(device, shape);
        given?.Give(Lead + 1, Noise(device, [config.OutChannels, 1, 4, 4], 2));
        using var conditioning = new Conditioning
        {
            Prompt = Noise(device, [6, config.TextDim], 3),
            NegativePrompt = Noise(device, [3, config.TextDim], 4),
            TextLength = 16,
            Given = given,
            Control = control ? Noise(device, [config.VaceInChannels, Lead + Frames, 4, 4], 5) : default,
            ControlStrengths = [.. config.VaceLayers.Select(_ => 1f)],
        };
        var windows = new LatentWindows(Frames, window: 3, overlap: 1, Lead);
        using var scratch = new Workspace(device);
        using var prompt = transformer.Prepare(conditioning.Prompt, default, scratch, true, 16);
        using var negative = transformer.Prepare(conditioning.NegativePrompt, default, scratch, true, 16);
        using var velocity = device.NewTensor(shape);
        using var negativeVelocity = device.NewTensor(shape);
        using var forward = new WindowedForward(transformer, conditioning, shape, windows, default, pair: true);
        float[] times = control ? [700] : [700, 0];
        forward.Run(input, default, times, prompt, negative, velocity, negativeVelocity, scratch, (_, _) => { });

        foreach (var (context, got) in new[] { (prompt, velocity), (negative, negativeVelocity) })
        {
            float[] want = ByHand(transformer, conditioning, input, windows, times, context, scratch);
            Assert.All(want.Zip(got.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4f * Math.Max(1, Math.Abs(pair.First))));
        }
    }

    static float[] ByHand(
        WanTransformer transformer, Conditioning conditioning, Tensor input, LatentWindows windows, float[] times, TransformerContext context, Workspace scratch)
    {
        int frames = windows.Lead + windows.Window;
        int plane = input.Shape[2] * input.Shape[3];
        var sum = new float[transformer.Config.OutChannels * input.Shape[1] * plane];
        foreach (var (k, start) in windows.Starts.Index())
        {
            int[] picked = [.. Enumerable.Range(0, windows.Lead), .. Enumerable.Range(windows.Lead + start, windows.Window)];
            using var part = Pick(input, picked);
            using var velocity = input.Device.NewTensor([transformer.Config.OutChannels, frames, input.Shape[2], input.Shape[3]]);
            using var control = conditioning.Control.IsEmpty ? default : Pick(conditioning.Control, picked);
            int[] rows = conditioning.Given?.TokenRows(transformer.Config.Patch) ?? [];
            int tokens = rows.Length / input.Shape[1];
            using var map = rows.Length == 0
                ? TimestepMap.Single(times[0])
                : TimestepMap.ByRow(input.Device, picked.SelectMany(t => rows.Skip(t * tokens).Take(tokens)).ToArray(), times);
            transformer.Forward(part, map, context, velocity, scratch, null, control.IsEmpty ? null : new TransformerControl(control, conditioning.ControlStrengths));
            float[] values = velocity.ToArray();
            for (int i = 0; i < values.Length; i++)
            {
                int c = i / plane / frames, j = i / plane % frames;
                float weight = j < windows.Lead ? 1f / windows.Starts.Count : windows.WeightsOf(k)[j - windows.Lead];
                sum[(((c * input.Shape[1]) + picked[j]) * plane) + (i % plane)] += weight * values[i];
            }
        }

        return sum;
    }

    static Tensor Pick(Tensor clip, int[] frames)
    {
        var part = clip.Device.NewTensor([clip.Shape[0], frames.Length, clip.Shape[2], clip.Shape[3]]);
        using var frame = clip.Device.NewTensor([clip.Shape[0], 1, clip.Shape[2], clip.Shape[3]]);
        foreach (var (j, t) in frames.Index())
        {
            Latents.Take(clip, t, frame);
            Latents.Put(frame, part, j);
        }

        return part;
    }

    static Tensor Noise(Device device, Shape shape, int seed)
    {
        var tensor = device.NewTensor(shape);
        new TorchRandom(seed).Normal(tensor);
        return tensor;
    }
}
