using System.CommandLine;
using System.CommandLine.Parsing;

namespace Engine.Cli.Parsing;

/// <summary>Turns what the parser found wrong into one clear sentence.</summary>
static class ParseErrors
{
    /// <summary>The sentence for the first thing that is wrong.</summary>
    public static string Describe(ParseResult parse)
    {
        var command = parse.CommandResult.Command;
        string help = $"see '{PathOf(parse.CommandResult)} --help'";

        // Unknown names come first: they are what the other errors follow from.
        if (parse.UnmatchedTokens.Count > 0)
        {
            return $"error: {Unknown(parse.UnmatchedTokens[0], command, parse.CommandResult)}; {help}";
        }

        var error = parse.Errors[0];
        string sentence = error.SymbolResult switch
        {
            OptionResult { Tokens.Count: 0 } option when option.Option.Arity.MinimumNumberOfValues > 0 && !option.Implicit =>
                $"{option.Option.Name} needs a value ({option.Option.Description})",
            OptionResult { Tokens.Count: > 1 } option when option.Option.Arity.MaximumNumberOfValues == 1 =>
                $"{option.Option.Name} is given more than once",
            CommandResult when command.Subcommands.Count > 0 && command.Action is null =>
                $"a command is missing: {string.Join(", ", command.Subcommands.Where(c => !c.Hidden).Select(c => c.Name))}",
            CommandResult when command.Options.FirstOrDefault(o => o.Required && parse.GetResult(o) is null) is { } missing =>
                $"{missing.Name} is missing ({missing.Description})",
            ArgumentResult { Tokens.Count: 0, Parent: CommandResult } argument => $"<{argument.Argument.Name}> is missing ({argument.Argument.Description})",
            _ => error.Message.TrimEnd('.'),
        };
        return $"error: {sentence}; {help}";
    }

    static string Unknown(string token, Command command, CommandResult result)
    {
        bool isOption = token.StartsWith('-');
        string[] known = isOption
            ? [.. OptionsOf(result).SelectMany(o => o.Aliases.Append(o.Name)).Where(n => n.StartsWith("--", StringComparison.Ordinal))]
            : [.. command.Subcommands.Select(c => c.Name)];
        string what = isOption ? $"there is no option '{token}'"
            : command.Subcommands.Count > 0 ? $"there is no command '{token}'"
            : $"'{token}' is one argument too many (a text with spaces needs quotes)";
        if (Nearest.To(token, known) is { } nearest)
        {
            return $"{what}; did you mean '{nearest}'?";
        }

        return isOption || known.Length == 0 ? what : $"{what}; the commands are {string.Join(", ", known)}";
    }

    static IEnumerable<Option> OptionsOf(CommandResult result)
    {
        for (SymbolResult? at = result; at is CommandResult command; at = at.Parent)
        {
            foreach (var option in command.Command.Options.Where(o => at == result || o.Recursive))
            {
                yield return option;
            }
        }
    }

    static string PathOf(CommandResult result) =>
        result.Parent is CommandResult parent ? $"{PathOf(parent)} {result.Command.Name}" : "engine";
}
