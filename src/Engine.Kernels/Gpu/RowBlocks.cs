using System.Runtime.CompilerServices;
using ILGPU;
using ILGPU.Runtime;

namespace Engine.Kernels.Gpu;

/// <summary>Rows cut into blocks of one value per thread, so that threads beside one another meet values beside one another.</summary>
/// <remarks>Blocks of all rows lie along the first direction of a grid, the only one that holds more than 65,535.</remarks>
readonly struct RowBlocks
{
    /// <summary>Threads of a group, and values of a block.</summary>
    public const int GroupSize = 256;

    readonly int _blocks;

    /// <param name="columns">Values of a row, 1 or more.</param>
    public RowBlocks(int columns)
    {
        Columns = columns;
        _blocks = (columns + GroupSize - 1) / GroupSize;
    }

    /// <summary>Values of a row.</summary>
    public int Columns { get; }

    /// <summary>Row of this thread's value.</summary>
    public int Row
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Grid.IdxX / _blocks;
    }

    /// <summary>Place of this thread's value in its row; there is no such value from <see cref="Columns"/> on.</summary>
    public int Column
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Grid.IdxX % _blocks * GroupSize) + Group.IdxX;
    }

    /// <summary>A launch over all values of so many rows.</summary>
    public KernelConfig Config(int rows) => new(checked(Math.Max(rows, 1) * _blocks), GroupSize);
}
