using Engine.Kernels;

namespace Engine.Runtime.Pipelines;

/// <summary>Latents that are known: clean in the model's input at every step (timestep 0 on their tokens), and once after the last.</summary>
/// <remarks>
/// One mechanism serves first frames, end frames, continuation and masks. A token is given whole or not at all.
/// What diffusers' image pipeline does for expanded timesteps (pipeline_wan_i2v.py @ 58eb52c0803ea9af3abec60841c2a093bdf1f951) is the
/// case of one given frame.
/// </remarks>
sealed class GivenLatents : IDisposable
{
    readonly bool[] _given;
    readonly Tensor _mask;
    readonly int _rows;
    readonly int _columns;

    /// <summary>Starts with nothing given.</summary>
    /// <param name="device">Where the values live.</param>
    /// <param name="shape">[C, T, h, w] of the latent.</param>
    public GivenLatents(Device device, Shape shape)
    {
        Values = device.NewTensor(shape);
        Values.Fill(0);
        _rows = shape[2];
        _columns = shape[3];
        _given = new bool[shape[1] * _rows * _columns];
        _mask = device.NewTensor([_given.Length]);
        _mask.Fill(0);
    }

    /// <summary>Known values [C, T, h, w], normalised; 0 where nothing is given.</summary>
    public Tensor Values { get; }

    /// <summary>Number of latent positions (over T, h, w) that are given.</summary>
    public int Count => _given.Count(g => g);

    /// <summary>Gives one latent frame.</summary>
    /// <param name="t">Which one.</param>
    /// <param name="values">[C, 1, h, w], normalised.</param>
    /// <param name="free">[h, w], true where it is not given; null gives all of it.</param>
    public void Give(int t, Tensor values, bool[]? free = null)
    {
        int plane = _rows * _columns;
        for (int i = 0; i < plane; i++)
        {
            _given[(t * plane) + i] = free is null || !free[i];
        }

        float[] marks = Array.ConvertAll(_given, given => given ? 1f : 0f);
        _mask.CopyFrom(marks);
        using var here = Values.Device.NewTensor([plane]);
        here.CopyFrom(marks.AsSpan(t * plane, plane));
        for (int c = 0; c < Values.Shape[0]; c++)
        {
            var into = Values[c].Slice(t, 1);
            into.Fill(0);
            Select.Run(Values.Device, here, values[c], into);
        }
    }

    /// <summary>Puts the known values over a latent [C, T, h, w], or over the first channels of a model's input.</summary>
    public void PutInto(Tensor latent) => Select.Run(Values.Device, _mask, Values, latent.Slice(0, Values.Shape[0]));

    /// <summary>For each token in (t, h, w) order: 1 when it is given, else 0 (rows of the timestep table).</summary>
    /// <param name="patch">Rows and columns of a token, in latents.</param>
    public int[] TokenRows((int T, int H, int W) patch)
    {
        int frames = _given.Length / (_rows * _columns);
        var rows = new int[frames / patch.T * (_rows / patch.H) * (_columns / patch.W)];
        int token = 0;
        for (int t = 0; t < frames; t += patch.T)
        {
            for (int y = 0; y < _rows; y += patch.H)
            {
                for (int x = 0; x < _columns; x += patch.W)
                {
                    rows[token++] = _given[(((t * _rows) + y) * _columns) + x] ? 1 : 0;
                }
            }
        }

        return rows;
    }

    /// <summary>The mask as a tensor [1, 1, T, h, w]: <paramref name="given"/> where given, <paramref name="free"/> elsewhere.</summary>
    public Tensor Mask(float given, float free)
    {
        var mask = Values.Device.NewTensor([1, 1, Values.Shape[1], _rows, _columns]);
        mask.CopyFrom(Array.ConvertAll(_given, g => g ? given : free));
        return mask;
    }

    /// <summary>Frees the values.</summary>
    public void Dispose()
    {
        Values.Dispose();
        _mask.Dispose();
    }
}
