namespace Engine.Kernels;

/// <summary>Told what a device does, call by call, for profiles. Calls come on the thread that runs the operation.</summary>
public interface IDeviceWatch
{
    /// <summary>An operation begins; another may begin before it ends, and is a part of it then.</summary>
    /// <param name="operation">Its name.</param>
    /// <param name="flops">Floating-point operations it does.</param>
    /// <param name="bytes">Bytes it must move at least.</param>
    void Begin(string operation, double flops, double bytes);

    /// <summary>The operation that began last runs as this variant.</summary>
    /// <param name="variant">Name in the operation's table.</param>
    void Pick(string variant);

    /// <summary>A kernel is given to the device; the one before it, if any, was given whole.</summary>
    /// <param name="kernel">Name of the kernel.</param>
    void Launch(string kernel);

    /// <summary>The host is about to compile a kernel: what it takes until the next call is not the device's time.</summary>
    void Pause();

    /// <summary>The operation that began last was given to the device whole.</summary>
    void End();
}
