using Xunit;

namespace Engine.Kernels.Tests.Patches;

public sealed class PatchesTests
{
    public static TheoryData<int, int, int, int, int, int, int> Shapes => new()
    {
        { 1, 1, 2, 2, 1, 2, 2 },
        { 3, 2, 4, 6, 1, 2, 2 },
        { 5, 4, 6, 3, 2, 3, 1 },
        { 16, 5, 32, 32, 1, 2, 2 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void Variants_match_the_reference(int c, int t, int h, int w, int pt, int ph, int pw)
    {
        using var device = new CpuDevice(threads: 2);
        var patch = (pt, ph, pw);
        using var latent = device.NewTensor([c, t, h, w]);
        new TorchRandom(1).Normal(latent);
        int values = c * pt * ph * pw;
        Shape rows = [(int)(latent.Count / values), values];
        using var want = device.NewTensor(rows);
        using var got = device.NewTensor(rows);
        Engine.Kernels.Patches.Gathers["Reference"](device, latent, want, patch);
        Engine.Kernels.Patches.Gather(device, latent, patch, got);
        Assert.Equal(want.ToArray(), got.ToArray());

        using var wantBack = device.NewTensor(latent.Shape);
        using var gotBack = device.NewTensor(latent.Shape);
        Engine.Kernels.Patches.Scatters["Reference"](device, wantBack, got, patch);
        Engine.Kernels.Patches.Scatter(device, got, patch, gotBack);
        Assert.Equal(wantBack.ToArray(), gotBack.ToArray());
    }

    [Fact]
    public void Rows_are_ordered_as_a_convolutions_weights()
    {
        using var device = new CpuDevice(threads: 1);
        using var latent = device.NewTensor([2, 1, 2, 4]);
        latent.CopyFrom([.. Enumerable.Range(0, 16).Select(i => (float)i)]);
        using var rows = device.NewTensor([2, 8]);
        Engine.Kernels.Patches.Gather(device, latent, (1, 2, 2), rows);
        Assert.Equal([0, 1, 4, 5, 8, 9, 12, 13, 2, 3, 6, 7, 10, 11, 14, 15], rows.ToArray());
    }

    [Fact]
    public void A_latent_that_patches_do_not_fill_is_refused()
    {
        using var device = new CpuDevice(threads: 1);
        using var latent = device.NewTensor([1, 1, 3, 2]);
        using var rows = device.NewTensor([1, 6]);
        Assert.Throws<ArgumentException>(() => Engine.Kernels.Patches.Gather(device, latent, (1, 2, 2), rows));
    }
}
