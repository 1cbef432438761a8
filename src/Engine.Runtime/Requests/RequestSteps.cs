namespace Engine.Runtime;

/// <summary>Which steps of a request are guided, and which may be skipped.</summary>
static class RequestSteps
{
    /// <summary>Checks the interval with guidance against the steps that run.</summary>
    public static void Check(List<RequestProblem> wrong, VideoRequest request, int steps)
    {
        Within(wrong, "guidance_first_step", request.GuidanceFirstStep, steps);
        Within(wrong, "guidance_last_step", request.GuidanceLastStep, steps);
    }

    /// <summary>Tells what the choices amount to.</summary>
    public static void Tell(List<string> notes, VideoRequest request, double guidance)
    {
        if (guidance <= 1 && (request.GuidanceFirstStep ?? request.GuidanceLastStep) is not null)
        {
            notes.Add("the interval of steps with guidance has no effect, as guidance is off.");
        }

        if (request.StepCache > 0)
        {
            notes.Add("the step cache is on: steps whose input has barely moved use the last output again; planned times do not count on it.");
        }
    }

    static void Within(List<RequestProblem> wrong, string field, int? step, int steps)
    {
        if (step > steps)
        {
            wrong.Add(new(field, $"{step} is beyond the last step; {steps} run."));
        }
    }
}
