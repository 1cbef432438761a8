using Engine.Kernels;
using Engine.Model.Schedulers;

namespace Engine.Runtime.Verification;

/// <summary>Cases of kind "scheduler": recorded velocities are fed in and every state is compared.</summary>
static class SchedulerCases
{
    public static void Run(CaseRun run)
    {
        var json = run.Golden.Json;
        int steps = json.GetProperty("steps").GetInt32();
        using var scheduler = Scheduler.Create(Kind(run.Golden.Text("scheduler")), steps, json.GetProperty("flow_shift").GetSingle());
        run.Compare("timesteps", [.. scheduler.Timesteps], [scheduler.Timesteps.Count]);
        run.Compare("sigmas", [.. scheduler.Sigmas], [scheduler.Sigmas.Count]);

        var velocity = run.Input("velocity");
        var states = run.Golden.Tensor("states");
        int size = velocity.Values.Length / steps;
        var got = new float[states.Values.Length];
        states.Values.AsSpan(0, size).CopyTo(got);
        using var latent = run.Device.NewTensor([size]);
        using var v = run.Device.NewTensor([size]);
        latent.CopyFrom(states.Values.AsSpan(0, size));
        for (int i = 0; i < steps; i++)
        {
            v.CopyFrom(velocity.Values.AsSpan(i * size, size));
            scheduler.Step(i, v, latent);
            latent.CopyTo(got.AsSpan((i + 1) * size, size));
        }

        run.Compare("states", got, states.KernelShape);
    }

    /// <summary>The scheduler that a case names.</summary>
    public static SchedulerKind Kind(string name) => name switch
    {
        "unipc" => SchedulerKind.UniPc,
        "euler" => SchedulerKind.Euler,
        "dpm++" or "dpmpp" => SchedulerKind.DpmPlusPlus,
        _ => throw new EngineException(ErrorKind.BadInput, $"This engine has no scheduler '{name}'; it has unipc, euler and dpm++."),
    };
}
