using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Transformer;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Checkpoints;

/// <summary>Transformers from files in official names give what Wan's own code gives.</summary>
public sealed class OfficialGoldenTests
{
    [Theory]
    [InlineData("format-official-wan21", null, "output", false)]
    [InlineData("format-official-wan22", null, "output", false)]
    [InlineData("format-official-wan22-a14b", null, "output.high_noise_model", false)]
    [InlineData("format-official-wan22-a14b", null, "output.low_noise_model", true)]
    [InlineData("format-fp8-scaled", 2, "output", false)]
    [InlineData("format-fp8-e5m2", 2, "output", false)]
    public void Transformer(string name, int? heads, string output, bool second)
    {
        using var device = new CpuDevice();
        using var scratch = new Workspace(device);
        var golden = Golden.Load(name);
        var checkpoint = Checkpoint.Open(golden.Model!, heads);
        using var source = second ? checkpoint.OpenTransformer2() : checkpoint.OpenTransformer();
        var store = new WeightStore(source, device);
        using var model = WanTransformer.Load(store.Root, checkpoint.Transformer!, device);
        store.Complete();
        using var latent = golden.Tensor("hidden_states", device, rank: 4);
        using var text = golden.Tensor("encoder_hidden_states", device, rank: 2);
        float[] timestep = golden.Floats("timestep");
        using var timesteps = timestep.Length == 1 ? TimestepMap.Single(timestep[0]) : TimestepMap.PerToken(device, timestep);
        using var velocity = device.NewTensor([model.Config.OutChannels, latent.Shape[1], latent.Shape[2], latent.Shape[3]]);

        // The text counts as 40 tokens in all of these: text_len of the folders, request.text_length of the single files.
        using var context = model.Prepare(text, default, scratch, keepKeyValues: true, textLength: 40);
        model.Forward(latent, timesteps, context, velocity, scratch);

        double error = golden.Error(output, velocity.Span);
        Assert.True(error < 1e-5, $"relative error {error}");
    }

    [Fact]
    public void Files_of_scaled_8_bit_weights_are_complete_with_their_factors()
    {
        string path = Path.Combine(Repository.Goldens, "models", "single-files", "dit_fp8_e4m3fn_scaled.safetensors");
        var inspection = Inspection.Of(path, heads: 2);
        Assert.True(inspection.IsComplete, string.Join(", ", inspection.Parts[0].Identity!.Extra));

        // One that lost the matrices its factors belong to shows them.
        var identity = ModelIdentity.Identify(inspection.Parts[0].Tensors.Where(t => !t.Name.EndsWith("blocks.0.ffn.0.weight", StringComparison.Ordinal)), heads: 2);
        Assert.False(identity.IsComplete);
    }
}
