using Xunit;

namespace Engine.Kernels.Tests.Core;

public sealed unsafe class HostMemoryTests
{
    [Theory, InlineData(0), InlineData(1), InlineData((1 << 20) - 1), InlineData(1 << 20), InlineData((5 << 20) + 3)]
    public void A_block_is_aligned_and_all_of_it_can_be_written(long bytes)
    {
        using var memory = new HostMemory(bytes);
        Assert.Equal(0, (nint)memory.HostAddress % Storage.Alignment);
        new Span<byte>(memory.HostAddress, (int)bytes).Fill(7);
    }

    [Fact]
    public void More_than_there_is_is_refused() => Assert.Throws<EngineException>(() => new HostMemory(1L << 62));

    [Fact]
    public void Freed_blocks_go_back_to_the_system()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "reads /proc");
        const int Blocks = 64;
        const int Size = 4 << 20;
        var held = new HostMemory[Blocks];
        for (int i = 0; i < Blocks; i++)
        {
            held[i] = new HostMemory(Size);
            new Span<byte>(held[i].HostAddress, Size).Fill(1);
        }

        long before = Resident();

        // Every other one: a heap could not shrink.
        for (int i = 0; i < Blocks; i += 2)
        {
            held[i].Dispose();
        }

        long after = Resident();
        Assert.InRange(before - after, Blocks / 2L * Size * 8 / 10, long.MaxValue);
        for (int i = 1; i < Blocks; i += 2)
        {
            held[i].Dispose();
        }
    }

    static long Resident() => long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * Environment.SystemPageSize;
}
