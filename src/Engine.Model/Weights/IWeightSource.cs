using Engine.Kernels;

namespace Engine.Model.Weights;

/// <summary>One tensor of a checkpoint, as its file describes it.</summary>
/// <param name="Name">Full name, e.g. <c>blocks.0.attn1.to_q.weight</c>.</param>
/// <param name="Type">Element type as stored.</param>
/// <param name="Shape">Extents, outermost first; empty for a scalar.</param>
/// <param name="Bytes">Bytes it takes in the file.</param>
public sealed record TensorInfo(string Name, DType Type, IReadOnlyList<long> Shape, long Bytes);

/// <summary>Named tensors of one model part, read by position from one or several files.</summary>
/// <remarks>Reading is thread-safe.</remarks>
public interface IWeightSource : IDisposable
{
    /// <summary>File or folder, for messages.</summary>
    string Path { get; }

    /// <summary>Every tensor.</summary>
    IReadOnlyCollection<TensorInfo> Tensors { get; }

    /// <summary>The tensor of that name, or null.</summary>
    TensorInfo? Find(string name);

    /// <summary>Reads bytes of a tensor.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="offset">First byte, counted from the tensor's start.</param>
    /// <param name="destination">Filled whole.</param>
    /// <exception cref="EngineException">The file is shorter than its header said, or cannot be read.</exception>
    void Read(TensorInfo tensor, long offset, Span<byte> destination);

    /// <summary>Bytes of a tensor where they lie in the file, as a block that is only read: nothing is copied.</summary>
    /// <param name="tensor">One of <see cref="Tensors"/>.</param>
    /// <param name="offset">First byte, counted from the tensor's start.</param>
    /// <param name="bytes">How many.</param>
    /// <param name="device">The host's cores.</param>
    /// <returns>The block, which may outlive the source; null where that is not possible and <see cref="Read"/> must do.</returns>
    Storage? Map(TensorInfo tensor, long offset, long bytes, CpuDevice device) => null;
}
