using System.Runtime.CompilerServices;

namespace Engine.Kernels;

/// <content>Packing, on the host; weights of other devices are fetched and sent.</content>
public sealed unsafe partial class ConvWeight
{
    void Fill(Weight stored, int firstRow, int taps)
    {
        if (_packed.Bytes > int.MaxValue)
        {
            throw new ArgumentException($"A convolution of {Inputs} to {Outputs} channels takes {_packed.Bytes} bytes; at most 2 GiB are supported.");
        }

        using var fetched = OnHost(stored);
        byte* address = fetched is null ? stored.Address : fetched.HostAddress;
        if (_packed.Device is CpuDevice cpu)
        {
            new Span<byte>(_packed.Address, (int)_packed.Bytes).Clear();
            var job = new FillJob(this, Packed, stored, address, firstRow, taps);
            cpu.Pool.Run(Panels, ref job);
            return;
        }

        using var packed = new HostMemory(_packed.Bytes);
        var bytes = new Span<byte>(packed.HostAddress, (int)_packed.Bytes);
        bytes.Clear();
        var parts = new FillJob(this, (float*)packed.HostAddress, stored, address, firstRow, taps);
        Parallel.For(0, Panels, parts.Run);
        _packed.Device.Upload(bytes, _packed, 0);
    }

    // A copy of weights that live on another device than the host, or null.
    static HostMemory? OnHost(Weight stored)
    {
        if (stored.Storage.Device.IsCpu)
        {
            return null;
        }

        var memory = new HostMemory(stored.Bytes);
        stored.Storage.Device.Download(stored.Storage, 0, new Span<byte>(memory.HostAddress, checked((int)stored.Bytes)));
        return memory;
    }

    readonly struct FillJob(ConvWeight weight, float* packed, Weight stored, byte* address, int firstRow, int taps) : IPartitioned
    {
        public void Run(int part)
        {
            var row = new float[stored.Columns];
            for (int n = part * PanelWidth; n < Math.Min((part + 1) * PanelWidth, weight.Outputs); n++)
            {
                fixed (float* values = row)
                {
                    Widening.Run(stored.Type, address, (long)(firstRow + n) * stored.Columns, row.Length, values);
                }

                if (stored.Scale != 1)
                {
                    System.Numerics.Tensors.TensorPrimitives.Multiply(row, stored.Scale, row);
                }

                if (weight.Form != WinogradForm.None && !weight.TransformsEachCall)
                {
                    weight.FillTransformed(packed, n, row, taps);
                }
                else if (weight.Kind == ConvKind.Double)
                {
                    weight.FillPhases(packed, n, row);
                }
                else
                {
                    weight.FillPlain(packed, n, row, taps);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FillPlain(float* packed, int n, float[] row, int taps)
    {
        float* panel = packed + ((long)(n / PanelWidth) * taps * Inputs * PanelWidth) + (n % PanelWidth);
        for (int tap = 0; tap < taps; tap++)
        {
            for (int c = 0; c < Inputs; c++)
            {
                panel[((tap * Inputs) + c) * PanelWidth] = row[(c * taps) + tap];
            }
        }
    }

    // Output row 2y + p of the enlarged plane sees small rows y - 1 + p and y + p. Of the three taps, p = 0 puts the first on
    // row y - 1 and the other two on row y; p = 1 puts two on row y and the last on row y + 1. Columns alike.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FillPhases(float* packed, int n, float[] row)
    {
        for (int phase = 0; phase < 4; phase++)
        {
            float* panel = packed + ((((long)phase * Panels) + (n / PanelWidth)) * 4 * Inputs * PanelWidth) + (n % PanelWidth);
            for (int ky = 0; ky < 3; ky++)
            {
                int y = (ky + 1 - (phase / 2)) / 2;
                for (int kx = 0; kx < 3; kx++)
                {
                    int x = (kx + 1 - (phase % 2)) / 2;
                    for (int c = 0; c < Inputs; c++)
                    {
                        panel[((((y * 2) + x) * Inputs) + c) * PanelWidth] += row[(c * 9) + (ky * 3) + kx];
                    }
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void FillTransformed(float* packed, int n, float[] row, int taps)
    {
        int planes = Form == WinogradForm.FourPair ? 4 : taps / 9;
        int frames = Form == WinogradForm.FourPair ? 1 : planes;
        int count = Form.Points() / (planes / frames);
        Span<float> points = stackalloc float[count * planes];
        long panelSize = (long)frames * Inputs * PanelWidth;
        float* panel = packed + (n / PanelWidth * panelSize) + (n % PanelWidth);
        for (int c = 0; c < Inputs; c++)
        {
            WinogradFilter.Transform(Form, row.AsSpan(c * taps, taps), points);
            for (int t = 0; t < planes; t++)
            {
                long set = frames == 1 ? t * count : 0;
                float* at = panel + ((((frames == 1 ? 0 : t) * Inputs) + c) * PanelWidth);
                for (int p = 0; p < count; p++)
                {
                    at[(set + p) * Panels * panelSize] = points[(t * count) + p];
                }
            }
        }
    }
}
