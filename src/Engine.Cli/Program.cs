using Engine.Cli;

return await CommandLine.RunAsync(args);
