using System.CommandLine;
using System.Reflection;
using Engine.Cli.Commands;
using Engine.Cli.Parsing;
using Engine.Kernels;
using Engine.Runtime;

namespace Engine.Cli;

/// <summary>The whole command line: parse, run the command, turn its errors into one sentence and an exit code.</summary>
static class CommandLine
{
    /// <summary>Version of the engine as <c>--version</c> prints it.</summary>
    public static string Version { get; } =
        typeof(CommandLine).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];

    /// <summary>Runs one command line and returns the process's exit code.</summary>
    public static async Task<int> RunAsync(string[] args)
    {
        // Answered before anything is built: scripts ask for it often.
        if (args is ["--version"])
        {
            Console.Out.WriteLine(Version);
            return ExitCode.Ok;
        }

        var parse = Root().Parse(args);
        bool debug = parse.GetValue(GlobalOptions.Debug);
        if (parse.Errors.Count > 0 && parse.Action is not { ClearsParseErrors: true })
        {
            Console.Error.WriteLine(ParseErrors.Describe(parse));
            return ExitCode.Failed;
        }

        using var stop = new StopSignals();
        try
        {
            // The signals are ours, and so are the errors.
            var plain = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parse.InvokeAsync(plain, stop.Token);
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            Console.Error.WriteLine("stopped");
            return ExitCode.Cancelled;
        }
        catch (RequestException error) when (!debug)
        {
            foreach (var problem in error.Problems)
            {
                Console.Error.WriteLine($"error: {RequestOptions.Describe(problem)}");
            }

            return ExitCode.For(error.Kind);
        }
        catch (EngineException error)
        {
            Console.Error.WriteLine(debug ? error.ToString() : $"error: {error.Message}");
            return ExitCode.For(error.Kind);
        }
        catch (Exception error)
        {
            // The outermost boundary: whatever reaches it is a defect, and is said to be one.
            Console.Error.WriteLine(debug
                ? error.ToString()
                : $"internal error: {error.Message.ReplaceLineEndings(" ")} ({error.GetType().Name}); run again with --debug to see where");
            return ExitCode.Internal;
        }
    }

    /// <summary>The tree of commands.</summary>
    public static RootCommand Root()
    {
        var root = new RootCommand("Makes video clips from text, pictures and clips.")
        {
            GenerateCommand.Create(),
            EditCommand.Create(),
            ExtendCommand.Create(),
            PlanCommand.Create(),
            VerifyCommand.Create(),
            InspectCommand.Create(),
            ModelsCommand.Create(),
            ConvertCommand.Create(),
            DevicesCommand.Create(),
            BenchCommand.Create(),
            ProfileCommand.Create(),
            CompletionCommand.Create(),
        };
        root.WithExamples(
            "engine generate \"A red ball rolls to the left in a meadow\" -o ball.mp4",
            "engine plan \"A red ball\" --size 256x256 --frames 49",
            "engine inspect ball.mp4",
            "engine devices");
        root.Add(GlobalOptions.Debug);
        root.Add(GlobalOptions.Json);
        root.Add(GlobalOptions.Quiet);
        Help.Install(root);
        return root;
    }
}
