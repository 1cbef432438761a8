using BenchmarkDotNet.Running;
using Engine.Perf;

if (args is ["quick", .. var rest])
{
    Quick.Run(rest);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
