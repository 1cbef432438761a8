namespace Engine.Model.Vision;

/// <summary>Filters of <see cref="PillowResample"/>.</summary>
public enum PillowFilter
{
    /// <summary>Cubic with a = -0.5, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc, support 3.</summary>
    Lanczos,
}

/// <summary>Resizes 8-bit pictures bit for bit as Pillow does.</summary>
/// <remarks>
/// Defined by Pillow's src/libImaging/Resample.c (python-pillow/Pillow @ 9.4.0): first along rows, then along columns, each pass
/// rounded to 8 bits, with weights in 22-bit fixed point. Models were trained behind exactly this; a float resize shows in the embeddings.
/// Cost: reads H*W and writes H*W' + H'*W' pixels, times the filter's width (support x scale).
/// </remarks>
public static class PillowResample
{
    // 32 bits less 8 for the pixel and 2 for sums that overshoot, as in the original.
    const int PrecisionBits = 32 - 8 - 2;

    /// <summary>Resizes the whole picture.</summary>
    /// <param name="pixels">[height, width, channels], 8 bits each.</param>
    /// <param name="width">Width of the source, pixels.</param>
    /// <param name="height">Height of the source, pixels.</param>
    /// <param name="channels">Interleaved channels.</param>
    /// <param name="newWidth">Width of the result, pixels.</param>
    /// <param name="newHeight">Height of the result, pixels.</param>
    /// <param name="filter">Filter.</param>
    /// <returns>[newHeight, newWidth, channels].</returns>
    public static byte[] Resize(ReadOnlySpan<byte> pixels, int width, int height, int channels, int newWidth, int newHeight, PillowFilter filter) =>
        ResizeWindow(pixels, width, height, channels, newWidth, newHeight, 0, 0, newWidth, newHeight, filter);

