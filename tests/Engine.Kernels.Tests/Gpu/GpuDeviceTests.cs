using System.Runtime.InteropServices;
using Engine.Kernels.Gpu;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>Memory, copies and the loading of kernels on an accelerator.</summary>
[Collection("gpu")]
public sealed class GpuDeviceTests
{
    // 1: less than a block; 9 MB and 20 MB: more than one half of the staging memory, and more than both.
    [Theory, InlineData(1), InlineData(1000), InlineData(9 << 20), InlineData(20 << 20)]
    public void Bytes_come_back_as_they_went(int count)
    {
        var gpu = TestDevices.Gpu();
        byte[] sent = new byte[count];
        new Random(1).NextBytes(sent);
        using var storage = gpu.Allocate(count);
        gpu.Upload(sent, storage, 0);
        byte[] got = new byte[count];
        gpu.Download(storage, 0, got);
        Assert.True(sent.AsSpan().SequenceEqual(got));
    }

    [Fact]
    public void Copies_and_fills_reach_the_part_they_are_told()
    {
        var gpu = TestDevices.Gpu();
        using var a = gpu.NewTensor([4, 5]);
        using var b = gpu.NewTensor([4, 5]);
        a.Fill(1);
        b.Fill(2);
        a.Slice(1, 2).CopyFrom(b.Slice(0, 2));
        b.Slice(3, 1).Fill(7);
        Assert.Equal([.. Enumerable.Repeat(1f, 5), .. Enumerable.Repeat(2f, 10), .. Enumerable.Repeat(1f, 5)], a.ToArray());
        Assert.Equal([.. Enumerable.Repeat(2f, 15), .. Enumerable.Repeat(7f, 5)], b.ToArray());
    }

    [Fact]
    public void Blocks_never_overlap_and_their_memory_is_used_again()
    {
        var gpu = TestDevices.Gpu();
        var random = new Random(5);
        var live = new List<(Tensor Tensor, float Value)>();
        long capacity = 0;
        for (int round = 0; round < 300; round++)
        {
            if (live.Count > 20)
            {
                int index = random.Next(live.Count);
                Assert.All(live[index].Tensor.ToArray(), v => Assert.Equal(live[index].Value, v));
                live[index].Tensor.Dispose();
                live.RemoveAt(index);
            }

            var made = gpu.NewTensor([random.Next(1, 5000)]);
            made.Fill(round);
            live.Add((made, round));
            capacity = round == 100 ? gpu.ReservedMemory : capacity;
        }

        Assert.Equal(capacity, gpu.ReservedMemory);
        live.ForEach(l => l.Tensor.Dispose());
    }

    [Fact]
    public void Uploads_wait_for_nothing_that_is_still_read()
    {
        var gpu = TestDevices.Gpu();
        using var x = gpu.NewTensor([1 << 20]);
        using var sum = gpu.NewTensor([1 << 20]);
        sum.Fill(0);
        float[] values = new float[1 << 20];
        for (int i = 1; i <= 5; i++)
        {
            Array.Fill(values, i);
            x.CopyFrom(values);
            sum.CopyFrom(x);
            Array.Fill(values, -1);
        }

        Assert.All(sum.ToArray(), v => Assert.Equal(5f, v));
    }

    [Fact]
    public void Starting_a_kernel_allocates_nothing()
    {
        var gpu = TestDevices.Gpu();
        using var x = gpu.NewTensor([1000]);
        x.Fill(1);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 10; i++)
        {
            x.Fill(i);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        gpu.Synchronize();
    }

    [Fact]
    public void Memory_that_the_device_has_not_is_a_clear_error_and_nothing_is_lost()
    {
        var gpu = TestDevices.Gpu();
        using var kept = gpu.NewTensor([100]);
        kept.Fill(3);
        long held = gpu.Allocated;
        long impossible = 64 * gpu.TotalMemory;
        foreach (var attempt in (Action[])[() => gpu.Allocate(impossible), () => gpu.Reserve(impossible)])
        {
            var e = Assert.Throws<EngineException>(attempt);
            Assert.Equal(ErrorKind.NoResources, e.Kind);
            Assert.Contains(gpu.Name, e.Message);
        }

        Assert.Equal(held, gpu.Allocated);
        Assert.All(kept.ToArray(), v => Assert.Equal(3f, v));
    }

    [Fact]
    public void Tensors_of_an_accelerator_have_no_host_address()
    {
        var gpu = TestDevices.Gpu();
        using var x = gpu.NewTensor([3]);
        var e = Assert.Throws<NotSupportedException>(() => x.Span.Length);
        Assert.Contains("CopyTo", e.Message);
        Assert.Throws<ArgumentException>(() => gpu.Upload(MemoryMarshal.AsBytes<float>([1f]), TestDevices.Cpu(Isa.Vector128).Allocate(4), 0));
    }

    [Fact]
    public void A_device_that_is_not_there_is_a_clear_error()
    {
        var e = Assert.Throws<EngineException>(() => DeviceCatalog.Open(DeviceKind.OpenCl, 99));
        Assert.Equal(ErrorKind.NoResources, e.Kind);
        Assert.Contains("opencl:99", e.Message);
    }
}
