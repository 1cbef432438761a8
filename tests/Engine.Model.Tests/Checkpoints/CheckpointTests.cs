using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Schedulers;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

public sealed class CheckpointTests
{
    [Fact]
    public void The_builtin_model_opens_with_all_its_parts()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);

        Assert.Equal("builtin", model.Name);
        Assert.Equal(CheckpointLayout.Diffusers, model.Layout);
        Assert.Equal(192, model.Transformer!.Width);
        Assert.Equal(24, model.Vae!.ZDim);
        Assert.Equal(16, model.Vae.SpatialFactor);
        Assert.Equal(128, model.TextEncoder!.DModel);
        Assert.Null(model.ImageEncoder);
        Assert.Equal(new SchedulerConfig(SchedulerKind.UniPc, 2), model.Scheduler);
        Assert.True(File.Exists(model.TokenizerPath));
        Assert.Equal((128, 128, 17, 12.0), (model.Info.Width, model.Info.Height, model.Info.Frames, model.Info.Fps));
        Assert.Equal(EndFrameStyle.AppendedLatentFrame, model.Info.EndFrame);
        Assert.True(model.Info.ExpandTimesteps);
        Assert.True(model.Info.Abilities.HasFlag(Abilities.Mask | Abilities.Extend | Abilities.FirstLastFrame));
        using var weights = model.OpenTransformer();
        Assert.NotEmpty(weights.Tensors);
    }

    [Theory]
    [InlineData("wan21-t2v")]
    [InlineData("wan21-i2v")]
    [InlineData("wan21-flf2v")]
    [InlineData("wan21-vace")]
    [InlineData("wan22-ti2v-5b")]
    [InlineData("wan22-t2v-a14b")]
    [InlineData("wan22-i2v-a14b")]
    public void Every_diffusers_folder_opens(string name)
    {
        var model = Checkpoint.Open(Path.Combine(Repository.Goldens, "models", name));

        using var transformer = model.OpenTransformer();
        using var vae = model.OpenVae();
        using var text = model.OpenTextEncoder();
        Assert.Equal(name.Contains("a14b"), model.HasTransformer2);
        Assert.Equal(name is "wan21-i2v" or "wan21-flf2v", model.ImageEncoder is not null);
    }

    [Fact]
    public void A_missing_part_is_said_so()
    {
        var model = Checkpoint.Open(Repository.BuiltinModel);

        var error = Assert.Throws<WeightFileException>(model.OpenImageEncoder);
        Assert.Contains("has no image encoder", error.Message);
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public void A_path_without_a_model_is_said_so()
    {
        Assert.Contains("no such", Assert.Throws<WeightFileException>(() => Checkpoint.Open("/nowhere/at/all")).Message);
        Assert.Contains("not a model of a known layout", Assert.Throws<WeightFileException>(() => Checkpoint.Open(Repository.Root)).Message);
    }
}
