using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vae;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Vae;

public sealed class VaeGoldenTests(ITestOutputHelper log)
{
    public static TheoryData<string> Cases => [.. Golden.Cases("module-vae"), "format-official-wan21", "format-official-wan22"];

    [Theory, MemberData(nameof(Cases))]
    public void Encodes_and_decodes_as_upstream(string name)
    {
        var golden = Golden.Load(name);
        using var device = new CpuDevice();
        var checkpoint = Checkpoint.Open(golden.Model!);
        using var source = checkpoint.OpenVae();
        using var vae = WanVae.Load(source, checkpoint.Vae!, device);

        float[] mean = VaeBench.Encode(vae, golden.Floats("pixels"), golden.Shape("pixels"));
        double encoded = golden.Error("mean", mean);
        float[] pixels = VaeBench.Decode(vae, golden.Floats("latents"), golden.Shape("latents"));
        double decoded = golden.Error("decoded", VaeBench.Clamp(pixels));
        log.WriteLine($"{name}: encode {encoded:e2}, decode {decoded:e2}");
        Assert.InRange(encoded, 0, golden.Tolerance);
        Assert.InRange(decoded, 0, golden.Tolerance);
    }
}
