using Engine.Kernels;
using Engine.Runtime.Devices;
using Xunit;

namespace Engine.Runtime.Tests.Devices;

/// <summary>Names of devices, opening them, and what <c>auto</c> comes to.</summary>
public sealed class DeviceChoiceTests
{
    [Theory]
    [InlineData("auto", null, 0, "auto")]
    [InlineData("CPU", DeviceKind.Cpu, 0, "cpu")]
    [InlineData("cuda", DeviceKind.Cuda, 0, "cuda:0")]
    [InlineData("cuda:3", DeviceKind.Cuda, 3, "cuda:3")]
    [InlineData("OpenCL:1", DeviceKind.OpenCl, 1, "opencl:1")]
    public void Names_are_read_and_written(string name, DeviceKind? kind, int index, string written)
    {
        var choice = DeviceChoice.Parse(name);
        Assert.Equal((kind, index, written), (choice.Kind, choice.Index, choice.ToString()));
        Assert.Equal(choice, DeviceChoice.Parse(written));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cpu:0")]
    [InlineData("auto:1")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:+1")]
    [InlineData("cuda:0:1")]
    [InlineData("opencl:256")]
    [InlineData("opencl:99999999999999999999")]
    public void Other_names_are_refused(string name)
    {
        var error = Assert.Throws<RequestException>(() => DeviceChoice.Parse(name));
        Assert.Equal(("device", ErrorKind.BadRequest), (error.Problems[0].Field, error.Kind));
        Assert.Contains(DeviceChoice.Forms, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Requests_carry_them_as_text()
    {
        var got = VideoRequestJson.Parse("""{ "prompt": "x", "device": "opencl:1" }""");
        Assert.Equal(DeviceChoice.OpenCl(1), got.Device);
        Assert.Contains("\"device\": \"opencl:1\"", VideoRequestJson.Write(got), StringComparison.Ordinal);
        Assert.Contains(DeviceChoice.Forms, Assert.Throws<RequestException>(() => VideoRequestJson.Parse("""{ "prompt": "x", "device": "gpu" }""")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cuda:250")]
    [InlineData("opencl:250")]
    public void A_device_that_is_not_there_is_refused(string name)
    {
        var error = Assert.Throws<EngineException>(() => DeviceOpener.Open(DeviceChoice.Parse(name)));
        Assert.Equal(ErrorKind.NoResources, error.Kind);
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Auto_comes_to_a_device_that_opens_and_says_why()
    {
        using var opened = DeviceOpener.Open(DeviceChoice.Auto, threads: 1);
        Assert.False(opened.Choice.IsAuto);
        Assert.NotEmpty(opened.Reason);
        Assert.Equal(AutoDevice.Decide(threads: 1), (opened.Choice, opened.Reason));
        Assert.Contains(opened.Device.Name, opened.Description, StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_are_kept_and_a_damaged_file_is_measured_anew()
    {
        string path = Path.Combine(Path.GetTempPath(), $"speed-{Guid.NewGuid():N}.json");
        try
        {
            File.WriteAllText(path, "{ not json");
            var first = SpeedCache.Load(path);
            double measured = first.Get(DeviceChoice.Cpu, null, threads: 1).GFlops!.Value;
            Assert.True(measured > 0.1);
            first.Save();

            // Another run reads the figure, not the machine: a changed file shows.
            string text = File.ReadAllText(path);
            Assert.Equal(Math.Round(measured, 1), SpeedCache.Load(path).Get(DeviceChoice.Cpu, null, threads: 1).GFlops);
            File.WriteAllText(path, text.Replace($":{Math.Round(measured, 1)}", ":123456", StringComparison.Ordinal));
            Assert.Equal(123456, SpeedCache.Load(path).Get(DeviceChoice.Cpu, null, threads: 1).GFlops);
        }
        finally
        {
            File.Delete(path);
        }
    }
}
