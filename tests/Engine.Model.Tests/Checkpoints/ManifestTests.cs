using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>The lists of the published checkpoints, made from the reference code.</summary>
public sealed class ManifestTests
{
    public static TheoryData<string> Transformers => new(
        "wan2.1-t2v-1.3b", "wan2.1-t2v-14b", "wan2.1-i2v-14b", "wan2.1-flf2v-14b", "wan2.1-vace-1.3b", "wan2.1-vace-14b",
        "wan2.2-t2v-a14b-expert", "wan2.2-i2v-a14b-expert", "wan2.2-ti2v-5b");

    [Theory]
    [MemberData(nameof(Transformers))]
    public void Transformers_are_expected_as_published(string name)
    {
        var expected = ExpectedTensors.Of(Manifests.Transformer(name));
        Assert.Equal(Manifests.Lines($"diffusers.{name}"), Manifests.Lines(expected));
        Assert.Equal(Manifests.Lines($"official.{name}"), Manifests.Lines(OfficialNames.Transformer.Official(expected)));
    }

    [Theory]
    [InlineData("vae-2.1")]
    [InlineData("vae-2.2")]
    public void Vaes_are_expected_as_published(string name)
    {
        var config = name == "vae-2.1" ? KnownModels.Vae21 : KnownModels.Vae22;
        var expected = ExpectedTensors.Of(config);
        Assert.Equal(Manifests.Lines($"diffusers.{name}"), Manifests.Lines(expected));
        Assert.Equal(Manifests.Lines($"official.{name}"), Manifests.Lines(OfficialNames.Vae(config).Official(expected)));
    }

    [Fact]
    public void The_text_encoder_is_expected_as_published()
    {
        var expected = ExpectedTensors.Of(KnownModels.Umt5Xxl);

        // transformers lists the tied embedding under both of its names.
        Assert.Equal(
            Manifests.Lines("transformers.umt5-xxl"),
            Manifests.Lines([.. expected, ("encoder.embed_tokens.weight", expected.Single(t => t.Name == "shared.weight").Shape)]));
        Assert.Equal(Manifests.Lines("official.umt5-xxl"), Manifests.Lines(OfficialNames.TextEncoder.Official(expected)));
    }

    [Fact]
    public void The_image_encoder_is_expected_as_published()
    {
        var expected = ExpectedTensors.Of(KnownModels.ClipVitH14);

        Assert.Equal(Manifests.Lines("transformers.clip-vit-h-14"), Manifests.Lines(expected));
        // The projection head is in the official file alone, and no Wan model uses it.
        Assert.Equal(
            Manifests.Lines("official.clip-vit-h-14-visual"),
            Manifests.Lines([.. OfficialNames.ImageEncoder.Official(expected), ("visual.head", [1280, 1024])]));
    }

    [Theory]
    [InlineData("wan2.1-i2v-14b", "diffusers")]
    [InlineData("wan2.1-flf2v-14b", "diffusers")]
    [InlineData("wan2.1-vace-14b", "diffusers")]
    [InlineData("vae-2.1", "diffusers")]
    [InlineData("vae-2.2", "diffusers")]
    [InlineData("umt5-xxl", "transformers")]
    [InlineData("clip-vit-h-14", "transformers")]
    public void Official_names_are_shown_under_canonical_ones(string name, string canonical)
    {
        var map = name switch
        {
            "vae-2.1" => OfficialNames.Vae(KnownModels.Vae21),
            "vae-2.2" => OfficialNames.Vae(KnownModels.Vae22),
            "umt5-xxl" => OfficialNames.TextEncoder,
            "clip-vit-h-14" => OfficialNames.ImageEncoder,
            _ => OfficialNames.Transformer,
        };
        using var shown = map.Canonical(new ListSource(Manifests.Read(name == "clip-vit-h-14" ? $"official.{name}-visual" : $"official.{name}")));

        var want = Manifests.Lines($"{canonical}.{name}").Where(line => !line.StartsWith("encoder.embed_tokens.", StringComparison.Ordinal));
        Assert.Equal(want, Manifests.Lines(shown.Tensors.Select(t => (t.Name, t.Shape.ToArray()))));
        Assert.All(shown.Tensors, t => Assert.Equal(t.Bytes, t.Shape.Aggregate(4L, (a, b) => a * b)));
    }
}
