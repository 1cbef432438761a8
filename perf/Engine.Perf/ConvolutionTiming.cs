using System.Diagnostics;
using Engine.Kernels;

namespace Engine.Perf;

/// <summary>Rates of the 3x3x3 and of the enlarging convolution, plain and in every Winograd form: <c>vae conv [THREADS]</c>.</summary>
/// <remarks>GFLOP/s count what the definition multiplies, whatever the form does (four taps where pixels are repeated); wall time, best of several.</remarks>
static class ConvolutionTiming
{
    public static void Run(int threads)
    {
        using var device = new CpuDevice(threads);
        using var scratch = new Workspace(device);
        Console.WriteLine(device.Name);
        foreach (var (side, inputs, outputs) in new[] { (256, 96, 96), (128, 192, 192), (64, 384, 384), (32, 384, 384), (32, 32, 32), (16, 64, 64), (64, 512, 512), (256, 96, 3) })
        {
            Time(device, scratch, ConvKind.Causal, side, inputs, outputs, [WinogradForm.None, WinogradForm.Two, WinogradForm.Four, WinogradForm.FourPair]);
        }

        foreach (var (side, inputs, outputs) in new[] { (128, 192, 96), (64, 384, 192) })
        {
            Time(device, scratch, ConvKind.Double, side, inputs, outputs, [WinogradForm.None, WinogradForm.Shared]);
        }
    }

    static void Time(Device device, Workspace scratch, ConvKind kind, int side, int inputs, int outputs, WinogradForm[] forms)
    {
        int taps = kind.Frames() * kind.PlaneTaps();
        int size = kind.OutputExtent(side);
        double flops = 2.0 * (kind == ConvKind.Double ? 4 : taps) * size * size * inputs * outputs;
        Console.Write($"{kind} {side,4} x {inputs,3} -> {outputs,3}: {flops / 1e9,6:f2} GFLOP");
        foreach (var form in forms)
        {
            var x = new Plane(Noise(device, [side + 2, side + 2, inputs]), 1);
            var y = new Plane(device.NewTensor([size, size, outputs]));
            using var stored = new Weight(Noise(device, [outputs, inputs * taps]).Storage, DType.F32, outputs, inputs * taps);
            using var weight = ConvWeight.Pack(device, stored, default, kind, form: form);
            var input = kind.Frames() == 3 ? new ConvInput(x, x, x) : new ConvInput(x);
            bool pair = form == WinogradForm.FourPair;
            double best = double.MaxValue;
            for (int round = 0; round < 5; round++)
            {
                int times = (int)Math.Clamp(1e10 / flops, 1, 200);
                long start = Stopwatch.GetTimestamp();
                for (int i = 0; i < times; i++)
                {
                    if (pair)
                    {
                        Convolution.RunPair(device, input, x, weight, new ConvOutput(y), new ConvOutput(y), scratch);
                    }
                    else
                    {
                        Convolution.Run(device, input, weight, y, scratch);
                    }
                }

                best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds / times / (pair ? 2 : 1));
            }

            Console.Write($"   {form} {flops / best / 1e9,5:f0}");
            x.Values.Dispose();
            y.Values.Dispose();
        }

        Console.WriteLine(" GFLOP/s");
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
