using BenchmarkDotNet.Running;
using Engine.Perf;
using Engine.Perf.Operations;

if (args is ["quick", .. var rest])
{
    Quick.Run(rest);
}
else if (args is ["device", _, ..])
{
    QuickDevice.Run(args[1..]);
}
else if (args is ["transformer", .. var sizes])
{
    QuickTransformer.Run(sizes);
}
else if (args is ["stepcache", .. var cache])
{
    await StepCacheQuality.RunAsync(cache);
}
else if (args is ["extension", _, ..])
{
    await ExtensionQuality.RunAsync(args[1..]);
}
else if (args is ["longclip", _, ..])
{
    await LongClipQuality.RunAsync(args[1..]);
}
else if (args is ["vae", .. var vae])
{
    VaeTiming.Run(vae);
}
else if (args is ["ptxas", ..])
{
    return PtxasTable.Run(args is [_, var file, ..] ? file : null);
}
else if (args is ["operations", var operation, .. var device])
{
    OperationBenchmarks.Choose(operation, device.FirstOrDefault());
    BenchmarkRunner.Run<OperationBenchmarks>(new OperationConfig());
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}

return 0;
