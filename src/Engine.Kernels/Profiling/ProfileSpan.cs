namespace Engine.Kernels.Profiling;

/// <summary>One operation, or one kernel of an operation, as it ran.</summary>
/// <param name="Name">Name of the operation or kernel.</param>
/// <param name="Variant">Which variant of the operation ran; for a kernel and where there is only one way: empty.</param>
/// <param name="Parent">Index of the operation that this is a part of, or -1.</param>
/// <param name="IsKernel">True for a kernel of a device.</param>
/// <param name="Thread">Thread of the host that asked for it.</param>
/// <param name="Start">When it began, seconds since the recording began.</param>
/// <param name="Seconds">How long it ran.</param>
/// <param name="Busy">Of that, what the device worked on its kernels; where there are none, all of it.</param>
/// <param name="Flops">Floating-point operations.</param>
/// <param name="Bytes">Bytes that it moves at least.</param>
public sealed record ProfileSpan(
    string Name, string Variant, int Parent, bool IsKernel, int Thread, double Start, double Seconds, double Busy, double Flops, double Bytes);
