using System.CommandLine;
using Engine.Kernels;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>Options for what guides a clip beside a first and a last picture: keyframes, references, control clips, room around a source.</summary>
sealed class GuideOptions
{
    readonly Option<string[]> _keyframe = Opt.Texts("--keyframe", "TIME:FILE", "Picture at a time: 12:b.png (a frame), 2.5s:b.png (seconds), end:b.png; again for more");
    readonly Option<string[]> _reference = Opt.Texts("--reference", "FILE", $"Picture of someone or something that is to appear; again for more, {VideoRequest.MaxReferences} at most");
    readonly Option<string?> _control = Opt.Text("--control", "FILE", "Clip of poses, depths or edges that the new one follows");
    readonly Option<double[]?> _strength = Opt.Numbers("--control-strength", "X[,X...]", "How strongly these count: one number, or one for each control block", "a number, or numbers with commas between them");
    readonly Option<ExtendDirection?> _direction = Opt.Choice("--direction", "extend: go on after the source, or lead up to it", ("forward", ExtendDirection.Forward), ("backward", ExtendDirection.Backward));
    readonly Option<bool> _showMasked = Opt.Flag("--show-masked", "edit, with VACE models: show the model what lies under the mask, to follow it (another colour, the same motion)");
    readonly Option<OnOffValue?> _holdColour = Opt.OnOff("--hold-colour", "Extending and long clips: keep the colours of the part before (default: on)");
    readonly Option<int?> _window = Opt.Int("--window", "N", "Frames of the rounds or windows that a long clip is made in, 4n+1 (default: what the model was trained for)");
    readonly Option<LongClip?> _longClip = Opt.Choice("--long-clip", "Clips longer than the model was trained for: rounds, windows that every step blends, or in one piece (default: rounds where the model goes on from a clip, else windows)", ("rounds", LongClip.Rounds), ("windows", LongClip.Windows), ("whole", LongClip.Whole));
    readonly Option<QualityTier?> _tier = Opt.Choice("--tier", "Size, steps and model as a set: standard (480p, small models first), pro (720p), master (720p, more steps, the largest model)", ("standard", QualityTier.Standard), ("pro", QualityTier.Pro), ("master", QualityTier.Master));
    readonly Option<string?> _aspect = Opt.Text("--aspect", "W:H", "Proportions, such as 16:9, 9:16 or 1:1, at the model's or the tier's number of pixels");
    readonly Option<double[]?> _expand = Opt.Numbers("--expand", "L,T,R,B", "edit: pixels to add left, above, right and below, made anew", "four whole numbers with commas between them");

    /// <summary>Adds all of them.</summary>
    /// <param name="command">The command.</param>
    /// <param name="except">Names of options that the command does not have.</param>
    public void AddTo(Command command, params string[] except)
    {
        foreach (var option in (Option[])[_keyframe, _reference, _control, _strength, _direction, _expand, _showMasked, _holdColour, _longClip, _window, _tier, _aspect])
        {
            if (!except.Contains(option.Name))
            {
                command.Add(option);
            }
        }
    }

    /// <summary>The request with what the command line says of these.</summary>
    /// <exception cref="EngineException">A keyframe or the room around a source is not written as it should be.</exception>
    public VideoRequest Apply(ParseResult parse, VideoRequest request)
    {
        string[] keyframes = parse.GetValue(_keyframe) ?? [];
        string[] references = parse.GetValue(_reference) ?? [];
        return request with
        {
            Keyframes = keyframes.Length > 0 ? Array.ConvertAll(keyframes, ParseKeyframe) : request.Keyframes,
            References = references.Length > 0 ? Array.ConvertAll(references, PictureInput.FromFile) : request.References,
            Control = parse.GetValue(_control) is { } control ? ClipInput.FromFile(control) : request.Control,
            ControlStrength = parse.GetValue(_strength) is { Length: > 0 } strengths ? strengths : request.ControlStrength,
            Direction = parse.GetValue(_direction) ?? request.Direction,
            ShowMasked = parse.GetValue(_showMasked) || request.ShowMasked,
            HoldColour = parse.GetSwitch(_holdColour) ?? request.HoldColour,
            LongClip = parse.GetValue(_longClip) ?? request.LongClip,
            WindowFrames = parse.GetValue(_window) ?? request.WindowFrames,
            Tier = parse.GetValue(_tier) ?? request.Tier,
            Aspect = parse.GetValue(_aspect) ?? request.Aspect,
            Expand = parse.GetValue(_expand) is { Length: > 0 } expand ? ParseMargins(expand) : request.Expand,
        };
    }

    static Keyframe ParseKeyframe(string text) => Keyframe.Parse(text)
        ?? throw new EngineException(ErrorKind.BadRequest, $"--keyframe is '{text}'; it takes a time, a colon and a file, such as 0:a.png, 2.5s:b.png or end:c.png.");

    static Margins ParseMargins(double[] sides) => sides.Length == 4 && sides.All(s => s == (int)s)
        ? new Margins((int)sides[0], (int)sides[1], (int)sides[2], (int)sides[3])
        : throw new EngineException(ErrorKind.BadRequest, $"--expand is '{string.Join(',', sides)}'; it takes four whole numbers with commas between them (left, above, right, below).");
}
