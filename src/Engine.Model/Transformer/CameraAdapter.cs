using Engine.Kernels;
using Engine.Model.Weights;

namespace Engine.Model.Transformer;

/// <summary>Camera rays to what is added to the patch embedding: blocks of pixels as channels, a convolution over a patch, residual blocks.</summary>
/// <remarks>
/// Port of SimpleAdapter, videox_fun/models/wan_camera_adapter.py of aigc-apps/VideoX-Fun
/// @ 804a4258e2608f855ccaec8fffa279e75a3b89c6 (Apache-2.0).
/// It runs once per job, not per step, and frame by frame, so that memory does not grow with the clip. Its convolutions are matrix
/// products over rows that the host gathers: the weights stay in stored precision, and nothing but existing operations is needed.
/// </remarks>
sealed class CameraAdapter : IDisposable
{
    // 16 MiB of gathered neighbourhoods at a time.
    const int MostGatheredValues = 4 << 20;
    const int Taps = 9;

    readonly CameraAdapterConfig _config;
    readonly (int H, int W) _patch;
    readonly Projection _conv;
    readonly (Projection First, Projection Second)[] _residual;

    CameraAdapter(WeightScope at, TransformerConfig config)
    {
        _config = config.CameraAdapter!;
        _patch = (config.Patch.H, config.Patch.W);
        int width = config.Width;
        int inputs = _config.Channels * _config.Downscale * _config.Downscale;
        _conv = Projection.Load(at["conv"], [width, inputs, _patch.H, _patch.W]);
        _residual = new (Projection, Projection)[_config.ResidualBlocks];
        for (int i = 0; i < _residual.Length; i++)
        {
            var block = at["residual_blocks"][i];
            _residual[i] = (Projection.Load(block["conv1"], [width, width, 3, 3]), Projection.Load(block["conv2"], [width, width, 3, 3]));
        }
    }

    /// <summary>Reads the weights below a prefix.</summary>
    public static CameraAdapter Load(WeightScope at, TransformerConfig config) => new(at, config);

    /// <summary>Embeds one latent frame.</summary>
    /// <param name="device">Where to run.</param>
    /// <param name="control">[Channels, rows x patch x downscale, columns x patch x downscale].</param>
    /// <param name="rows">Rows of tokens.</param>
    /// <param name="columns">Columns of tokens.</param>
    /// <param name="tokens">Output [rows x columns, C].</param>
    /// <param name="scratch">Workspace.</param>
    public void Embed(Device device, ReadOnlySpan<float> control, int rows, int columns, Tensor tokens, Workspace scratch)
    {
        using var scope = scratch.Scope();
        var blocks = scratch.Take([tokens.Rows, _conv.Inputs]);
        if (!device.IsDry)
        {
            blocks.CopyFrom(Blocks(control, rows, columns));
        }

        _conv.Run(device, blocks, tokens, scratch);
        var inner = scratch.Take(tokens.Shape);
        var change = scratch.Take(tokens.Shape);
        foreach (var (first, second) in _residual)
        {
            Convolve(device, first, tokens, rows, columns, relu: false, inner, scratch);
            Convolve(device, second, inner, rows, columns, relu: true, change, scratch);
            Elementwise.Add(device, change, tokens);
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose()
    {
        _conv.Dispose();
        foreach (var (first, second) in _residual)
        {
            first.Dispose();
            second.Dispose();
        }
    }

    /// <summary>One row per token, ordered as the convolution's weights are: channel, row and column in the block, row and column in the patch.</summary>
    float[] Blocks(ReadOnlySpan<float> control, int rows, int columns)
    {
        int side = _config.Downscale;
        int height = rows * _patch.H * side;
        int width = columns * _patch.W * side;
        if (control.Length != _config.Channels * height * width)
        {
            throw new ArgumentException($"The camera's control has {control.Length} values; {_config.Channels} x {height} x {width} are expected.", nameof(control));
        }

        var values = new float[rows * columns * _conv.Inputs];
        int at = 0;
        for (int token = 0; token < rows * columns; token++)
        {
            for (int i = 0; i < _config.Channels * side * side; i++)
            {
                var (c, dy, dx) = (i / (side * side), i / side % side, i % side);
                for (int k = 0; k < _patch.H * _patch.W; k++)
                {
                    int y = (((token / columns * _patch.H) + (k / _patch.W)) * side) + dy;
                    int x = (((token % columns * _patch.W) + (k % _patch.W)) * side) + dx;
                    values[at++] = control[(((c * height) + y) * width) + x];
                }
            }
        }

        return values;
    }

    /// <summary>A 3x3 convolution of a plane of tokens [rows x columns, C], padded with zeros; the input may be cut off at 0 first.</summary>
    static void Convolve(Device device, Projection convolution, Tensor x, int rows, int columns, bool relu, Tensor y, Workspace scratch)
    {
        using var scope = scratch.Scope();
        int channels = x.Columns;
        int slice = Math.Clamp(MostGatheredValues / convolution.Inputs, 1, x.Rows);
        var gathered = scratch.Take([slice, convolution.Inputs]);
        float[] from = device.IsDry ? [] : x.ToArray();
        if (relu)
        {
            foreach (ref float value in from.AsSpan())
            {
                value = Math.Max(value, 0);
            }
        }

        var values = new float[device.IsDry ? 0 : slice * convolution.Inputs];
        for (int start = 0; start < x.Rows; start += slice)
        {
            int count = Math.Min(slice, x.Rows - start);
            var part = gathered.Slice(0, count);
            if (!device.IsDry)
            {
                for (int r = 0; r < count; r++)
                {
                    Neighbourhood(from, channels, rows, columns, start + r, values.AsSpan(r * convolution.Inputs, convolution.Inputs));
                }

                part.CopyFrom(values.AsSpan(0, count * convolution.Inputs));
            }

            convolution.Run(device, part, y.Slice(start, count), scratch);
        }
    }

    // Channel by channel, as the weights [N, C, 3, 3] are.
    static void Neighbourhood(float[] from, int channels, int rows, int columns, int token, Span<float> into)
    {
        for (int tap = 0; tap < Taps; tap++)
        {
            int y = (token / columns) + (tap / 3) - 1;
            int x = (token % columns) + (tap % 3) - 1;
            bool inside = y >= 0 && y < rows && x >= 0 && x < columns;
            int at = ((y * columns) + x) * channels;
            for (int c = 0; c < channels; c++)
            {
                into[(c * Taps) + tap] = inside ? from[at + c] : 0;
            }
        }
    }
}
