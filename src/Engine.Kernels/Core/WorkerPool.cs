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
/// Parts are taken in order by whichever thread is free. A job started from inside a part, or while another
/// caller's job runs, is done by its own thread alone.
/// </remarks>
public sealed unsafe class WorkerPool : IDisposable
{
    // Long enough to bridge the gap between two operations of one layer, short enough not to burn a core while idle.
    const int SpinsBeforeSleep = 2000;

    [ThreadStatic]
    static bool s_inside;

    readonly Thread[] _workers;
    readonly Lock _oneJob = new();
    readonly object _sleep = new();
    int _sleepers;
    volatile int _epoch;
    volatile bool _stop;
    delegate*<void*, int, void> _body;
    void* _job;
    int _parts;
    int _next;
    int _busy;
    Exception? _failure;

    /// <summary>Starts <paramref name="threads"/> - 1 workers; the caller of <see cref="Run"/> is the remaining one.</summary>
    public WorkerPool(int threads)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
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
            // The job lives on this thread's stack until every part is done, so its address holds.
            _body = &Invoke<TJob>;
            _job = Unsafe.AsPointer(ref job);
            _parts = parts;
            _failure = null;
            Volatile.Write(ref _next, 0);
            Volatile.Write(ref _busy, _workers.Length);
            Interlocked.Increment(ref _epoch);
            if (Volatile.Read(ref _sleepers) > 0)
            {
                lock (_sleep)
                {
                    Monitor.PulseAll(_sleep);
                }
            }

            TakeParts();
            var spin = new SpinWait();
            while (Volatile.Read(ref _busy) > 0)
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
        Interlocked.Increment(ref _epoch);
        lock (_sleep)
        {
            Monitor.PulseAll(_sleep);
        }

        foreach (var worker in _workers)
        {
            worker.Join();
        }
    }

    static void Invoke<TJob>(void* job, int part)
        where TJob : struct, IPartitioned => Unsafe.AsRef<TJob>(job).Run(part);

    void Work()
    {
        int seen = 0;
        while (true)
        {
            WaitForChange(seen);
            if (_stop)
            {
                return;
            }

            // A job ends only when every worker has answered, so the epoch moves by one at a time.
            seen = _epoch;
            TakeParts();
            Interlocked.Decrement(ref _busy);
        }
    }

    void WaitForChange(int seen)
    {
        for (int i = 0; i < SpinsBeforeSleep; i++)
        {
            if (_epoch != seen)
            {
                return;
            }

            Thread.SpinWait(8);
        }

        lock (_sleep)
        {
            Interlocked.Increment(ref _sleepers);
            while (_epoch == seen)
            {
                Monitor.Wait(_sleep);
            }

            Interlocked.Decrement(ref _sleepers);
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
