using Xunit;

namespace Engine.Kernels.Tests.Gpu;

public sealed class PtxPatchTests
{
    [Fact]
    public void Conditional_branches_lose_uni_and_others_keep_it()
    {
        string got = PtxPatch.Apply("\t@%p1 bra.uni L_1;\n\t@!%p12 bra.uni L_2;\n\tbra.uni L_3;\n");
        Assert.Equal("\t@%p1 bra L_1;\n\t@!%p12 bra L_2;\n\tbra.uni L_3;\n", got);
    }

    [Fact]
    public void The_target_is_replaced_when_asked_for()
    {
        const string Text = ".version 7.8\n.target sm_80\n";
        Assert.Equal(Text, PtxPatch.Apply(Text));
        Assert.Equal(".version 7.8\n.target sm_90a\n", PtxPatch.Apply(Text, "sm_90a"));
    }

    [Fact]
    public void A_local_that_is_loaded_and_stored_whole_becomes_a_register()
    {
        string got = PtxPatch.Apply(
            "\t.local .align 4 .b8 __local_depot3[4];\n\tmov.b64\t%rd1, __local_depot3;\n\tst.local.f32\t[%rd1], %f2;\n\tld.local.b32\t%r4, [%rd1];\n");
        Assert.Equal("\t.reg .b32 %L3;\n\n\tmov.b32 %L3, %f2;\n\tmov.b32 %r4, %L3;\n", got);
    }

    [Theory]
    [InlineData("\tadd.u64\t%rd2, %rd1, 4;\n")]
    [InlineData("\tld.local.b16\t%rs1, [%rd1];\n")]
    [InlineData("\tld.local.b64\t%rd3, [%rd1];\n")]
    [InlineData("\tst.local.b64\t[%rd2], %rd1;\n")]
    [InlineData("\tmov.b64\t%rd9, __local_depot0;\n\tld.local.b32\t%r4, [%rd9];\n")]
    public void A_local_whose_address_is_used_otherwise_stays(string use)
    {
        string text = "\t.local .align 4 .b8 __local_depot0[4];\n\tmov.b64\t%rd1, __local_depot0;\n\tst.local.b32\t[%rd1], %r2;\n" + use;
        Assert.Equal(text, PtxPatch.Apply(text));
    }
}
