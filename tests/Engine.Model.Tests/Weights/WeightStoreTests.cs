using Engine.Kernels;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class WeightStoreTests : IDisposable
{
    readonly CpuDevice _device = new(threads: 1);
    readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_float_type_widens_exactly()
    {
        var file = new SafetensorsBuilder()
            .Add("f32", "F32", [2], BitConverter.GetBytes(1.5f).Concat(BitConverter.GetBytes(-2f)))
            .Add("bf16", "BF16", [2], [0xC0, 0x3F, 0x00, 0xC0])
            .Add("f16", "F16", [2], BitConverter.GetBytes((Half)1.5f).Concat(BitConverter.GetBytes((Half)(-2f))))
            .Add("f64", "F64", [2], BitConverter.GetBytes(1.5).Concat(BitConverter.GetBytes(-2.0)))
            .Add("e4m3", "F8_E4M3", [2], [0x3C, 0xC0])
            .Add("e5m2", "F8_E5M2", [2], [0x3E, 0xC0]);
        using var source = SafetensorsFile.Open(_folder.Write("a.safetensors", file.ToArray()));
        var store = new WeightStore(source, _device);

        foreach (string name in source.Tensors.Select(t => t.Name))
        {
            Assert.Equal([1.5f, -2f], store.Root.Vector(name, [2]).ToArray());
        }

        store.Complete();
    }

    [Fact]
    public void A_matrix_keeps_its_stored_bytes()
    {
        byte[] bytes = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        using var source = SafetensorsFile.Open(_folder.Write("a.safetensors", new SafetensorsBuilder().Add("x.w", "BF16", [2, 3, 1], bytes).ToArray()));
        var store = new WeightStore(source, _device);

        var weight = store.Root["x"].Matrix("w", [2, 3, 1]);

        store.Complete();
        Assert.Equal((2, 3, DType.BF16), (weight.Rows, weight.Columns, weight.Type));
        Assert.Equal(bytes, Bytes(weight));
        store.Release();
        Assert.Equal(0, _device.Allocated);
    }

    [Fact]
    public void Every_missing_extra_and_misshapen_tensor_is_named()
    {
        var file = new SafetensorsBuilder()
            .Add("layer.0.bias", "F32", [2], new byte[8])
            .Add("layer.0.weight", "F32", [2, 1], new byte[8])
            .Add("layer.0.count", "I64", [1], new byte[8])
            .Add("layer.0.table", "I64", [1], new byte[8])
            .Add("stray", "F16", [3], new byte[6]);
        using var source = SafetensorsFile.Open(_folder.Write("a.safetensors", file.ToArray()));
        var store = new WeightStore(source, _device);
        var layer = store.Root["layer"][0];
        layer.Vector("bias", [3]);
        layer.Matrix("weight", 1, 2);
        layer.Vector("count", [1]);
        layer.Matrix("table", [1]);
        layer.Vector("gone", [4]);
        layer.Unused("also_gone", [5, 6]);

        var error = Assert.Throws<WeightMismatchException>(store.Complete);

        Assert.Equal(["layer.0.gone [4]", "layer.0.also_gone [5, 6]"], error.Missing);
        Assert.Equal(["stray F16 [3]"], error.Extra);
        Assert.Equal(4, error.Misfits.Count);
        Assert.Equal("layer.0.bias is F32 [2], should be [3]", error.Misfits[0]);
        Assert.Contains("layer.0.count is I64 [1], where floats belong", error.Misfits[2]);
        Assert.Contains("2 missing, 1 not expected, 4 of the wrong shape or type", error.Message);
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }

    [Fact]
    public void One_layer_can_be_loaded_and_checked_alone()
    {
        var file = new SafetensorsBuilder().Add("b.0.w", "F32", [1], new byte[4]).Add("b.1.w", "F32", [1], new byte[4]).Add("b.1.x", "F32", [1], new byte[4]);
        using var source = SafetensorsFile.Open(_folder.Write("a.safetensors", file.ToArray()));

        var first = new WeightStore(source, _device);
        first.Root["b"][0].Vector("w", [1]);
        first.Complete("b.0.");

        var second = new WeightStore(source, _device);
        second.Root["b"][1].Vector("w", [1]);
        var error = Assert.Throws<WeightMismatchException>(() => second.Complete("b.1."));
        Assert.Equal(["b.1.x F32 [1]"], error.Extra);
        second.Root["b"][1].Ignore("x");
        second.Complete("b.1.");
    }

    [Fact]
    public void Recording_lists_what_is_asked_for_and_counts_its_memory()
    {
        using var dry = new DryDevice();
        var store = WeightStore.Recording(dry, DType.BF16);

        var weight = store.Root["a"].Matrix("w", 1000, 1000);
        store.Root["a"].Vector("b", [1000]);

        Assert.Equal(["a.w [1000, 1000]", "a.b [1000]"], store.Requested.Select(r => $"{r.Name} {r.Shape}"));
        Assert.Equal(2_000_000, weight.Bytes);
        Assert.Equal(2_004_000, dry.Allocated);
        Assert.False(store.Root.Has("a"));
        store.Complete();
    }

    static unsafe byte[] Bytes(Weight weight) => new ReadOnlySpan<byte>(weight.Address, (int)weight.Bytes).ToArray();
}
