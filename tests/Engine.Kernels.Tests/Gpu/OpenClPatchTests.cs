using Engine.Kernels.Gpu;
using Xunit;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>How generated OpenCL C is mended.</summary>
public sealed class OpenClPatchTests
{
    [Fact]
    public void Barriers_order_shared_memory_too()
    {
        Assert.Equal(
            "\twork_group_barrier ( CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE );",
            OpenClPatch.Apply("\twork_group_barrier ( CLK_GLOBAL_MEM_FENCE );"));
    }

    [Theory]
    [InlineData("+", "var3 = (float)((float)var9 + ((float)var1 * (float)2.5f));")]
    [InlineData("-", "var3 = (float)((float)var9 - ((float)var1 * (float)2.5f));")]
    public void A_product_that_only_one_sum_reads_is_part_of_it(string sign, string want)
    {
        string got = OpenClPatch.Apply($"float var2;\n\tvar2 = (float)((float) var1 *  (float)2.5f);\n\tvar3 = (float)((float) var9 {sign}  (float)var2);");
        Assert.Equal($"float var2;\n\n\t{want}", got);
    }

    [Fact]
    public void A_product_on_the_left_stays_there()
    {
        string got = OpenClPatch.Apply("float var2;\n\tvar2 = (float)((float) var1 *  (float)var4);\n\tvar3 = (float)((float) var2 -  (float)0.5f);");
        Assert.Equal("float var2;\n\n\tvar3 = (float)(((float)var1 * (float)var4) - (float)0.5f);", got);
    }

    // Read twice; read after a label, where an operand may have changed; a product of another type.
    [Theory]
    [InlineData("float var2;\n\tvar2 = (float)((float) var1 *  (float)var4);\n\tvar3 = (float)((float) var2 +  (float)var2);")]
    [InlineData("float var2;\n\tvar2 = (float)((float) var1 *  (float)var4);\n\tL_12: ;\n\tvar3 = (float)((float) var9 +  (float)var2);")]
    [InlineData("int var2;\n\tvar2 = (int)((int) var1 *  (int)var4);\n\tvar3 = (int)((int) var9 +  (int)var2);")]
    public void Other_products_are_left_alone(string source) => Assert.Equal(source, OpenClPatch.Apply(source));

    [Fact]
    public void What_ILGPU_generates_today_has_products_to_join()
    {
        var gpu = TestDevices.Gpu();
        Assert.SkipWhen(gpu.Kind != DeviceKind.OpenCl, "Only OpenCL devices have OpenCL C.");
        var kernel = GpuKernel.All.Single(k => k.Name == "Attention.Panels");
        string source = KernelLoader.Source(gpu.Accelerator, kernel);
        Assert.Matches(@"var\d+ = \(float\)\(\(float\)var\d+ \+ \(\(float\)var\d+ \* \(float\)var\d+\)\);", source);
    }
}
