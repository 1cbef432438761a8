using System.Text.Json;

namespace Engine.Cli.Tests.Commands;

/// <summary>What holds for the command line as a whole.</summary>
public sealed class CommandLineTests
{
    public static TheoryData<string> Commands => [.. CommandLine.Root().Subcommands.Select(c => c.Name)];

    [Fact]
    public async Task Version_is_one_line_on_stdout()
    {
        var run = await EngineProcess.RunAsync("--version");

        Assert.Equal(0, run.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+\n$", run.Out);
        Assert.Empty(run.Error);
    }

    [Fact]
    public async Task Help_lists_every_command()
    {
        var run = await EngineProcess.RunAsync("--help");

        Assert.Equal(0, run.ExitCode);
        Assert.All(CommandLine.Root().Subcommands, c => Assert.Contains($"  {c.Name} ", run.Out, StringComparison.Ordinal));
        Assert.Contains("Examples:", run.Out, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Commands))]
    public async Task Help_of_a_command_ends_with_examples(string command)
    {
        var run = await EngineProcess.RunAsync(command, "--help");

        Assert.Equal(0, run.ExitCode);
        Assert.Contains($"Examples:\n", run.Out, StringComparison.Ordinal);
        Assert.Contains($"engine {command}", run.Out[run.Out.IndexOf("Examples:", StringComparison.Ordinal)..], StringComparison.Ordinal);
        Assert.Empty(run.Error);
    }

    [Theory]
    [InlineData("no command", "a command is missing")]
    [InlineData("devixes", "did you mean 'devices'?")]
    [InlineData("devices --jsno", "did you mean '--json'?")]
    [InlineData("devices extra", "'extra' is one argument too many")]
    [InlineData("completion", "<shell> is missing")]
    [InlineData("completion bahs", "it takes one of bash, zsh, fish (did you mean 'bash'?)")]
    public async Task A_mistyped_line_gets_one_sentence(string line, string expected)
    {
        var run = await EngineProcess.RunAsync(line == "no command" ? [] : line.Split(' '));

        Assert.Equal(1, run.ExitCode);
        Assert.Empty(run.Out);
        string sentence = Assert.Single(run.ErrorLines);
        Assert.StartsWith("error: ", sentence, StringComparison.Ordinal);
        Assert.Contains(expected, sentence, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("engine dev", "devices")]
    [InlineData("engine devices --js", "--json")]
    [InlineData("engine completion ", "fish")]
    public async Task Tab_completes_commands_options_and_values(string line, string expected)
    {
        var run = await EngineProcess.RunAsync($"[suggest:{line.Length}]", line);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains(expected, run.Out.Split('\n'));
    }

    [Fact]
    public async Task The_bash_script_completes()
    {
        var script = await EngineProcess.RunAsync("completion", "bash");
        string dll = Path.Combine(AppContext.BaseDirectory, "Engine.Cli.dll");
        using var bash = EngineProcess.StartProgram("bash", Testing.Repository.Root, null, "-c", $$"""
            {{script.Out}}
            engine() { dotnet '{{dll}}' "$@"; }
            COMP_WORDS=(engine devi); COMP_CWORD=1; COMP_LINE='engine devi'; COMP_POINT=11
            _engine_complete
            echo "${COMPREPLY[@]}"
            """);

        Assert.Equal("devices\n", (await EngineProcess.FinishAsync(bash)).Out);
    }

    [Fact]
    public async Task Devices_say_what_is_there_and_what_is_not()
    {
        var run = await EngineProcess.RunAsync("devices", "--json");

        Assert.Equal(0, run.ExitCode);
        var devices = JsonDocument.Parse(run.Out).RootElement.GetProperty("devices").EnumerateArray().ToDictionary(d => d.GetProperty("id").GetString()!);
        Assert.True(devices["cpu"].GetProperty("peak_gflops").GetDouble() > 1);
        Assert.True(devices["cpu"].GetProperty("auto").GetBoolean() || devices.Values.Count(d => d.TryGetProperty("auto", out var auto) && auto.GetBoolean()) == 1);
        foreach (string kind in new[] { "cuda", "opencl" })
        {
            // Either devices with their figures, or one entry that says why there is none.
            foreach (var device in devices.Where(d => d.Key.StartsWith(kind, StringComparison.Ordinal)).Select(d => d.Value))
            {
                bool available = device.GetProperty("available").GetBoolean();
                Assert.NotEqual("", device.GetProperty(available ? "driver" : "reason").GetString());
            }

            Assert.Contains(devices.Keys, id => id.StartsWith(kind, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_closed_pipe_is_no_error()
    {
        using var bash = EngineProcess.StartProgram(
            "bash", Testing.Repository.Root, null, "-c", $"set -o pipefail; dotnet '{Path.Combine(AppContext.BaseDirectory, "Engine.Cli.dll")}' --help | head -n 1");
        var run = await EngineProcess.FinishAsync(bash);

        Assert.Equal(0, run.ExitCode);
        Assert.Empty(run.Error);
    }
}
