using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Engine.Cli.Parsing;

/// <summary>Adds examples to the help of every command.</summary>
static class Help
{
    static readonly Dictionary<Command, string[]> s_examples = [];

    /// <summary>Sets the examples that <c>--help</c> of a command ends with.</summary>
    public static T WithExamples<T>(this T command, params string[] lines)
        where T : Command
    {
        s_examples[command] = lines;
        return command;
    }

    /// <summary>The examples of a command.</summary>
    public static IReadOnlyList<string> ExamplesOf(Command command) => s_examples.GetValueOrDefault(command) ?? [];

    /// <summary>Makes the help option of the tree print the examples too.</summary>
    public static void Install(RootCommand root)
    {
        foreach (var option in root.Options.OfType<HelpOption>())
        {
            option.Action = new WithExamplesAction((HelpAction)option.Action!);
        }
    }

    sealed class WithExamplesAction(HelpAction standard) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            int code = standard.Invoke(parseResult);
            if (s_examples.TryGetValue(parseResult.CommandResult.Command, out var lines))
            {
                Console.Out.WriteLine("Examples:");
                foreach (string line in lines)
                {
                    Console.Out.WriteLine($"  {line}");
                }
            }

            return code;
        }
    }
}
