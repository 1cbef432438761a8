using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Scratch for parts that run side by side: as many equal blocks as there are threads, each lent to one part at a time.</summary>
readonly unsafe struct ScratchSlots
{
    readonly byte* _blocks;
    readonly int* _taken;
    readonly nint _stride;
    readonly int _count;

    ScratchSlots(byte* blocks, int* taken, nint stride, int count)
    {
        _blocks = blocks;
        _taken = taken;
        _stride = stride;
        _count = count;
    }

    /// <summary>Takes the blocks from a workspace; on a dry-run device only their size is counted, for the threads of the device it stands for.</summary>
    /// <param name="device">Where the parts will run.</param>
    /// <param name="scratch">Where the blocks come from.</param>
    /// <param name="bytes">Size of each block.</param>
    /// <param name="parts">Parts of the job; no more blocks than parts are taken.</param>
    public static ScratchSlots Take(Device device, Workspace scratch, long bytes, int parts)
    {
        int count = Math.Max(1, Math.Min(ThreadsOf(device), parts));
        long stride = (bytes + Storage.Alignment - 1) / Storage.Alignment * Storage.Alignment;
        byte* blocks = scratch.TakeRaw(stride * count);
        byte* taken = scratch.TakeRaw(count * sizeof(int));
        if (taken is not null)
        {
            Unsafe.InitBlock(taken, 0, (uint)(count * sizeof(int)));
        }

        return new ScratchSlots(blocks, (int*)taken, (nint)stride, count);
    }

    /// <summary>Threads that work side by side on a device; on a dry run those of the device that it stands for.</summary>
    public static int ThreadsOf(Device device) =>
        device is CpuDevice cpu ? cpu.Pool.Threads : device is DryDevice dry ? dry.Threads : Environment.ProcessorCount;

    /// <summary>Lends out memory that the caller has: <paramref name="count"/> blocks, <paramref name="stride"/> bytes apart.</summary>
    /// <param name="blocks">The first block.</param>
    /// <param name="taken">A word for each block; zeroed here.</param>
    /// <param name="stride">Bytes from one block to the next.</param>
    /// <param name="count">Blocks, at least as many as there are threads.</param>
    public static ScratchSlots Over(byte* blocks, int* taken, nint stride, int count)
    {
        new Span<int>(taken, count).Clear();
        return new ScratchSlots(blocks, taken, stride, count);
    }

    /// <summary>Takes a free block; its number goes to <see cref="Return"/>.</summary>
    public int Rent()
    {
        var spin = new SpinWait();
        while (true)
        {
            for (int i = 0; i < _count; i++)
            {
                if (Volatile.Read(ref _taken[i]) == 0 && Interlocked.CompareExchange(ref _taken[i], 1, 0) == 0)
                {
                    return i;
                }
            }

            spin.SpinOnce();
        }
    }

    /// <summary>First byte of a block.</summary>
    public byte* Block(int slot) => _blocks + (slot * _stride);

    /// <summary>Makes a block free again.</summary>
    public void Return(int slot) => Volatile.Write(ref _taken[slot], 0);
}
