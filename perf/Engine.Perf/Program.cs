using BenchmarkDotNet.Running;
using Engine.Perf;

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
else if (args is ["vae", .. var vae])
{
    VaeTiming.Run(vae);
}
else
{
    BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args);
}
