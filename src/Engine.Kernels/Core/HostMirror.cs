namespace Engine.Kernels;

/// <summary>A tensor's values in host memory: the tensor's own where it lives there, else a copy in one buffer that is used again.</summary>
/// <remarks>For work that only the host does, such as files. On a dry-run device the span is empty. One tensor at a time.</remarks>
public sealed class HostMirror
{
    float[] _copy = [];

    /// <summary>The values, to be read.</summary>
    public Span<float> Read(Tensor tensor)
    {
        var values = ToWrite(tensor);
        if (!tensor.Device.IsCpu && !tensor.Device.IsDry)
        {
            tensor.CopyTo(values);
        }

        return values;
    }

    /// <summary>Room for the values, which reach the tensor with <see cref="Written"/>.</summary>
    public Span<float> ToWrite(Tensor tensor)
    {
        if (tensor.Device.IsCpu)
        {
            return tensor.Span;
        }

        int count = tensor.Device.IsDry ? 0 : checked((int)tensor.Count);
        if (_copy.Length < count)
        {
            _copy = new float[count];
        }

        return _copy.AsSpan(0, count);
    }

    /// <summary>Brings what was written to the tensor.</summary>
    public void Written(Tensor tensor)
    {
        if (!tensor.Device.IsCpu && !tensor.Device.IsDry)
        {
            tensor.CopyFrom(_copy.AsSpan(0, checked((int)tensor.Count)));
        }
    }
}
