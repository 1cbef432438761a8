using Engine.Kernels;

namespace Engine.Model.Vae.Layers;

/// <summary>Planes that outlive a layer: borrowed, filled, kept as causal cache for a while, given back.</summary>
/// <remarks>
/// A plane is made when none of its size is free, with every value 0; as only insides are ever written, borders stay 0.
/// A convolution that keeps two earlier frames gives back the oldest one for each new one, so after three frames nothing is made.
/// </remarks>
sealed class PlanePool(Device device) : IDisposable
{
    readonly Dictionary<Shape, Stack<Tensor>> _free = [];
    readonly List<Tensor> _all = [];

    /// <summary>Borrows a plane; its inside is undefined.</summary>
    public Plane Rent(int height, int width, int channels, int border, bool packed = false)
    {
        var shape = packed ? PlanePacking.ShapeOf(height, width, channels, border) : Plane.ShapeOf(height, width, channels, border);
        if (_free.TryGetValue(Key(shape, border), out var stack) && stack.TryPop(out var free))
        {
            return new Plane(free, border, packed);
        }

        var made = device.NewTensor(shape);
        made.Fill(0);
        _all.Add(made);
        return new Plane(made, border, packed);
    }

    /// <summary>Gives a plane back.</summary>
    public void Return(Plane plane)
    {
        var key = Key(plane.Values.Shape, plane.Border);
        if (!_free.TryGetValue(key, out var stack))
        {
            _free[key] = stack = new Stack<Tensor>();
        }

        stack.Push(plane.Values);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _all.ForEach(plane => plane.Dispose());
        _all.Clear();
        _free.Clear();
    }

    // Planes with and without border never stand in for one another, even at the same outer size.
    static Shape Key(Shape shape, int border) => [shape[0], shape[1], shape[2], border];
}
