using System.Diagnostics;
using Engine.Kernels;

namespace Engine.Perf;

/// <summary>Rates of the 3x3x3 convolution, plain and in both Winograd forms, on one thread: <c>vae conv</c>.</summary>
/// <remarks>GFLOP/s count nine multiplications per tap whatever the form does; processor time, best of several.</remarks>
static class ConvolutionTiming
{
    public static void Run()
    {
        using var device = new CpuDevice(1);
        using var scratch = new Workspace(device);
        Console.WriteLine(device.Name);
        foreach (var (side, channels) in new[] { (256, 96), (128, 192), (64, 384), (32, 384), (64, 16), (32, 32), (16, 64), (8, 64), (128, 256), (64, 512) })
        {
            double flops = 2.0 * 27 * side * side * channels * channels;
            Console.Write($"{side,4} x {channels,3}: {flops / 1e9,6:f2} GFLOP");
            foreach (var form in Enum.GetValues<WinogradForm>())
            {
                var x = new Plane(Noise(device, [side + 2, side + 2, channels]), 1);
                var y = new Plane(device.NewTensor([side, side, channels]));
                using var stored = new Weight(Noise(device, [channels, channels * 27]).Storage, DType.F32, channels, channels * 27);
                using var weight = ConvWeight.Pack(device, stored, default, ConvKind.Causal, form: form);
                double best = double.MaxValue;
                for (int round = 0; round < 5; round++)
                {
                    int times = (int)Math.Clamp(1e10 / flops, 1, 200);
                    var start = ThreadTime();
                    for (int i = 0; i < times; i++)
                    {
                        Convolution.Run(device, new ConvInput(x, x, x), weight, y, scratch);
                    }

                    best = Math.Min(best, (ThreadTime() - start) / times);
                }

                Console.Write($"   {form} {flops / best / 1e9,5:f0}");
                x.Values.Dispose();
                y.Values.Dispose();
            }

            Console.WriteLine(" GFLOP/s");
        }
    }

    static double ThreadTime()
    {
        using var process = Process.GetCurrentProcess();
        return process.TotalProcessorTime.TotalSeconds;
    }

    static Tensor Noise(Device device, Shape shape)
    {
        var tensor = device.NewTensor(shape);
        var random = new Random(1);
        foreach (ref float value in tensor.Span)
        {
            value = random.NextSingle() - 0.5f;
        }

        return tensor;
    }
}
