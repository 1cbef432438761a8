using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Models;

/// <summary>Which installed model a tier takes.</summary>
public sealed class ModelChoiceTests : IDisposable
{
    const string Name13B = "Wan2.1-T2V-1.3B";
    const string Name5B = "Wan2.2-TI2V-5B";
    const string Name14B = "Wan2.1-T2V-14B";

    // As small as a plan may be: what is chosen does not depend on it, as long as it fits.
    static readonly VideoRequest s_text = new("x") { Width = 64, Height = 64, Frames = 5, Steps = 2, Seed = 1 };
    static readonly VideoRequest s_picture = s_text with { FirstFrame = PictureInput.FromRgb24(new byte[3], 1, 1) };

    readonly PublishedModels _models = new();

    public void Dispose() => _models.Dispose();

    [Theory]
    [InlineData(QualityTier.Standard, Name13B, "Wan2.1-VACE-1.3B")]
    [InlineData(QualityTier.Pro, Name5B, Name5B)]
    [InlineData(QualityTier.Master, "Wan2.2-T2V-A14B", "Wan2.1-I2V-14B-720P")]
    public async Task Each_tier_takes_its_class_and_for_pictures_one_that_takes_them(QualityTier tier, string text, string picture)
    {
        _models.Add(Name13B, KnownModels.T2V13B).Add("Wan2.1-VACE-1.3B", KnownModels.Vace13B).Add(Name5B, KnownModels.Ti2V5B, KnownModels.Vae22)
            .Add(Name14B, KnownModels.T2V14B).Add("Wan2.1-I2V-14B-480P", KnownModels.I2V14B).Add("Wan2.1-I2V-14B-720P", KnownModels.I2V14B)
            .Add("Wan2.2-T2V-A14B", KnownModels.T2V14B, experts: true);
        await using var engine = NewEngine();

        Assert.Equal(text, await ChosenAsync(engine, s_text with { Tier = tier }));
        Assert.Equal(picture, await ChosenAsync(engine, s_picture with { Tier = tier }));
    }

    [Fact]
    public async Task Without_its_class_a_tier_takes_the_next_one_and_says_why()
    {
        _models.Add(Name13B, KnownModels.T2V13B).Add(Name14B, KnownModels.T2V14B);
        await using var engine = NewEngine();

        var resolved = await engine.ResolveAsync(s_text with { Tier = QualityTier.Pro }, TestContext.Current.CancellationToken);
        Assert.Equal(Name14B, resolved.Choice!.Model.Name);
        Assert.Equal(resolved.Choice.InWords, resolved.Notes[0]);
        Assert.Contains("Wan2.1-T2V-14B was chosen (14.29 G parameters): tier pro takes models of 3 to 10 G parameters first", resolved.Notes[0], StringComparison.Ordinal);
        Assert.Equal(Name13B, await ChosenAsync(engine, s_text with { Tier = QualityTier.Standard }));
        Assert.Equal("builtin", await ChosenAsync(engine, s_picture with { Tier = QualityTier.Standard }));

        // The filled-in request names the model, so that it is the same one ever after.
        Assert.Equal((resolved.ModelPath, null), (resolved.Request.Model, resolved.Request.Tier));
        var again = await engine.ResolveAsync(resolved.Request, TestContext.Current.CancellationToken);
        Assert.Equal((resolved.ModelPath, null), (again.ModelPath, again.Choice));
    }

    [Fact]
    public async Task What_does_not_fit_into_memory_is_passed_over()
    {
        _models.Add(Name13B, KnownModels.T2V13B).Add(Name14B, KnownModels.T2V14B);
        await using var engine = NewEngine();

        var resolved = await engine.ResolveAsync(s_text with { Tier = QualityTier.Master, MemoryLimit = 1400L << 20 }, TestContext.Current.CancellationToken);
        Assert.Equal(Name13B, resolved.Choice!.Model.Name);
        var passed = Assert.Single(resolved.Choice.PassedOver);
        Assert.Equal((Name14B, true), (passed.Model.Name, passed.ForMemory));
        Assert.Matches(@"takes \d+\.\d GB of memory, and 1\.5 GB are there", resolved.Choice.InWords);
    }

    [Fact]
    public async Task A_model_or_files_that_are_named_win_over_the_tier()
    {
        _models.Add(Name13B, KnownModels.T2V13B);
        await using var engine = NewEngine();
        var cancel = TestContext.Current.CancellationToken;
        var tier = s_text with { Tier = QualityTier.Standard };

        Assert.Null((await engine.ResolveAsync(tier with { Model = Repository.BuiltinModel }, cancel)).Choice);
        var files = new CheckpointFiles { Vae = Path.Combine(Repository.BuiltinModel, "vae", "diffusion_pytorch_model.safetensors") };
        Assert.Null((await engine.ResolveAsync(tier with { Files = files }, cancel)).Choice);
        Assert.Equal(Repository.BuiltinModel, (await engine.ResolveAsync(s_text, cancel)).ModelPath);
    }

