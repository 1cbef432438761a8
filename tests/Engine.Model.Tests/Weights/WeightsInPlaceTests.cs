using Engine.Kernels;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

/// <summary>Large matrices are used where they lie in their files.</summary>
public sealed class WeightsInPlaceTests : IDisposable
{
    // More than a megabyte, in rows that are no multiple of anything.
    const int Rows = 521;
    const int Columns = 1031;
    const int Size = Rows * Columns * 2;

    readonly CpuDevice _device = new(threads: 2) { MapsFiles = true };
    readonly TemporaryFolder _folder = new();
    readonly byte[] _bytes = new byte[Size];

    public WeightsInPlaceTests()
    {
        var random = new Random(1);
        for (int i = 0; i < Size; i += 2)
        {
            BitConverter.TryWriteBytes(_bytes.AsSpan(i), (Half)(random.NextDouble() - 0.5));
        }
    }

    public void Dispose()
    {
        _device.Dispose();
        _folder.Dispose();
    }

    [Theory, InlineData("safetensors"), InlineData("sharded"), InlineData("torch"), InlineData("rows of another")]
    public void Every_kind_of_file_gives_the_stored_bytes_even_after_it_is_closed(string kind)
    {
        Weight weight;
        WeightStore store;
        using (var source = Open(kind))
        {
            store = new WeightStore(source, _device);
            weight = store.Root.Matrix("w", [Rows, Columns]);
            store.Complete();
        }

        Assert.Equal(_bytes, Bytes(weight));
        Assert.Equal(Size, _device.Allocated);
        Assert.Equal(Size, store.Bytes);

        store.Release();
        Assert.Equal(0, _device.Allocated);
    }

    [Theory, InlineData(true), InlineData(false)]
    public void A_weight_in_place_is_the_file_itself_and_a_copied_one_is_not(bool maps)
    {
        using var device = new CpuDevice(threads: 1) { MapsFiles = maps };
        string path = _folder.Write("a.safetensors", File("").ToArray());
        using var source = SafetensorsFile.Open(path);
        var weight = new WeightStore(source, device).Root.Matrix("w", [Rows, Columns]);

        using (var stream = System.IO.File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.Position = stream.Length - 1;
            stream.WriteByte((byte)~_bytes[^1]);
        }

        Assert.Equal(maps ? (byte)~_bytes[^1] : _bytes[^1], Bytes(weight)[^1]);
        weight.Dispose();
    }

    [Theory, InlineData(1), InlineData(700)]
    public void Products_do_not_depend_on_where_the_matrix_lies(int rows)
    {
        var x = _device.NewTensor([rows, Columns]);
        var random = new Random(2);
        x.CopyFrom([.. Enumerable.Range(0, rows * Columns).Select(_ => (float)random.NextDouble())]);
        var expected = Product(x, new CpuDevice(threads: 2) { MapsFiles = false }, "");

        // The header's length moves the matrix to every place within a word.
        foreach (string padding in (string[])["", "a", "ab", "abc"])
        {
            Assert.Equal(expected, Product(x, _device, padding));
        }

        x.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public void A_file_that_was_cut_short_is_told_when_it_is_read(bool mappedBefore)
    {
        string path = _folder.Write("a.safetensors", File("").ToArray());
        using var source = SafetensorsFile.Open(path);
        var store = new WeightStore(source, _device);
        if (mappedBefore)
        {
            store.Root.Matrix("w", [Rows, Columns]);
        }

        using (var stream = System.IO.File.Open(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite))
        {
            stream.SetLength(Size / 2);
        }

        var e = Assert.Throws<WeightFileException>(() => store.Root.Matrix("w", [Rows, Columns]));
        Assert.Contains("was it cut short meanwhile?", e.Message, StringComparison.Ordinal);
        store.Release();
        Assert.Equal(0, _device.Allocated);
    }

    [Fact]
    public void A_change_is_merged_into_a_copy()
    {
        byte[] before = File("").ToArray();
        string path = _folder.Write("a.safetensors", before);
        using var source = SafetensorsFile.Open(path);
        using var difference = SafetensorsFile.Open(_folder.Write("b.safetensors", File("").ToArray()));
        var store = new WeightStore(source, _device, new Doubled(difference));

        byte[] merged = Bytes(store.Root.Matrix("w", [Rows, Columns]));

        for (int i = 0; i < Size; i += 2)
        {
            Assert.Equal(2 * (float)BitConverter.ToHalf(_bytes, i), (float)BitConverter.ToHalf(merged, i));
        }

        Assert.Equal(before, System.IO.File.ReadAllBytes(path));
        store.Release();
    }

    float[] Product(Tensor x, CpuDevice device, string padding)
    {
        using var source = SafetensorsFile.Open(_folder.Write($"{padding}.safetensors", File(padding).ToArray()));
        var weight = new WeightStore(source, device).Root.Matrix("w", [Rows, Columns]);
        using var y = device.NewTensor([x.Rows, Rows]);
        using var scratch = new Workspace(device);
        Linear.Run(device, x, weight, default, y, scratch: scratch);
        float[] result = y.ToArray();
        weight.Dispose();
        if (device != _device)
        {
            device.Dispose();
        }

        return result;
    }

    IWeightSource Open(string kind)
    {
        switch (kind)
        {
            case "torch":
                var torch = new TorchBuilder().Storage("0", _bytes).Tensor("w", "HalfStorage", "0", Rows * Columns, 0, [Rows, Columns], [Columns, 1]);
                return TorchFile.Open(_folder.Write("a.pth", torch.ToArray()));
            case "sharded":
                _folder.Write("a-1.safetensors", File("").ToArray());
                return ShardedSource.Open(_folder.Write("a.safetensors.index.json", """{"weight_map":{"w":"a-1.safetensors"}}"""u8.ToArray()));
            case "rows of another":
                var whole = new SafetensorsBuilder().Add("whole", "F16", [Rows + 3, Columns], [.. new byte[3 * Columns * 2], .. _bytes]);
                var file = SafetensorsFile.Open(_folder.Write("a.safetensors", whole.ToArray()));
                return new MappedSource(file, [new(new TensorInfo("w", DType.F16, [Rows, Columns], Size), file.Find("whole")!, 3 * Columns * 2)]);
            default:
                return SafetensorsFile.Open(_folder.Write("a.safetensors", File("").ToArray()));
        }
    }

    SafetensorsBuilder File(string padding) =>
        new SafetensorsBuilder().Metadata($$"""{"a":"{{padding}}"}""").Add("w", "F16", [Rows, Columns], _bytes);

    static byte[] Bytes(Weight weight)
    {
        var bytes = new byte[weight.Bytes];
        weight.Storage.Device.Download(weight.Storage, 0, bytes);
        return bytes;
    }

    sealed class Doubled(IWeightSource source) : IWeightChanges
    {
        public IReadOnlyCollection<string> Names => ["w"];

        public IReadOnlyList<WeightChange> Of(string name) => [new(source, source.Find("w")!, null, 1)];

        public bool Merges(DType stored, bool streamed) => true;
    }
}
