namespace Engine.Kernels.Gpu;

/// <summary>Four 32-bit registers: eight 16-bit values, or an operand of mma.</summary>
struct U32x4
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}

/// <summary>Four sums of one thread in a 16 x 8 tile: row lane / 4, columns 2 (lane % 4) and the next; then the same 8 rows below.</summary>
struct F32x4
{
    public float X;
    public float Y;
    public float Z;
    public float W;
}

/// <summary>Sums of a 16 x 32 tile: four 16 x 8 tiles side by side.</summary>
/// <remarks>Fields, not an array: local arrays that are indexed in loops end in memory, and ILGPU 1.5.3 unrolls nothing.</remarks>
struct Strip
{
    public F32x4 A;
    public F32x4 B;
    public F32x4 C;
    public F32x4 D;
}
