using System.CommandLine;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>The option for where models lie; every command that takes a model has it.</summary>
static class ModelOptions
{
    /// <summary>The folder of models.</summary>
    public static Option<string?> Folder() =>
        Opt.Text("--models", "DIR", $"Folder of installed models (default: ${ModelsFolder.Variable}, else engine/models in your data folder; 'engine models' shows it)");
}
