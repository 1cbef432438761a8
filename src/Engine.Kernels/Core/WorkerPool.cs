using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Engine.Kernels;

/// <summary>One parallel job: the same code for each of a fixed number of parts.</summary>
public interface IPartitioned
{
    /// <summary>Does part <paramref name="part"/>; parts must not depend on one another.</summary>
    void Run(int part);
}

/// <summary>Threads that share out the parts of one job at a time. Running a job allocates nothing.</summary>
/// <remarks>
/// The number of parts is chosen by the caller from shapes alone, so that results do not depend on the number of threads.
/// Parts are taken in order by whichever thread is free. A worker that the system has put aside joins late or not at all,
/// and is not waited for: on a busy machine a job takes no longer than its caller alone would need. A job started from
/// inside a part, or while another caller's job runs, is done by its own thread alone.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    // Long enough to bridge the gap between two operations of one layer, short enough not to burn a core while idle.
    const int SpinsBeforeSleep = 2000;

    // The state of the pool in one word: workers inside the job (low bits), whether the job may be joined, and its number.
    const long InsideMask = 0xffff;
    const long Open = 0x10000;
    const int NumberShift = 17;

    [ThreadStatic]
    static bool s_inside;

    readonly Thread[] _workers;
    readonly Lock _oneJob = new();
    readonly object _sleep = new();
    int _sleepers;
    long _state;
    volatile bool _stop;
    delegate*<void*, int, void> _body;
    void* _job;
    int _parts;
    int _next;
    Exception? _failure;

    /// <summary>Starts <paramref name="threads"/> - 1 workers; the caller of <see cref="Run"/> is the remaining one.</summary>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(threads, (int)InsideMask);
        Threads = threads;
        _workers = new Thread[threads - 1];
        for (int i = 0; i < _workers.Length; i++)
        {
            _workers[i] = new Thread(Work, maxStackSize: 1 << 20) { IsBackground = true, Name = $"engine worker {i + 1}" };
            _workers[i].Start();
        }
    }

    /// <summary>Threads that take part, the caller's included.</summary>
    public int Threads { get; }

    /// <summary>Runs every part of <paramref name="job"/> and returns when all are done.</summary>
    /// <exception cref="Exception">The first exception of a part, rethrown here.</exception>
    public void Run<TJob>(int parts, ref TJob job)
        where TJob : struct, IPartitioned
    {
        if (parts <= 0)
        {
            return;
        }

        if (parts == 1 || Threads == 1 || s_inside || !_oneJob.TryEnter())
        {
            for (int i = 0; i < parts; i++)
            {
                job.Run(i);
            }

            return;
        }

        try
        {
            // The job lives on this thread's stack until nobody is inside it, so its address holds.
            _body = &Invoke<TJob>;
            _job = Unsafe.AsPointer(ref job);
            _parts = parts;
            _failure = null;
            Volatile.Write(ref _next, 0);
            Announce(Open);
            TakeParts();
            Interlocked.And(ref _state, ~Open);
            var spin = new SpinWait();
            while ((Volatile.Read(ref _state) & InsideMask) != 0)
            {
                spin.SpinOnce(sleep1Threshold: -1);
            }

            if (_failure is { } failure)
            {
                ExceptionDispatchInfo.Throw(failure);
            }
        }
        finally
        {
            _oneJob.Exit();
        }
    }

    /// <summary>Stops the workers.</summary>
    public void Dispose()
    {
        _stop = true;
        Announce(0);
        foreach (var worker in _workers)
        {
            worker.Join();
        }
    }

    static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IPartitioned => Unsafe.AsRef<TJob>(job).Run(part);

    /// <summary>Moves on to the next number and wakes the workers. Nobody is inside a job, so nobody else changes the state.</summary>
    void Announce(long open)
    {
        long number = (Volatile.Read(ref _state) >> NumberShift) + 1;
        Interlocked.Exchange(ref _state, (number << NumberShift) | open);
        if (Volatile.Read(ref _sleepers) > 0)
        {
            lock (_sleep)
            {
                Monitor.PulseAll(_sleep);
            }
        }
    }

    void Work()
    {
        long seen = 0;
        while (true)
        {
            seen = WaitForChange(seen);
            if (_stop)
            {
                return;
            }

            if (TryJoin(seen))
            {
                TakeParts();
                Interlocked.Decrement(ref _state);
            }
        }
    }

    /// <summary>Enters the job of that number unless it has closed.</summary>
    bool TryJoin(long number)
    {
        while (true)
        {
            long state = Volatile.Read(ref _state);
            if ((state & Open) == 0 || state >> NumberShift != number)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref _state, state + 1, state) == state)
            {
                return true;
            }
        }
    }

    /// <summary>Waits for another number than <paramref name="seen"/> and returns it.</summary>
    long WaitForChange(long seen)
    {
        long number;
        for (int i = 0; i < SpinsBeforeSleep; i++)
        {
            if ((number = Volatile.Read(ref _state) >> NumberShift) != seen)
            {
                return number;
            }

            Thread.SpinWait(8);
        }

        lock (_sleep)
        {
            Interlocked.Increment(ref _sleepers);
            while ((number = Volatile.Read(ref _state) >> NumberShift) == seen)
            {
                Monitor.Wait(_sleep);
            }

            Interlocked.Decrement(ref _sleepers);
            return number;
        }
    }

    void TakeParts()
    {
        s_inside = true;
        try
        {
            int part;
            while ((part = Interlocked.Increment(ref _next) - 1) < _parts)
            {
                _body(_job, part);
            }
        }
        catch (Exception e)
        {
            // Carried to the caller of Run, which rethrows it; the other parts are dropped.
            Interlocked.CompareExchange(ref _failure, e, null);
            Volatile.Write(ref _next, _parts);
        }
        finally
        {
            s_inside = false;
        }
    }
}
