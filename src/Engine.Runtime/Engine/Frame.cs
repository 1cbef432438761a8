namespace Engine.Runtime;

/// <summary>One frame of a clip.</summary>
/// <remarks>
/// Lifetime: <see cref="Rgb24"/> may be read until the next frame is asked for (the next <c>MoveNextAsync</c>, or the end of the
/// loop's body in <c>await foreach</c>); after that its memory is used again. To keep a frame, take <c>Rgb24.ToArray()</c>.
/// </remarks>
/// <param name="Rgb24">Width x Height x 3 bytes, red first, rows from the top.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Index">Counted from 0.</param>
/// <param name="Timestamp">When it is shown, from the clip's start.</param>
public readonly record struct Frame(ReadOnlyMemory<byte> Rgb24, int Width, int Height, int Index, TimeSpan Timestamp);
