namespace Engine.Cli.Tests;

public sealed class SmokeTests
{
    [Xunit.Fact]
    public void Repository_is_found() => Xunit.Assert.True(System.IO.File.Exists(System.IO.Path.Combine(Engine.Testing.Repository.Root, "Engine.sln")));
}
