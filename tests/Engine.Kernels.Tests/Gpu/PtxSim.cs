namespace Engine.Kernels.Tests.Gpu;

/// <summary>When asynchronous copies of a simulated GPU land.</summary>
enum CopyTiming
{
    /// <summary>At the wait that forces them: a missing wait, or a missing barrier after it, leaves garbage behind.</summary>
    Late,

    /// <summary>At once: a copy into a stage that others still read destroys what they read.</summary>
    Early,
}

/// <summary>Interprets the PTX of a kernel, thread by thread, with shared memory, barriers, cp.async, ldmatrix and mma.sync.</summary>
/// <remarks>
/// Warps run one after another in an order that changes from barrier to barrier, each as far as the next barrier lets it, so that missing
/// barriers show. Registers and shared memory begin as garbage. Lane layouts of mma and ldmatrix follow the PTX ISA 7.8.
/// </remarks>
sealed unsafe partial class PtxSim
{
    const int WarpSize = 32;

    readonly PtxProgram _program;
    readonly CopyTiming _timing;
    readonly byte[] _shared;
    readonly byte[] _parameters;
    readonly Random _random = new(5);

    PtxSim(PtxProgram program, SimMemory memory, byte[] parameters, CopyTiming timing)
    {
        _program = program;
        Memory = memory;
        _parameters = parameters;
        _timing = timing;
        _shared = new byte[Math.Max(program.SharedBytes, 16)];
    }

    SimMemory Memory { get; }

    /// <summary>Runs a kernel.</summary>
    /// <param name="ptx">Text of one kernel.</param>
    /// <param name="memory">Global memory.</param>
    /// <param name="grid">Groups in x and y.</param>
    /// <param name="threads">Threads per group.</param>
    /// <param name="dynamicShared">Dynamic shared memory, bytes.</param>
    /// <param name="timing">When asynchronous copies land.</param>
    /// <param name="arguments">Address of each of the kernel's arguments.</param>
    public static void Run(
        string ptx, SimMemory memory, (int X, int Y) grid, int threads, int dynamicShared, CopyTiming timing, void** arguments)
    {
        var program = new PtxProgram(ptx, dynamicShared);
        var sim = new PtxSim(program, memory, Pack(program, arguments), timing);
        for (int y = 0; y < grid.Y; y++)
        {
            for (int x = 0; x < grid.X; x++)
            {
                sim.RunGroup(x, y, grid, threads);
            }
        }
    }

    static byte[] Pack(PtxProgram program, void** arguments)
    {
        byte[] all = new byte[program.ParameterOffsets.Sum(p => p.Bytes + 16)];
        for (int i = 0; i < program.ParameterOffsets.Count; i++)
        {
            var (offset, bytes) = program.ParameterOffsets[i];
            new ReadOnlySpan<byte>(arguments[i], bytes).CopyTo(all.AsSpan(offset));
        }

        return all;
    }

    sealed class Thread
    {
        public required ulong[] Registers { get; init; }

        public int At { get; set; }

        public bool Done { get; set; }

        /// <summary>The instruction that waits for the warp or the group.</summary>
        public PtxOp? Waits { get; set; }

        public List<Copy> Open { get; set; } = [];

        public Queue<List<Copy>> Groups { get; } = new();
    }

    readonly record struct Copy(uint To, ulong From, int Bytes);

    void RunGroup(int x, int y, (int X, int Y) grid, int threads)
    {
        _random.NextBytes(_shared);
        (string Name, Func<int, ulong> Value)[] set =
        [
            ("%tid.x", t => (ulong)t), ("%tid.y", _ => 0), ("%tid.z", _ => 0), ("%laneid", t => (ulong)(t % WarpSize)),
            ("%ctaid.x", _ => (ulong)x), ("%ctaid.y", _ => (ulong)y), ("%ctaid.z", _ => 0),
            ("%ntid.x", _ => (ulong)threads), ("%ntid.y", _ => 1), ("%ntid.z", _ => 1),
            ("%nctaid.x", _ => (ulong)grid.X), ("%nctaid.y", _ => (ulong)grid.Y), ("%nctaid.z", _ => 1),
        ];
        int[] places = [.. set.Select(s => _program.Register(s.Name))];
        var all = new Thread[threads];
        for (int t = 0; t < threads; t++)
        {
            all[t] = new Thread { Registers = new ulong[_program.Registers] };
            Array.Fill(all[t].Registers, 0xFFFF_DEAD_FFFF_DEAD);
            for (int i = 0; i < set.Length; i++)
            {
                all[t].Registers[places[i]] = set[i].Value(t);
            }
        }

        int[] order = [.. Enumerable.Range(0, threads / WarpSize)];
        while (Array.Exists(all, t => !t.Done))
        {
            _random.Shuffle(order);
            foreach (int w in order)
            {
                RunWarp(all.AsSpan(w * WarpSize, WarpSize).ToArray());
            }

            if (Array.TrueForAll(all, t => t.Done))
            {
                return;
            }

            if (Array.Exists(all, t => t.Done))
            {
                throw new InvalidOperationException("a barrier that some threads never reach");
            }

            foreach (var t in all)
            {
                t.Waits = null;
                t.At++;
            }
        }
    }

    void RunWarp(Thread[] warp)
    {
        while (true)
        {
            foreach (var t in warp)
            {
                if (!t.Done && t.Waits is null)
                {
                    RunThread(t);
                }
            }

            if (Array.TrueForAll(warp, t => t.Done || t.Waits == PtxOp.Bar))
            {
                return;
            }

            int at = warp[0].At;
            if (!Array.TrueForAll(warp, t => !t.Done && t.Waits != PtxOp.Bar && t.At == at))
            {
                throw new InvalidOperationException($"a warp that came apart before {_program.Code[at]}");
            }

            Together(warp, _program.Code[at]);
            foreach (var t in warp)
            {
                t.Waits = null;
                t.At++;
            }
        }
    }

    ulong Get(Thread t, PtxOperand o) => o.Register >= 0 ? t.Registers[o.Register] : o.Value;

    ulong Address(Thread t, PtxOperand o) => Get(t, o) + (ulong)o.Offset;

    Span<byte> Shared(ulong address, int bytes)
    {
        if (address > int.MaxValue || (int)address + bytes > _program.SharedBytes || address % (ulong)bytes != 0)
        {
            throw new InvalidOperationException($"access of {bytes} bytes of shared memory at {address} of {_program.SharedBytes}");
        }

        return _shared.AsSpan((int)address, bytes);
    }
}
