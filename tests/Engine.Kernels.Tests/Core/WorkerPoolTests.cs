using Xunit;

namespace Engine.Kernels.Tests.Core;

public sealed unsafe class WorkerPoolTests
{
    [Theory, InlineData(1), InlineData(2), InlineData(5)]
    public void Every_part_is_done_once(int threads)
    {
        using var pool = new WorkerPool(threads);
        int* done = stackalloc int[100];
        for (int round = 1; round <= 2000; round++)
        {
            int parts = round % 101;
            new Span<int>(done, 100).Clear();
            var job = new CountJob { Done = done };
            pool.Run(parts, ref job);
            for (int i = 0; i < 100; i++)
            {
                Assert.Equal(i < parts ? 1 : 0, done[i]);
            }
        }
    }

    [Fact]
    public void Workers_take_part()
    {
        using var pool = new WorkerPool(2);
        int* others = stackalloc int[1];
        *others = 0;
        var job = new MeetJob { Arrived = others };
        pool.Run(2, ref job);
        Assert.Equal(2, *others);
    }

    [Fact]
    public void Workers_that_slept_are_woken()
    {
        using var pool = new WorkerPool(2);
        int* arrived = stackalloc int[1];
        for (int i = 0; i < 3; i++)
        {
            Thread.Sleep(50);
            *arrived = 0;
            var job = new MeetJob { Arrived = arrived };
            pool.Run(2, ref job);
            Assert.Equal(2, *arrived);
        }
    }

    [Fact]
    public void Two_callers_and_nested_jobs_do_not_meet()
    {
        using var pool = new WorkerPool(3);
        Parallel.For(0, 4, _ =>
        {
            int* done = stackalloc int[100];
            for (int round = 0; round < 500; round++)
            {
                new Span<int>(done, 100).Clear();
                var job = new NestedJob { Pool = pool, Done = done };
                pool.Run(10, ref job);
                for (int i = 0; i < 100; i++)
                {
                    Assert.Equal(1, done[i]);
                }
            }
        });
    }

    [Theory, InlineData(1), InlineData(3)]
    public void A_failure_reaches_the_caller_and_the_pool_goes_on(int threads)
    {
        using var pool = new WorkerPool(threads);
        var failing = new FailingJob();
        for (int i = 0; i < 100; i++)
        {
            Assert.Throws<InvalidOperationException>(() => pool.Run(50, ref failing));
        }

        Every_part_is_done_once(threads);
    }

    struct CountJob : IPartitioned
    {
        public int* Done;

        public readonly void Run(int part) => Interlocked.Increment(ref Done[part]);
    }

    /// <summary>Ends only when two threads are inside.</summary>
    struct MeetJob : IPartitioned
    {
        public int* Arrived;

        public readonly void Run(int part)
        {
            Interlocked.Increment(ref *Arrived);
            var spin = new SpinWait();
            while (Volatile.Read(ref *Arrived) < 2)
            {
                spin.SpinOnce();
            }
        }
    }

    struct NestedJob : IPartitioned
    {
        public WorkerPool Pool;
        public int* Done;

        public readonly void Run(int part)
        {
            var inner = new CountJob { Done = Done + (part * 10) };
            Pool.Run(10, ref inner);
        }
    }

    struct FailingJob : IPartitioned
    {
        public readonly void Run(int part)
        {
            if (part == 17)
            {
                throw new InvalidOperationException();
            }
        }
    }
}
