using System.Diagnostics;
using Engine.Testing;
using Xunit;

namespace Engine.Runtime.Tests.Embedding;

public sealed class EmbeddingSampleTests
{
    [Fact]
    public async Task The_sample_runs()
    {
        string folder = Directory.CreateTempSubdirectory().FullName;
        string configuration = new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;
        string sample = Path.Combine(Repository.Root, "examples", "EmbeddingSample", "bin", configuration, "net10.0", "EmbeddingSample.dll");
        var start = new ProcessStartInfo("dotnet", [sample, Repository.BuiltinModel, folder]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        string output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, output + await errors);
        Assert.Contains("17 frames", output, StringComparison.Ordinal);
        Assert.Contains("refused: steps, width", output, StringComparison.Ordinal);
        Assert.True(new FileInfo(Path.Combine(folder, "cube.apng")).Length > 1000);
        Directory.Delete(folder, true);
    }
}