    [Fact]
    public async Task Alone_the_engines_own_model_is_taken_without_a_word()
    {
        await using var engine = NewEngine();
        var resolved = await engine.ResolveAsync(new VideoRequest("x") { Tier = QualityTier.Master, Seed = 1 }, TestContext.Current.CancellationToken);

        Assert.Equal((Repository.BuiltinModel, null), (resolved.ModelPath, resolved.Choice));
        Assert.Empty(resolved.Notes);
    }

    [Fact]
    public async Task Where_none_can_every_reason_is_told()
    {
        _models.Add(Name13B, KnownModels.T2V13B).Add(Name14B, KnownModels.T2V14B);
        await using var engine = new VideoEngine(new VideoEngineOptions { ModelsFolder = _models.Folder });

        var error = await Assert.ThrowsAsync<RequestException>(() => engine.ResolveAsync(s_picture with { Tier = QualityTier.Pro }, TestContext.Current.CancellationToken));
        Assert.Equal(("tier", ErrorKind.BadRequest), (error.Problems[0].Field, error.Kind));
        Assert.Contains($"{Name13B} (Wan 2.1 T2V 1.3B cannot work from a first frame)", error.Message, StringComparison.Ordinal);

        error = await Assert.ThrowsAsync<RequestException>(() => engine.ResolveAsync(s_text with { Tier = QualityTier.Pro, MemoryLimit = 200L << 20 }, TestContext.Current.CancellationToken));
        Assert.Equal(ErrorKind.NoResources, error.Kind);

        error = await Assert.ThrowsAsync<RequestException>(() => engine.ResolveAsync(s_text with { Tier = QualityTier.Pro, Frames = 6 }, TestContext.Current.CancellationToken));
        Assert.StartsWith("frames: 6 is not 4n + 1", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<RequestException>(() => engine.ResolveAsync(s_text with { Tier = QualityTier.Pro, Steps = 0, Fps = 0 }, TestContext.Current.CancellationToken));
        Assert.Equal(["fps", "steps"], error.Problems.Select(p => p.Field).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void An_adapter_that_is_asked_for_comes_first_and_one_that_is_not_comes_later()
    {
        _models.Add("camera", KnownModels.FunCamera14B).Add("i2v", KnownModels.I2V14B).Add("wan-move", KnownModels.I2V14B);
        var models = InstalledModels.List(Repository.BuiltinModel, _models.Folder);
        string First(MotionRequest? motion) => ModelTiers.Ranked(QualityTier.Master, s_picture with { Motion = motion }, models)[0].Name;

        Assert.Equal("i2v", First(null));
        Assert.Equal("camera", First(new MotionRequest { Camera = new CameraRequest() }));
        Assert.Equal("wan-move", First(new MotionRequest { Tracks = [new MotionTrack()] }));
    }

    [Fact]
    public async Task The_catalog_tells_every_tier_and_the_same_each_time()
    {
        _models.Add(Name13B, KnownModels.T2V13B);
        await using var engine = NewEngine();
        var catalog = await engine.ModelsAsync(TestContext.Current.CancellationToken);

        Assert.Equal((_models.Folder, 2, 6), (catalog.Folder, catalog.Models.Count, catalog.Tiers.Count));
        Assert.All(catalog.Tiers, t => Assert.Equal(t.Task == VideoTask.TextToVideo ? Name13B : "builtin", t.Choice!.Model.Name));
        var again = await engine.ModelsAsync(TestContext.Current.CancellationToken);
        Assert.Equal(catalog.Tiers.Select(t => t.Choice!.InWords), again.Tiers.Select(t => t.Choice!.InWords));
    }

    [Fact]
    public void The_README_says_what_the_code_does()
    {
        string readme = File.ReadAllText(Path.Combine(Repository.Root, "README.md"));
        Assert.All(Enum.GetValues<QualityTier>(), tier => Assert.Contains(
            $"| {tier.ToString().ToLowerInvariant()} | {(QualityTiers.Pixels(tier) == 832 * 480 ? "832x480" : "1280x720")} | {QualityTiers.StepShare(tier) * 100:0} % of the model's | {ModelTiers.InWords(tier)} |",
            readme,
            StringComparison.Ordinal));
    }

    VideoEngine NewEngine() => new(new VideoEngineOptions { ModelPath = Repository.BuiltinModel, ModelsFolder = _models.Folder });

    static async Task<string> ChosenAsync(VideoEngine engine, VideoRequest request) =>
        (await engine.ResolveAsync(request, TestContext.Current.CancellationToken)).Choice!.Model.Name;
}
