using System.Text.Json.Serialization;
using Engine.Model.Lora;

namespace Engine.Runtime;

/// <summary>A LoRA of a request.</summary>
/// <param name="Path">Its file.</param>
/// <param name="Strength">Factor on what it changes; 0 leaves the model as it is.</param>
/// <param name="Expert">Which transformer of a model with two it changes; null means both.</param>
[JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
public sealed record LoraInput(string Path, double Strength = 1, LoraExpert? Expert = null)
{
    /// <summary>Reads <c>FILE</c>, <c>FILE:STRENGTH</c>, <c>FILE:EXPERT</c> or <c>FILE:STRENGTH:EXPERT</c> (high or low).</summary>
    /// <returns>The LoRA, or null when the text names no file.</returns>
    public static LoraInput? Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        LoraExpert? expert = null;
        double strength = 1;
        string path = text;
        if (Cut(ref path, out string last, word => word is "high" or "low" or "both"))
        {
            expert = last == "high" ? LoraExpert.High : last == "low" ? LoraExpert.Low : null;
        }

        if (Cut(ref path, out last, word => double.TryParse(word, System.Globalization.CultureInfo.InvariantCulture, out _)))
        {
            strength = double.Parse(last, System.Globalization.CultureInfo.InvariantCulture);
        }

        return path.Length > 0 ? new LoraInput(path, strength, expert) : null;
    }

    // The last word behind a colon, where it is one of those; a file may have colons in its name.
    static bool Cut(ref string text, out string word, Func<string, bool> fits)
    {
        int at = text.LastIndexOf(':');
        word = at > 0 ? text[(at + 1)..] : "";
        if (word.Length == 0 || !fits(word))
        {
            return false;
        }

        text = text[..at];
        return true;
    }
}
