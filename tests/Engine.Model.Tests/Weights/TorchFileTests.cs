using System.IO.Compression;
using System.Text;
using Engine.Kernels;
using Engine.Model.Weights;
using Engine.Testing;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class TorchFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("official-wan21-t2v/models_t5_umt5-xxl-enc-bf16.pth", 22, DType.BF16)]
    [InlineData("official-wan21-t2v/Wan2.1_VAE.pth", 194, DType.F32)]
    [InlineData("official-wan22-ti2v/Wan2.2_VAE.pth", 196, DType.F32)]
    [InlineData("official-clip/models_clip_open-clip-xlm-roberta-large-vit-huge-14.pth", 58, DType.F32)]
    public void Files_of_torch_itself_open_and_read(string name, int tensors, DType type)
    {
        using var file = TorchFile.Open(Path.Combine(Repository.Goldens, "models", name));

        Assert.Equal(tensors, file.Tensors.Count);
        foreach (var tensor in file.Tensors)
        {
            Assert.Equal(type, tensor.Type);
            var bytes = new byte[tensor.Bytes];
            file.Read(tensor, 0, bytes);
            Assert.Contains(bytes, b => b != 0);
        }
    }

    [Fact]
    public void Storages_may_be_shared_and_begin_anywhere()
    {
        using var file = Open(new TorchBuilder()
            .Storage("0", [0, 1, 2, 3, 4, 5, 6, 7])
            .Tensor("whole", "ByteStorage", "0", 8, 0, [2, 4], [4, 1])
            .Tensor("tail", "ByteStorage", "0", 8, 6, [2], [1])
            .Tensor("scalar", "ByteStorage", "0", 8, 3, [], [])
            .Tensor("none", "ByteStorage", "0", 8, 8, [0, 3], [7, 9])
            .Tensor("ones", "ByteStorage", "0", 8, 0, [1, 8, 1], [77, 1, 5]));

        Assert.Equal([6, 7], Read(file, "tail"));
        Assert.Equal([3], Read(file, "scalar"));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7], Read(file, "ones"));
        Assert.Empty(Read(file, "none"));
        Assert.Equal([2, 4], file.Find("whole")!.Shape);
    }

    [Theory]
    [InlineData("FloatStorage", DType.F32, 4)]
    [InlineData("BFloat16Storage", DType.BF16, 2)]
    [InlineData("HalfStorage", DType.F16, 2)]
    [InlineData("DoubleStorage", DType.F64, 8)]
    [InlineData("LongStorage", DType.I64, 8)]
    [InlineData("IntStorage", DType.I32, 4)]
    [InlineData("ShortStorage", DType.I16, 2)]
    [InlineData("CharStorage", DType.I8, 1)]
    [InlineData("ByteStorage", DType.U8, 1)]
    [InlineData("BoolStorage", DType.Bool, 1)]
    public void Every_storage_type_is_known(string storage, DType type, int size)
    {
        using var file = Open(new TorchBuilder().Storage("0", new byte[3 * size]).Tensor("a", storage, "0", 3, 0, [3], [1]));
        Assert.Equal((type, 3L * size), (file.Find("a")!.Type, file.Find("a")!.Bytes));
    }

    [Fact]
    public void Tensors_that_do_not_fit_their_storage_are_refused()
    {
        var one = () => new TorchBuilder().Storage("0", new byte[16]);

        Refuses("not stored row by row", one().Tensor("a", "FloatStorage", "0", 4, 0, [2, 2], [1, 2]));
        Refuses("beyond the end", one().Tensor("a", "FloatStorage", "0", 4, 0, [5], [1]));
        Refuses("beyond the end", one().Tensor("a", "FloatStorage", "0", 4, 1, [4], [1]));
        Refuses("beyond the end", one().Tensor("a", "FloatStorage", "0", 4, 5, [0], [1]));
        Refuses("its member has 16 bytes", one().Tensor("a", "FloatStorage", "0", 5, 0, [4], [1]));
        Refuses("which the archive lacks", one().Tensor("a", "FloatStorage", "1", 4, 0, [4], [1]));
        Refuses("overflows 63 bits", one().Tensor("a", "FloatStorage", "0", 4, 0, [int.MaxValue, int.MaxValue, int.MaxValue], [1, 1, 1]));
        Refuses("0 or more", one().Tensor("a", "FloatStorage", "0", 4, 0, [-1], [1]));
        Refuses("as many strides", one().Tensor("a", "FloatStorage", "0", 4, 0, [4], [1, 1]));
        Refuses("'a' occurs twice", one().Tensor("a", "FloatStorage", "0", 4, 0, [4], [1]).Tensor("a", "FloatStorage", "0", 4, 0, [4], [1]));
    }

    // What makes torch.load dangerous: names that run code, in every form a pickle has for them.
    [Theory]
    [InlineData("refers to os.system", "cos\nsystem\n(X\u0004\0\0\0trueLtR.")]
    [InlineData("refers to os.system", "cos\nsystem\n.")]
    [InlineData("refers to builtins.eval", "cbuiltins\neval\n(X\u0001\0\0\01tR.")]
    [InlineData("refers to torch.nn.Module", "}X\u0001\0\0\0actorch.nn\nModule\ns.")]
    [InlineData("refers to collections.deque", "ccollections\ndeque\n)R.")]
    [InlineData("instruction INST", "(ios\nsystem\n.")]
    [InlineData("instruction OBJ", "(o.")]
    [InlineData("instruction NEWOBJ", ")\u0081.")]
    [InlineData("instruction EXT", "\u0082\u0001.")]
    [InlineData("instruction PERSID", "P0\n.")]
    [InlineData("instruction BYTES", "B\u0001\0\0\0a.")]
    [InlineData("instruction 'I'", "I01\n.")]
    [InlineData("instruction 0xff", "\u00ff.")]
    [InlineData("cut short", "")]
    [InlineData("cut short", "X\u00ff\u00ff\u00ff\u007fa")]
    [InlineData("cut short", "cos")]
    [InlineData("more from its stack", ".")]
    [InlineData("more from its stack", "t.")]
    [InlineData("instruction POP", "}0.")]
    [InlineData("goes on after its end", "}}.")]
    [InlineData("goes on after its end", "}.}.")]
    [InlineData("never stored", "h\u0001.")]
    [InlineData("key that is not a string", "}K\u0001K\u0002s.")]
    [InlineData("key without a value", "}(K\u0001u.")]
    [InlineData("is applied to something else", "K\u0001K\u0002a.")]
    [InlineData("no function", "K\u0001)R.")]
    [InlineData("made with arguments", "ccollections\nOrderedDict\n(K\u0001tR.")]
    [InlineData("not described as torch", "K\u0001Q.")]
    [InlineData("not described as torch", "ctorch._utils\n_rebuild_tensor_v2\n)R.")]
    [InlineData("torch.FloatStorage is called", "ctorch\nFloatStorage\n)R.")]
    [InlineData("sets something other than attributes", "}K\u0001b.")]
    [InlineData("holds no dictionary", "K\u0001.")]
    [InlineData("is not a tensor", "}X\u0001\0\0\0aK\u0001s.")]
    [InlineData("not valid UTF-8", "X\u0001\0\0\0\u00ff.")]
    public void Everything_but_tensors_is_refused_by_name(string words, string code) =>
        Refuses(words, new TorchBuilder { Code = [0x80, 2, .. Encoding.Latin1.GetBytes(code)] });

    [Fact]
    public void Protocols_that_are_not_known_are_refused()
    {
        Refuses("protocol 1", new TorchBuilder { Code = [0x80, 1, (byte)'}', (byte)'.'] });
        Refuses("protocol 6", new TorchBuilder { Code = [0x80, 6, (byte)'}', (byte)'.'] });
    }

    [Fact]
    public void Archives_that_torch_would_not_write_are_refused()
    {
        Refuses("no data.pkl", [("x/version", "3"u8.ToArray())], "0 members named data.pkl");
        Refuses("two", [("x/data.pkl", [1]), ("y/data.pkl", [1])], "2 members named data.pkl");
        Refuses("big", [("x/data.pkl", [0x80, 2, (byte)'}', (byte)'.']), ("x/byteorder", "big"u8.ToArray())], "byte order 'big'");
        Refuses("compressed", [("x/data.pkl", new byte[1000])], "compressed or encrypted", CompressionLevel.Optimal);
    }

    [Fact]
    public void Files_of_other_kinds_are_told_apart()
    {
        byte[] legacy = [0x80, 2, 0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, (byte)'.'];
        RefusesBytes("old kind", legacy);
        RefusesBytes("does not start as a zip", "GGUF and so on"u8.ToArray());
        RefusesBytes("needs at least 4", [1, 2]);
        RefusesBytes("no zip end record", "PK\u0003\u0004 and nothing more of a zip archive"u8.ToArray());
    }

    [Fact]
    public void A_damaged_pickle_is_noticed_by_its_checksum()
    {
        byte[] bytes = new TorchBuilder().Storage("0", [1]).Tensor("abcdef", "ByteStorage", "0", 1, 0, [1], [1]).ToArray();
        int at = bytes.AsSpan().IndexOf("abcdef"u8);
        bytes[at]++;
        RefusesBytes("checksum differs", bytes);
    }

    TorchFile Open(TorchBuilder builder) => TorchFile.Open(_folder.Write("a.pth", builder.ToArray()));

    void Refuses(string words, TorchBuilder builder) => RefusesBytes(words, builder.ToArray());

    void Refuses(string why, (string Name, byte[] Bytes)[] members, string words, CompressionLevel level = CompressionLevel.NoCompression)
    {
        Assert.NotEmpty(why);
        RefusesBytes(words, TorchBuilder.Zip(members, level));
    }

    void RefusesBytes(string words, byte[] bytes)
    {
        var error = Assert.Throws<WeightFileException>(() => TorchFile.Open(_folder.Write("a.pth", bytes)));
        Assert.Contains(words, error.Message);
        Assert.DoesNotContain('\n', error.Message);
    }

    static byte[] Read(TorchFile file, string name)
    {
        var bytes = new byte[file.Find(name)!.Bytes];
        file.Read(file.Find(name)!, 0, bytes);
        return bytes;
    }
}
