using System.Text;
using Engine.Kernels;
using Engine.Model.Schedulers;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Schedulers;

public sealed class SchedulerTests
{
    public static TheoryData<string> Cases => [.. Golden.Cases("scheduler-")];

    public static TheoryData<SchedulerKind> Kinds => [.. Enum.GetValues<SchedulerKind>()];

    [Theory, MemberData(nameof(Cases))]
    public void Matches_upstream(string name)
    {
        var golden = Golden.Load(name);
        var scheduler = Create(golden);
        Assert.Equal(golden.Floats("timesteps"), scheduler.Timesteps);
        Assert.Equal(golden.Floats("sigmas"), scheduler.Sigmas);

        float[] velocity = golden.Floats("velocity");
        float[] states = golden.Floats("states");
        int size = states.Length / golden.Shape("states")[0];
        float[] latent = states[..size];
        double worst = 0;
        for (int step = 0; step < scheduler.Timesteps.Count; step++)
        {
            scheduler.Step(step, velocity.AsSpan(step * size, size), latent);
            worst = Math.Max(worst, Golden.RelativeError(latent, states.AsSpan((step + 1) * size, size)));
        }

        TestContext.Current.TestOutputHelper!.WriteLine($"{name}: worst error {worst:E2}");
        Assert.True(worst <= 5e-7, $"worst relative error {worst:E2}");
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Restored_sampler_goes_on_alike(SchedulerKind kind)
    {
        float[] want = [0.5f, -1, 2];
        using var scheduler = Scheduler.Create(kind, 6, 5);
        for (int step = 0; step < 3; step++)
        {
            scheduler.Step(step, Velocity(step), want);
        }

        using var stream = new MemoryStream();
        using (var writer = new BinaryWriter(stream, Encoding.UTF8, leaveOpen: true))
        {
            scheduler.Save(writer);
        }

        float[] got = [.. want];
        stream.Position = 0;
        using var restored = Scheduler.Create(kind, 6, 5);
        restored.Restore(new BinaryReader(stream));
        for (int step = 3; step < 6; step++)
        {
            scheduler.Step(step, Velocity(step), want);
            restored.Step(step, Velocity(step), got);
        }

        Assert.Equal(want, got);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void State_of_another_grid_is_refused(SchedulerKind kind)
    {
        using var stream = new MemoryStream();
        Scheduler.Create(kind, 6, 5).Save(new BinaryWriter(stream));
        stream.Position = 0;
        Assert.Throws<EngineException>(() => Scheduler.Create(kind, 7, 5).Restore(new BinaryReader(stream)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Starts_in_mid_grid_without_history(SchedulerKind kind)
    {
        // A sampler that was used before and then begins again must forget what it kept.
        using var used = Scheduler.Create(kind, 6, 5);
        float[] latent = [1, 2, 3];
        used.Step(0, Velocity(0), latent);
        used.Step(1, Velocity(1), latent);

        using var fresh = Scheduler.Create(kind, 6, 5);
        float[] want = [1, 2, 3];
        float[] got = [1, 2, 3];
        used.Begin(2);
        fresh.Begin(2);
        for (int step = 2; step < 6; step++)
        {
            used.Step(step, Velocity(step), got);
            fresh.Step(step, Velocity(step), want);
        }

        Assert.Equal(want, got);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Exact_velocity_leads_to_the_clean_latent(SchedulerKind kind)
    {
        // v = noise - clean is constant along the straight path, whatever the number of steps.
        float[] clean = [0.3f, -0.7f];
        float[] noise = [1.5f, -0.2f];
        float[] velocity = [noise[0] - clean[0], noise[1] - clean[1]];
        using var scheduler = Scheduler.Create(kind, 7, 3);
        float[] latent = new float[2];
        scheduler.AddNoise(0, clean, noise, latent);
        for (int step = 0; step < 7; step++)
        {
            scheduler.Step(step, velocity, latent);
        }

        Assert.True(Golden.RelativeError(latent, clean) < 1e-5);
    }

    [Theory, MemberData(nameof(Kinds))]
    public void One_step_works(SchedulerKind kind)
    {
        using var scheduler = Scheduler.Create(kind, 1, 5);
        float[] latent = [1, 2, 3];
        scheduler.Step(0, Velocity(0), latent);
        Assert.All(latent, v => Assert.True(float.IsFinite(v)));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Steps_out_of_order_are_refused(SchedulerKind kind)
    {
        using var scheduler = Scheduler.Create(kind, 3, 5);
        Assert.Throws<InvalidOperationException>(() => scheduler.Step(1, Velocity(0), new float[3]));
    }

    [Theory, MemberData(nameof(Kinds))]
    public void Steps_allocate_nothing(SchedulerKind kind)
    {
        using var scheduler = Scheduler.Create(kind, 20, 5);
        using var device = new CpuDevice(threads: 1);
        using var latent = device.NewTensor([64]);
        using var velocity = device.NewTensor([64]);
        latent.Fill(1);
        velocity.Fill(1);
        scheduler.Step(0, velocity, latent);
        scheduler.Step(1, velocity, latent);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int step = 2; step < 20; step++)
        {
            scheduler.Step(step, velocity, latent);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    static IScheduler Create(Golden golden)
    {
        var kind = golden.Case.GetProperty("scheduler").GetString() switch
        {
            "unipc" => SchedulerKind.UniPc,
            "euler" => SchedulerKind.Euler,
            "dpm++" => SchedulerKind.DpmPlusPlus,
            var other => throw new InvalidDataException($"unknown scheduler {other}"),
        };
        return Scheduler.Create(kind, golden.Case.GetProperty("steps").GetInt32(), golden.Case.GetProperty("flow_shift").GetDouble());
    }

    static float[] Velocity(int step) => [0.1f * step, 1 - (0.2f * step), -0.3f];
}
