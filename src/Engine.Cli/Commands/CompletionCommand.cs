using System.CommandLine;
using Engine.Cli.Parsing;

namespace Engine.Cli.Commands;

/// <summary><c>engine completion SHELL</c>: a script that completes commands, options and their values with Tab.</summary>
static class CompletionCommand
{
    // The shells hand the line and the cursor to the parser's own suggest directive, so the scripts never go stale.
    const string Bash = """
        _engine_complete() {
          local IFS=$'\n'
          COMPREPLY=($(compgen -W "$("${COMP_WORDS[0]}" "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}"))
        }
        complete -o default -F _engine_complete engine ./engine
        """;

    const string Zsh = """
        #compdef engine
        _engine_complete() {
          local -a found
          found=("${(@f)$("${words[1]}" "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          if [[ -n "$found" ]]; then compadd -a found; else _files; fi
        }
        compdef _engine_complete engine ./engine
        """;

    const string Fish = """
        function __engine_complete
          set -l line (commandline -cp)
          eval (commandline -op)[1] "'[suggest:"(string length -- "$line")"]'" (string escape -- "$line") 2>/dev/null
        end
        complete -c engine -a '(__engine_complete)'
        """;

    public static Command Create()
    {
        var shell = Opt.OneOf("shell", "bash, zsh or fish", "bash", "zsh", "fish");
        var command = new Command("completion", "Print a script that completes this command line with Tab") { shell }
            .WithExamples("source <(engine completion bash)", "engine completion zsh > ~/.zfunc/_engine", "engine completion fish > ~/.config/fish/completions/engine.fish");
        command.SetAction(parse =>
        {
            Console.Out.WriteLine(parse.GetRequiredValue(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return ExitCode.Ok;
        });
        return command;
    }
}
