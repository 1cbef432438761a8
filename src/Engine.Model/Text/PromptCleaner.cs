using System.Text;
using Engine.Model.Text.Cleaning;

namespace Engine.Model.Text;

/// <summary>Cleans a prompt the way the model's training and reference pipelines do, before it is tokenised.</summary>
/// <remarks>
/// Follows prompt_clean, src/diffusers/pipelines/wan/pipeline_wan.py of huggingface/diffusers: ftfy's fix_text with its
/// defaults (see <see cref="TextFixer"/>), HTML character references twice, then white space collapsed and trimmed.
/// </remarks>
public static class PromptCleaner
{
    /// <summary>The text as the tokenizer should see it.</summary>
    /// <param name="prompt">Any text; lone surrogates become U+FFFD.</param>
    public static string Clean(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        string text = TextFixer.Fix(prompt);
        text = HtmlEntities.Unescape(HtmlEntities.Unescape(text));
        return CollapseWhiteSpace(text);
    }

    static string CollapseWhiteSpace(string text)
    {
        var result = new StringBuilder(text.Length);
        bool pending = false;
        foreach (char c in text)
        {
            if (Characters.IsSpace(c))
            {
                pending = result.Length > 0;
                continue;
            }

            if (pending)
            {
                result.Append(' ');
                pending = false;
            }

            result.Append(c);
        }

        return result.ToString();
    }
}
