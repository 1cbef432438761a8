using Engine.Kernels;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class SafetensorsFileTests : IDisposable
{
    const string F32 = """{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // What the format allows, odd as some of it looks.
    public static TheoryData<string, string, int> Accepted => new()
    {
        { "no tensors", "{}", 0 },
        { "metadata alone", """{"__metadata__":{"a":"b","":""}}""", 0 },
        { "padding", $$"""{"a":{{F32}}}     """, 4 },
        { "white space inside", "{ \"a\" :\n\t{ \"shape\":[1] , \"data_offsets\":[ 0,4 ],\"dtype\":\"F32\" } }\r\n", 4 },
        { "any order of tensors", """{"b":{"dtype":"U8","shape":[3],"data_offsets":[4,7]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 7 },
        { "odd alignment", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"F64","shape":[1],"data_offsets":[1,9]}}""", 9 },
        { "rank 0", """{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}""", 4 },
        { "zero-sized", """{"a":{"dtype":"F32","shape":[3,0],"data_offsets":[0,0]},"b":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},"c":{"dtype":"I8","shape":[2],"data_offsets":[0,2]}}""", 2 },
        { "zero before a huge extent", """{"a":{"dtype":"F32","shape":[0,9223372036854775807,4],"data_offsets":[0,0]}}""", 0 },
        { "two values to a byte", """{"a":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}}""", 3 },
        { "four values in three bytes", """{"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]},"b":{"dtype":"F6_E3M2","shape":[4],"data_offsets":[3,6]}}""", 6 },
        { "scales and complex numbers", """{"a":{"dtype":"F8_E8M0","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"C64","shape":[1],"data_offsets":[1,9]}}""", 9 },
        { "escaped and foreign names", """{"\u00e4\ud83d\ude00\n":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "an empty name", $$"""{"":{{F32}}}""", 4 },
        { "deep rank", """{"a":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,1,1],"data_offsets":[0,1]}}""", 1 },
    };

    [Theory]
    [MemberData(nameof(Accepted))]
    public void Accepts(string why, string header, int dataBytes)
    {
        using var file = Open(SafetensorsBuilder.File(header, new byte[dataBytes]));

        Assert.Equal(dataBytes, file.Tensors.Sum(t => t.Bytes));
        Assert.NotEmpty(why);
    }

    // What it forbids; each is refused with one sentence that has these words.
    public static TheoryData<string, string, int> Refused => new()
    {
        { "does not start with '{'", "", 0 },
        { "does not start with '{'", "[]", 0 },
        { "does not start with '{'", " {}", 0 },
        { "does not start with '{'", "\uFEFF{}", 0 },
        { "not valid JSON", "{", 0 },
        { "not valid JSON", "{}x", 0 },
        { "not valid JSON", "{}{}", 0 },
        { "not valid JSON", "{}\0\0", 0 },
        { "not valid JSON", "{\"a\":" + F32 + ",}", 4 },
        { "not valid JSON", "{/**/}", 0 },
        { "not valid JSON", "{\"a\u0001\":" + F32 + "}", 4 },
        { "unpaired surrogate", """{"\ud800":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "unpaired surrogate", """{"__metadata__":{"a":"\udc00"}}""", 0 },
        { "'a' occurs twice", $$"""{"a":{{F32}},"a":{{F32}}}""", 4 },
        { "'a' occurs twice", $$"""{"a":{{F32}},"\u0061":{{F32}}}""", 4 },
        { "__metadata__ occurs twice", """{"__metadata__":{},"__metadata__":{}}""", 0 },
        { "__metadata__ must be an object", """{"__metadata__":null}""", 0 },
        { "'a' of __metadata__ is not a string", """{"__metadata__":{"a":1}}""", 0 },
        { "'a' of __metadata__ is not a string", """{"__metadata__":{"a":{"b":"c"}}}""", 0 },
        { "'a' of __metadata__ occurs twice", """{"__metadata__":{"a":"1","a":"1"}}""", 0 },
        { "not an object", """{"a":["F32",[1],[0,4]]}""", 4 },
        { "not an object", """{"a":null}""", 0 },
        { "unknown field 'strides'", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"strides":[1]}}""", 4 },
        { "two fields 'shape'", """{"a":{"dtype":"F32","shape":[1],"shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "two fields 'dtype'", """{"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "has no dtype", """{"a":{"shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "has no shape", """{"a":{"dtype":"F32","data_offsets":[0,4]}}""", 4 },
        { "has no data_offsets", """{"a":{"dtype":"F32","shape":[1]}}""", 4 },
        { "unknown dtype 'f32'", """{"a":{"dtype":"f32","shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "the dtype 'F8_E4M3FNUZ', the 8-bit floats of some AMD devices; use a file in F8_E4M3, BF16 or F16", """{"a":{"dtype":"F8_E4M3FNUZ","shape":[4],"data_offsets":[0,4]}}""", 4 },
        { "dtype of tensor 'a' is not a string", """{"a":{"dtype":{"F32":null},"shape":[1],"data_offsets":[0,4]}}""", 4 },
        { "shape of tensor 'a' is not a list", """{"a":{"dtype":"F32","shape":1,"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[1.0],"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[1e0],"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[-0],"data_offsets":[0,0]}}""", 0 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":["1"],"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[[1]],"data_offsets":[0,4]}}""", 4 },
        { "not a whole number", """{"a":{"dtype":"F32","shape":[18446744073709551616],"data_offsets":[0,4]}}""", 4 },
        { "have 1 entries", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0]}}""", 4 },
        { "have 3 entries", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4,4]}}""", 4 },
        { "overflows 64 bits", """{"a":{"dtype":"F32","shape":[9223372036854775807,4,0],"data_offsets":[0,0]}}""", 0 },
        { "overflows 64 bits", """{"a":{"dtype":"F32","shape":[2305843009213693952],"data_offsets":[0,0]}}""", 0 },
        { "beyond 2^63", """{"a":{"dtype":"F32","shape":[0,18446744073709551615],"data_offsets":[0,0]}}""", 0 },
        { "do not fill whole bytes", """{"a":{"dtype":"F4","shape":[3],"data_offsets":[0,2]}}""", 2 },
        { "ends (at byte 0) before it begins", """{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4 },
        { "shape and dtype need 8", """{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4 },
        { "cut short", $$"""{"a":{{F32}}}""", 3 },
        { "1 bytes follow the last tensor", $$"""{"a":{{F32}}}""", 5 },
        { "2 bytes follow the last tensor", "{}", 2 },
        { "belong to no tensor", """{"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2 },
        { "overlaps another", """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}""", 3 },
        { "overlaps another", """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 2 },
        { "overlaps another", """{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}""", 2 },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public void Refuses(string words, string header, int dataBytes) => RefusesBytes(words, SafetensorsBuilder.File(header, new byte[dataBytes]));

    [Fact]
    public void Refuses_headers_that_are_not_text_or_not_there()
    {
        RefusesBytes("not valid UTF-8", SafetensorsBuilder.File([(byte)'{', (byte)'"', 0xC3, (byte)'"', (byte)'}'], []));
        RefusesBytes("not valid UTF-8", SafetensorsBuilder.File([.. "{\""u8, 0xED, 0xA0, 0x80, .. "\":1}"u8], []));
        RefusesBytes("needs at least", [1, 2, 3]);
        RefusesBytes("needs at least", []);
        RefusesBytes("only 2 after the length", [100, 0, 0, 0, 0, 0, 0, 0, (byte)'{', (byte)'}']);
        RefusesBytes("at most 100000000", [1, 0xE1, 0xF5, 5, 0, 0, 0, 0, (byte)'{', (byte)'}']);
        RefusesBytes("at most 100000000", [255, 255, 255, 255, 255, 255, 255, 255, (byte)'{', (byte)'}']);
    }

    [Fact]
    public void Nesting_ten_thousand_deep_is_refused_like_any_wrong_value()
    {
        string deep = new('[', 10_000);
        RefusesBytes("not a whole number", SafetensorsBuilder.File($$"""{"a":{"shape":[{{deep}}""", []));
        RefusesBytes("not an object", SafetensorsBuilder.File($$"""{"a":{{deep}}""", []));
    }

    [Fact]
    public void Paths_that_are_no_files_are_refused()
    {
        Assert.Contains("no such file", Assert.Throws<WeightFileException>(() => SafetensorsFile.Open(Path.Combine(_folder.Path, "none"))).Message);
        Assert.Contains("is a folder", Assert.Throws<WeightFileException>(() => SafetensorsFile.Open(_folder.Path)).Message);
    }

    [Fact]
    public void Names_in_messages_cannot_drive_a_terminal()
    {
        var error = Assert.Throws<WeightFileException>(() => Open(SafetensorsBuilder.File("""{"\u001b[2J":1}""", [])));

        Assert.DoesNotContain('\u001b', error.Message);
        Assert.Contains("?[2J", error.Message);
    }

    [Fact]
    public void A_file_cut_short_after_it_was_opened_is_an_error_of_our_own()
    {
        string path = _folder.Write("a.safetensors", new SafetensorsBuilder().Add("a", "U8", [1000], new byte[1000]).ToArray());
        using var file = SafetensorsFile.Open(path);
        File.WriteAllBytes(path, []);

        var error = Assert.Throws<WeightFileException>(() => file.Read(file.Find("a")!, 500, new byte[500]));
        Assert.Contains("cut short", error.Message);
    }

    [Fact]
    public void A_file_of_5_GB_is_read_at_its_end()
    {
        const long size = 5_000_000_000;
        string header = $$$"""{"big":{"dtype":"U8","shape":[{{{size}}}],"data_offsets":[0,{{{size}}}]},"last":{"dtype":"I16","shape":[2],"data_offsets":[{{{size}}},{{{size + 4}}}]}}""";
        string path = _folder.Write("big.safetensors", SafetensorsBuilder.File(header, []));
        using (var stream = File.OpenWrite(path))
        {
            // A hole takes no room on disk.
            stream.Position = 8 + header.Length + size - 1;
            stream.Write([7, 1, 2, 3, 4]);
        }

        using var file = SafetensorsFile.Open(path);
        var last = new byte[4];
        var end = new byte[2];
        file.Read(file.Find("last")!, 0, last);
        file.Read(file.Find("big")!, size - 2, end);
        Assert.Equal([1, 2, 3, 4], last);
        Assert.Equal([0, 7], end);
        Assert.Throws<ArgumentOutOfRangeException>(() => file.Read(file.Find("big")!, size - 1, new byte[2]));
    }

    [Fact]
    public void Every_dtype_of_the_format_is_known_by_its_name()
    {
        foreach (var type in Enum.GetValues<DType>().Where(type => !type.IsBlockType()))
        {
            Assert.Equal(type, SafetensorsTypes.Parse(type.ToSafetensors()));
        }
    }

    SafetensorsFile Open(byte[] bytes) => SafetensorsFile.Open(_folder.Write("a.safetensors", bytes));

    void RefusesBytes(string words, byte[] bytes)
    {
        var error = Assert.Throws<WeightFileException>(() => Open(bytes));
        Assert.Contains(words, error.Message);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal(ErrorKind.BadInput, error.Kind);
    }
}
