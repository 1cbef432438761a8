using System.Text.Json.Nodes;
using Engine.Runtime.Media;

namespace Engine.Cli.Rendering;

/// <summary>Shows what a clip is and what it was made from.</summary>
static class ClipView
{
    /// <summary>Prints it.</summary>
    public static void Show(ClipInfo clip, bool json)
    {
        if (json)
        {
            Output.Json(new JsonObject
            {
                ["path"] = clip.Path,
                ["kind"] = "clip",
                ["container"] = clip.Container,
                ["codec"] = clip.Codec,
                ["width"] = clip.Width,
                ["height"] = clip.Height,
                ["fps"] = clip.Fps,
                ["frames"] = clip.Frames,
                ["seconds"] = clip.Duration?.TotalSeconds,
                ["comment"] = clip.Metadata is null ? clip.Comment : null,
                ["metadata"] = clip.Metadata is { } made ? JsonNode.Parse(made.ToJson()) : null,
            });
            return;
        }

        Output.Fields(
            ("clip", clip.Path),
            ("format", clip.Codec is null ? clip.Container : $"{clip.Container}, {clip.Codec}"),
            ("size", $"{clip.Width}x{clip.Height}"),
            ("frames", clip.Frames?.ToString()),
            ("rate", clip.Fps is { } fps ? $"{fps:0.###} a second" : null),
            ("length", clip.Duration is { } length ? Units.Duration(length) : null),
            ("comment", clip.Metadata is null ? clip.Comment : null));
        if (clip.Metadata is { } from)
        {
            Output.Fields(
                ("made by", from.Generator),
                ("model", from.Model),
                ("chosen", from.ModelChoice),
                ("prompt", from.Prompt),
                ("negative", string.IsNullOrEmpty(from.NegativePrompt) ? null : from.NegativePrompt),
                ("seed", from.Seed?.ToString()));
            if (from.Settings is { } settings)
            {
                Output.Fields([.. settings
                    .Where(s => s.Key is not ("prompt" or "negative_prompt" or "seed"))
                    .Select(s => ($"  {s.Key}", (string?)s.Value?.ToString()))]);
            }
        }
    }
}
