using System.Text;
using Engine.Model.Weights;
using Xunit;

namespace Engine.Model.Tests.Weights;

public sealed class ShardedSourceTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public ShardedSourceTests()
    {
        _folder.Write("1.safetensors", new SafetensorsBuilder().Add("a", "U8", [2], [1, 2]).ToArray());
        _folder.Write("2.safetensors", new SafetensorsBuilder().Add("b", "U8", [1], [3]).Add("c", "U8", [1], [4]).ToArray());
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Tensors_are_read_from_the_file_that_holds_them()
    {
        using var source = Open("""{"metadata":{"total_size":4},"weight_map":{"a":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""");

        Assert.Equal(["a", "b", "c"], source.Tensors.Select(t => t.Name));
        var bytes = new byte[1];
        source.Read(source.Find("c")!, 0, bytes);
        Assert.Equal(4, bytes[0]);
        Assert.Null(source.Find("d"));
    }

    [Theory]
    [InlineData("not valid JSON", "{")]
    [InlineData("no object named weight_map", "[]")]
    [InlineData("no object named weight_map", "{}")]
    [InlineData("no object named weight_map", """{"weight_map":[]}""")]
    [InlineData("not valid JSON", """{"weight_map":{"a":"1.safetensors","a":"1.safetensors"}}""")]
    [InlineData("plain file name", """{"weight_map":{"a":1}}""")]
    [InlineData("plain file name", """{"weight_map":{"a":""}}""")]
    [InlineData("plain file name", """{"weight_map":{"a":"../1.safetensors"}}""")]
    [InlineData("plain file name", """{"weight_map":{"a":"/etc/passwd"}}""")]
    [InlineData("plain file name", """{"weight_map":{"a":"\u0000"}}""")]
    [InlineData("unpaired surrogate", """{"weight_map":{"a":"\ud800"}}""")]
    [InlineData("unpaired surrogate", """{"weight_map":{"\ud800":"1.safetensors"}}""")]
    [InlineData("no such file", """{"weight_map":{"a":"3.safetensors"}}""")]
    [InlineData("which the index does not name", """{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}""")]
    [InlineData("which the index says is in 2.safetensors", """{"weight_map":{"a":"2.safetensors","x":"1.safetensors","b":"2.safetensors","c":"2.safetensors"}}""")]
    [InlineData("'x' is not in 1.safetensors", """{"weight_map":{"a":"1.safetensors","x":"1.safetensors"}}""")]
    public void Refuses(string words, string index)
    {
        var error = Assert.Throws<WeightFileException>(() => Open(index));
        Assert.Contains(words, error.Message);
    }

    ShardedSource Open(string index) =>
        ShardedSource.Open(_folder.Write("model.safetensors.index.json", Encoding.UTF8.GetBytes(index)));
}
