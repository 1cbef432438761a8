using Xunit;

namespace Engine.Kernels.Tests;

public sealed unsafe class BlockWeightTests
{
    public static TheoryData<DType> Types => [.. Enum.GetValues<DType>().Where(t => t.IsBlockType())];

    [Theory, MemberData(nameof(Types))]
    public void Vectors_expand_to_the_same_bits_as_the_specification(DType type)
    {
        const int Count = 1024;
        using var storage = Blocks(type, Count);
        var want = new float[Count];
        BlockFormats.Expand(type, new ReadOnlySpan<byte>(storage.Address, (int)storage.Bytes), want);

        // Whole, and every kind of part that a blocked loop may ask for.
        foreach (var (index, count) in ((int, int)[])[(0, Count), (1, 1), (31, 34), (255, 258), (384, 384), (1000, 24)])
        {
            var got = new float[count];
            fixed (float* to = got)
            {
                BlockFormats.Expand(type, storage.Address, index, count, to);
            }

            Assert.Equal(want.AsSpan(index, count).ToArray(), got);
        }
    }

    [Theory, MemberData(nameof(Types))]
    public void Linear_multiplies_by_blocks(DType type)
    {
        const int Inputs = 512;
        foreach (var isa in TestDevices.Isas)
        {
            var device = TestDevices.Cpu(isa);
            foreach (int rows in (int[])[1, 7, 40])
            {
                using var storage = Blocks(type, 33 * Inputs);
                using var weight = new Weight(storage, type, 33, Inputs);
                using var scratch = new Workspace(device);
                using var x = device.NewTensor([rows, Inputs]);
                var random = new Random(3);
                for (int i = 0; i < x.Span.Length; i++)
                {
                    x.Span[i] = random.NextSingle() - 0.5f;
                }

                using var got = device.NewTensor([rows, 33]);
                using var want = device.NewTensor([rows, 33]);
                Linear.Run(device, x, weight, default, got, scratch);
                Linear.Variants["Reference"](device, new LinearCall(x, weight, default, want, Activation.None, LinearOutput.Store, default, null, default));
                double worst = 0, scale = 0;
                for (int i = 0; i < want.Span.Length; i++)
                {
                    worst = Math.Max(worst, Math.Abs(got.Span[i] - want.Span[i]));
                    scale = Math.Max(scale, Math.Abs(want.Span[i]));
                }

                Assert.True(worst <= 5e-6 * scale, $"{type} on {isa}, {rows} rows: {worst / scale}");
            }
        }
    }

    // Random bytes with scales that are ordinary numbers.
    internal static Storage Blocks(DType type, int count)
    {
        var storage = TestDevices.Cpu(Isa.Vector128).Allocate(type.Bytes(count));
        var bytes = new Span<byte>(storage.Address, (int)storage.Bytes);
        new Random(7).NextBytes(bytes);
        int size = type.Block().Bytes;
        int[] scales = type switch
        {
            DType.Q4_0 or DType.Q5_0 or DType.Q8_0 => [0],
            DType.Q2_K => [80, 82],
            DType.Q3_K => [108],
            DType.Q6_K => [208],
            _ => [0, 2],
        };
        for (int at = 0; at < bytes.Length; at += size)
        {
            foreach (int scale in scales)
            {
                BitConverter.TryWriteBytes(bytes[(at + scale)..], (Half)(0.01f + (at % 7 * 0.003f)));
            }
        }

        return storage;
    }
}
