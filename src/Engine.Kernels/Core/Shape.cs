using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <summary>Extents of a dense row-major tensor, outermost first, rank 0 to 6.</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>Highest rank a shape can have.</summary>
    public const int MaxRank = 6;

    readonly Extents _extents;

    Shape(ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank)
        {
            throw new ArgumentException($"A shape has at most {MaxRank} axes; got {extents.Length}.", nameof(extents));
        }

        Rank = extents.Length;
        for (int i = 0; i < extents.Length; i++)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(extents[i]);
            _extents[i] = extents[i];
        }
    }

    /// <summary>Number of axes.</summary>
    public int Rank { get; }

    /// <summary>Extent of one axis; negative indices count from the end (-1 is the innermost axis).</summary>
    public int this[int axis]
    {
        get
        {
            int at = axis < 0 ? axis + Rank : axis;
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)at, (uint)Rank, nameof(axis));
            return _extents[at];
        }
    }

    /// <summary>Number of elements; 1 for rank 0.</summary>
    public long Count
    {
        get
        {
            long count = 1;
            for (int i = 0; i < Rank; i++)
            {
                count = checked(count * _extents[i]);
            }

            return count;
        }
    }

    /// <summary>Builds a shape from extents, outermost first (also used by collection expressions).</summary>
    public static Shape Create(ReadOnlySpan<int> extents) => new(extents);

    /// <summary>The extents as an array.</summary>
    public int[] ToArray()
    {
        var all = new int[Rank];
        CopyTo(all);
        return all;
    }

    /// <summary>Copies the extents without allocating, and returns their number.</summary>
    public int CopyTo(Span<int> extents)
    {
        for (int i = 0; i < Rank; i++)
        {
            extents[i] = _extents[i];
        }

        return Rank;
    }

    /// <summary>Enumerates the extents (what a collection expression needs).</summary>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)ToArray()).GetEnumerator();

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank)
        {
            return false;
        }

        for (int i = 0; i < Rank; i++)
        {
            if (_extents[i] != other._extents[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        for (int i = 0; i < Rank; i++)
        {
            hash.Add(_extents[i]);
        }

        return hash.ToHashCode();
    }

    /// <summary>Same extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Different extents.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <summary>As written in messages: <c>[3, 4]</c>.</summary>
    public override string ToString() => $"[{string.Join(", ", ToArray())}]";

    [InlineArray(MaxRank)]
    struct Extents
    {
        int _first;
    }
}
