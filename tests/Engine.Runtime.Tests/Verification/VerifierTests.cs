using System.Text.Json.Nodes;
using Engine.Kernels;
using Engine.Runtime.Verification;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Verification;

public sealed class VerifierTests : IDisposable
{
    readonly CpuDevice _device = new();
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("engine-verify-");

    public void Dispose()
    {
        _device.Dispose();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Every_case_is_met()
    {
        var rows = new List<VerificationRow>();
        var result = await Verifier.RunAsync([Repository.Goldens], null, _device, rows.Add, TestContext.Current.CancellationToken);
        Assert.Equal([], rows.Where(r => !r.Passed));
        Assert.Equal(0, result.Failed);
        Assert.Equal(rows.Count, result.Passed);
    }

    [Theory]
    [InlineData("motion-wan-move-features", 2)]
    [InlineData("module-dit-camera", 4)]
    [InlineData("pipeline-wan-move", 10)]
    [InlineData("pipeline-ttm-ti2v", 12)]
    [InlineData("pipeline-ttm-two-experts", 11)]
    public async Task Motion_and_camera_are_met(string name, int tensors)
    {
        var rows = await Rows(Path.Combine(Repository.Goldens, name));
        Assert.Equal([], rows.Where(r => !r.Passed));
        Assert.Equal(tensors, rows.Count);
    }

    [Fact]
    public async Task A_changed_expectation_fails()
    {
        string folder = Copy("scheduler-unipc-3-3");
        byte[] bytes = File.ReadAllBytes(Path.Combine(folder, "tensors.safetensors"));
        bytes[^2] ^= 0x40;
        File.WriteAllBytes(Path.Combine(folder, "tensors.safetensors"), bytes);
        Assert.Contains(await Rows(folder), r => !r.Passed);
    }

    [Theory]
    [InlineData("kind", "telepathy")]
    [InlineData("module", "crystal_ball")]
    public async Task What_is_not_known_fails(string field, string value)
    {
        string folder = Copy("module-clip-vision");
        string path = Path.Combine(folder, "case.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json[field] = value;
        json["model"] = Path.Combine(Repository.Goldens, "models", "wan21-i2v");
        File.WriteAllText(path, json.ToJsonString());
        Assert.Contains(await Rows(folder), r => !r.Passed && r.Message!.Contains(value, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Unknown_case_names_are_refused() => await Assert.ThrowsAsync<EngineException>(() =>
        Verifier.RunAsync([Repository.Goldens], ["no-such-case"], _device, _ => { }, TestContext.Current.CancellationToken));

    async Task<List<VerificationRow>> Rows(string folder)
    {
        var rows = new List<VerificationRow>();
        await Verifier.RunAsync([folder], null, _device, rows.Add, TestContext.Current.CancellationToken);
        return rows;
    }

    string Copy(string name)
    {
        var target = _folder.CreateSubdirectory(name);
        foreach (string file in Directory.EnumerateFiles(Path.Combine(Repository.Goldens, name)))
        {
            File.Copy(file, Path.Combine(target.FullName, Path.GetFileName(file)));
        }

        return target.FullName;
    }
}
