using System.Diagnostics;
using Engine.Kernels;
using Engine.Runtime.Benchmarks;

namespace Engine.Runtime.Devices;

/// <summary>How fast a device is at what models spend their time on: a linear layer with bf16 weights, in f32.</summary>
static class DeviceProbe
{
    // 4.8 GFLOP: some 25 ms of two fast cores, and enough work to fill a large GPU.
    const int Rows = 1024;
    const int Width = 1536;
    const int Rounds = 4;
    const double LeastSeconds = 0.25;

    /// <summary>Best of at least four rounds after a first one that compiles, GFLOP/s.</summary>
    /// <exception cref="NotSupportedException">The device has no kernel for it.</exception>
    public static double GFlops(Device device)
    {
        using var pieces = new Pieces(device);
        var x = pieces.Noise([Rows, Width]);
        var w = pieces.RandomWeight(DType.BF16, Width, Width);
        var bias = pieces.Noise([Width]);
        var y = pieces.Tensor([Rows, Width]);
        var scratch = pieces.Workspace();
        double best = double.MaxValue;
        double sum = 0;
        for (int round = 0; round <= Rounds || sum < LeastSeconds; round++)
        {
            device.Synchronize();
            long start = Stopwatch.GetTimestamp();
            Linear.Run(device, x, w, bias, y, scratch);
            device.Synchronize();
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            best = round == 0 ? best : Math.Min(best, seconds);
            sum += seconds;
        }

        return 2.0 * Rows * Width * Width / best / 1e9;
    }
}