    /// <summary>Resizes, and keeps a window of the result: the same bytes as resizing all and cropping, without making the rest.</summary>
    /// <param name="pixels">[height, width, channels], 8 bits each.</param>
    /// <param name="width">Width of the source, pixels.</param>
    /// <param name="height">Height of the source, pixels.</param>
    /// <param name="channels">Interleaved channels.</param>
    /// <param name="scaledWidth">Width that the whole source is scaled to, pixels.</param>
    /// <param name="scaledHeight">Height that the whole source is scaled to, pixels.</param>
    /// <param name="left">First column kept.</param>
    /// <param name="top">First row kept.</param>
    /// <param name="keepWidth">Columns kept.</param>
    /// <param name="keepHeight">Rows kept.</param>
    /// <param name="filter">Filter.</param>
    /// <returns>[keepHeight, keepWidth, channels].</returns>
    public static byte[] ResizeWindow(
        ReadOnlySpan<byte> pixels, int width, int height, int channels, long scaledWidth, long scaledHeight,
        long left, long top, int keepWidth, int keepHeight, PillowFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(channels, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(pixels.Length, checked(width * height * channels), nameof(pixels));
        ArgumentOutOfRangeException.ThrowIfLessThan(keepWidth, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(keepHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(left, 0);
        ArgumentOutOfRangeException.ThrowIfLessThan(top, 0);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(left + keepWidth, scaledWidth, nameof(left));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(top + keepHeight, scaledHeight, nameof(top));

        // A pass along an axis that keeps its size is left out, as in the original.
        Taps? rows = scaledHeight == height ? null : Taps.For(height, scaledHeight, top, keepHeight, filter);
        int firstRow = rows?.First ?? (int)top;
        int rowsNeeded = rows is null ? keepHeight : rows.End - rows.First;

        var across = new byte[checked(rowsNeeded * keepWidth * channels)];
        var source = pixels[(firstRow * width * channels)..];
        if (scaledWidth == width)
        {
            for (int y = 0; y < rowsNeeded; y++)
            {
                source.Slice(((y * width) + (int)left) * channels, keepWidth * channels)
                    .CopyTo(across.AsSpan(y * keepWidth * channels));
            }
        }
        else
        {
            var columns = Taps.For(width, scaledWidth, left, keepWidth, filter);
            for (int y = 0; y < rowsNeeded; y++)
            {
                AlongRow(source.Slice(y * width * channels, width * channels), across.AsSpan(y * keepWidth * channels, keepWidth * channels), channels, columns);
            }
        }

        if (rows is null)
        {
            return across;
        }

        var result = new byte[checked(keepHeight * keepWidth * channels)];
        DownColumns(across, result, keepWidth * channels, rows);
        return result;
    }

    static void AlongRow(ReadOnlySpan<byte> source, Span<byte> target, int channels, Taps taps)
    {
        for (int x = 0; x < taps.Count; x++)
        {
            var weights = taps.Weights(x);
            int at = taps.Start(x) * channels;
            for (int c = 0; c < channels; c++)
            {
                int sum = 1 << (PrecisionBits - 1);
                for (int k = 0; k < weights.Length; k++)
                {
                    sum += source[at + (k * channels) + c] * weights[k];
                }

                target[(x * channels) + c] = Clip(sum);
            }
        }
    }

    static void DownColumns(ReadOnlySpan<byte> source, Span<byte> target, int stride, Taps taps)
    {
        var sums = new int[stride];
        for (int y = 0; y < taps.Count; y++)
        {
            Array.Fill(sums, 1 << (PrecisionBits - 1));
            var weights = taps.Weights(y);
            int first = taps.Start(y) - taps.First;
            for (int k = 0; k < weights.Length; k++)
            {
                var row = source.Slice((first + k) * stride, stride);
                int weight = weights[k];
                for (int i = 0; i < row.Length; i++)
                {
                    sums[i] += row[i] * weight;
                }
            }

            var line = target.Slice(y * stride, stride);
            for (int i = 0; i < line.Length; i++)
            {
                line[i] = Clip(sums[i]);
            }
        }
    }

    static byte Clip(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    static double Support(PillowFilter filter) => filter == PillowFilter.Bicubic ? 2 : 3;

    static double Value(PillowFilter filter, double x) => filter == PillowFilter.Bicubic ? Bicubic(x) : Lanczos(x);

    static double Bicubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((((A + 2) * x) - (A + 3)) * x * x) + 1
            : x < 2 ? ((((x - 5) * x) + 8) * x - 4) * A
            : 0;
    }

    static double Lanczos(double x) => x is >= -3 and < 3 ? Sinc(x) * Sinc(x / 3) : 0;

    static double Sinc(double x) => x == 0 ? 1 : Math.Sin(x * Math.PI) / (x * Math.PI);

    /// <summary>For each kept output position, which inputs it reads and their weights.</summary>
    sealed class Taps
    {
        readonly int[] _weights;
        readonly int[] _starts;
        readonly int[] _counts;
        readonly int _width;

        Taps(int count, int width)
        {
            _width = width;
            _weights = new int[checked(count * width)];
            _starts = new int[count];
            _counts = new int[count];
        }

        /// <summary>Output positions.</summary>
        public int Count => _starts.Length;

        /// <summary>First input read by any of them.</summary>
        public int First => _starts[0];

        /// <summary>One past the last input read by any of them.</summary>
        public int End => _starts[^1] + _counts[^1];

        /// <summary>First input that position <paramref name="i"/> reads.</summary>
        public int Start(int i) => _starts[i];

        /// <summary>Its weights, 22-bit fixed point.</summary>
        public ReadOnlySpan<int> Weights(int i) => _weights.AsSpan(i * _width, _counts[i]);

        public static Taps For(int size, long scaled, long first, int count, PillowFilter filter)
        {
            double scale = (double)size / scaled;
            double stretch = Math.Max(scale, 1);
            double support = Support(filter) * stretch;
            double step = 1 / stretch;
            var taps = new Taps(count, ((int)Math.Ceiling(support) * 2) + 1);
            Span<double> values = taps._width <= 256 ? stackalloc double[256] : new double[taps._width];
            for (int i = 0; i < count; i++)
            {
                double center = (first + i + 0.5) * scale;
                int start = Math.Max((int)(center - support + 0.5), 0);
                int length = Math.Min((int)(center + support + 0.5), size) - start;
                double total = 0;
                for (int k = 0; k < length; k++)
                {
                    values[k] = Value(filter, (k + start - center + 0.5) * step);
                    total += values[k];
                }

                for (int k = 0; k < length; k++)
                {
                    double weight = (total != 0 ? values[k] / total : values[k]) * (1 << PrecisionBits);
                    taps._weights[(i * taps._width) + k] = (int)(weight < 0 ? weight - 0.5 : weight + 0.5);
                }

                taps._starts[i] = start;
                taps._counts[i] = length;
            }

            return taps;
        }
    }
}
