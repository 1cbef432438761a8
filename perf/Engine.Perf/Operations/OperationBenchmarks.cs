using BenchmarkDotNet.Attributes;
using Engine.Kernels;
using Engine.Kernels.Gpu;
using Engine.Kernels.Profiling;

namespace Engine.Perf.Operations;

/// <summary>Every operation at the shapes of its probe, in every variant, on every device of this machine.</summary>
public class OperationBenchmarks
{
    static string s_operation = "all";
    static string? s_device;

    Device _device = null!;
    ProbeBench _bench = null!;
    Action _run = null!;

    /// <summary>What is measured.</summary>
    [ParamsSource(nameof(Cases))]
    public OperationCase Case { get; set; } = null!;

    /// <summary>Operations and devices that were chosen.</summary>
    public static IEnumerable<OperationCase> Cases =>
        from probe in s_operation == "all" ? Probe.All : [Probe.Find(s_operation)]
        from device in Devices().Where(d => s_device is null || d.StartsWith(s_device, StringComparison.Ordinal))
        from shape in probe.Shapes
        from variant in probe.Table.Names
        let found = new OperationCase(probe.Name, shape, device, variant)
        where variant != "Reference" && found.Runs()
        select found;

    /// <summary>Chooses what is measured.</summary>
    /// <param name="operation">Name of an operation, or <c>all</c>.</param>
    /// <param name="device">Beginning of a device's name; null means every device.</param>
    internal static void Choose(string operation, string? device) => (s_operation, s_device) = (operation, device);

    /// <summary>Makes the operands.</summary>
    [GlobalSetup]
    public void Setup() => (_device, _bench, _run) = Case.Open();

    /// <summary>Frees them.</summary>
    [GlobalCleanup]
    public void Cleanup()
    {
        Probe.Find(Case.Operation).Table.Forced = null;
        _bench.Dispose();
        _device.Dispose();
    }

    /// <summary>One call, waited for.</summary>
    [Benchmark]
    public void Call()
    {
        _run();
        _device.Synchronize();
    }

    static IEnumerable<string> Devices() =>
        Enum.GetValues<Isa>().Where(i => i <= CpuDevice.WidestPresent).Select(i => $"cpu:{i}")
            .Concat(DeviceCatalog.Accelerators().Where(d => d.IsUsable).Select(d => d.Id));
}

/// <summary>One benchmark.</summary>
/// <param name="Operation">Name of the operation.</param>
/// <param name="Shape">Its shape, as its probe reads it.</param>
/// <param name="Device">The device: <c>cpu:Avx2</c>, <c>opencl:0</c>, <c>cuda:0</c>.</param>
/// <param name="Variant">Variant in the operation's table.</param>
public sealed record OperationCase(string Operation, string Shape, string Device, string Variant)
{
    /// <summary>Opens the device, makes the operands and forces the variant.</summary>
    public (Device Device, ProbeBench Bench, Action Run) Open()
    {
        string[] name = Device.Split(':');
        Device device = name[0] == "cpu"
            ? new CpuDevice(isa: Enum.Parse<Isa>(name[1]))
            : DeviceCatalog.Open(name[0] == "cuda" ? DeviceKind.Cuda : DeviceKind.OpenCl, int.Parse(name[1]));
        var probe = Probe.Find(Operation);
        probe.Table.Forced = Variant;
        var bench = new ProbeBench(device);
        return (device, bench, probe.Prepare(bench, probe.ParseShape(Shape)));
    }

    /// <summary>True when the variant runs on the device at this shape.</summary>
    public bool Runs()
    {
        // Names say for which kind of device a variant is; the rest the table decides, when it is asked.
        if (Variant.StartsWith("Cpu", StringComparison.Ordinal) != Device.StartsWith("cpu", StringComparison.Ordinal))
        {
            return false;
        }

        var (device, bench, run) = Open();
        using (device)
        using (bench)
        {
            try
            {
                run();
                device.Synchronize();
                return true;
            }
            catch (NotSupportedException)
            {
                return false;
            }
            finally
            {
                Probe.Find(Operation).Table.Forced = null;
            }
        }
    }

    /// <summary>The parts of the name, for the table.</summary>
    public override string ToString() => $"{Operation} {Shape} {Device} {Variant}";
}
