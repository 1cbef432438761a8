using System.Diagnostics;
using Engine.Kernels;
using Engine.Runtime.Media;
using Xunit;

namespace Engine.Runtime.Tests.Media;

/// <summary>Damaged pictures: an error of our own, or a picture; never a crash, never long, never much memory.</summary>
public sealed class PictureMutationTests
{
    [Fact]
    public void Damaged_pictures_give_our_own_error() => Try(mutants: 4_000, seed: 1);

    [Fact]
    [Trait("Category", "Slow")]
    public void Many_damaged_pictures_give_our_own_error() => Try(mutants: 50_000, seed: 2);

    static void Try(int mutants, int seed)
    {
        var image = new Image(24, 17, TestPictures.Frame(24, 17, 0));
        byte[][] seeds = [image.ToPng(new Dictionary<string, string> { ["Comment"] = "x" }), image.ToJpeg(), new Image(24, 17, TestPictures.Noise(24 * 17 * 3)).ToPng()];
        var random = new Random(seed);
        int readable = 0;
        long most = 0, longest = 0;
        for (int i = 0; i < mutants; i++)
        {
            byte[] file = Mutate(seeds[i % seeds.Length], random);
            if (i % 2 == 0)
            {
                RepairChecksums(file);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            var clock = Stopwatch.StartNew();
            try
            {
                _ = Image.Decode(file, "mutant");
                readable++;
            }
            catch (EngineException e)
            {
                Assert.Equal(ErrorKind.BadInput, e.Kind);
            }

            longest = Math.Max(longest, clock.ElapsedMilliseconds);
            most = Math.Max(most, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        Assert.InRange(readable, 1, mutants - 1);
        Assert.True(most < 256_000_000, $"one mutant allocated {most} bytes");

        // A second is the goal; the rest is room for a busy machine.
        Assert.True(longest < 5000, $"one mutant took {longest} ms");
    }

    // Most damage to a PNG stops at a checksum; with those made right again, it reaches the decoder behind them.
    static void RepairChecksums(byte[] file)
    {
        foreach (var (type, offset, length) in PngFile.Chunks(new MemoryStream(file)).ToList())
        {
            var chunk = new MemoryStream();
            PngFile.WriteChunk(chunk, type, file.AsSpan((int)offset, length));
            chunk.ToArray().AsSpan(length + 8, 4).CopyTo(file.AsSpan((int)offset + length));
        }
    }

    static byte[] Mutate(byte[] seed, Random random)
    {
        var file = (byte[])seed.Clone();
        switch (random.Next(5))
        {
            case 0:
                return file[..random.Next(file.Length)];
            case 1:
                int at = random.Next(file.Length), length = Math.Min(random.Next(1, 64), file.Length - at);
                return [.. file[..at], .. file[(at + length)..]];
            case 2:
                int copy = random.Next(file.Length);
                return [.. file[..copy], .. file[random.Next(file.Length)..]];
            default:
                // The header more often than not: that is where sizes are.
                for (int n = random.Next(1, 6); n > 0; n--)
                {
                    file[random.Next(random.Next(2) == 0 ? Math.Min(64, file.Length) : file.Length)] = random.Next(4) == 0 ? (byte)255 : (byte)random.Next(256);
                }

                return file;
        }
    }
}
