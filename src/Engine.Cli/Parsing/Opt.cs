using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Engine.Runtime;

namespace Engine.Cli.Parsing;

/// <summary>Options whose errors say the option, what was given and what is allowed. Ranges are the request's to check.</summary>
static class Opt
{
    /// <summary>A whole number.</summary>
    public static Option<int?> Int(string name, string help, string description) =>
        Make<int?>(name, [], help, description, "a whole number", t => int.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int v) ? v : null);

    /// <summary>A whole number of 64 bits.</summary>
    public static Option<long?> Long(string name, string help, string description) =>
        Make<long?>(name, [], help, description, "a whole number", t => long.TryParse(t, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long v) ? v : null);

    /// <summary>A number with a decimal point.</summary>
    public static Option<double?> Number(string name, string help, string description) =>
        Make<double?>(name, [], help, description, "a number", t => double.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) ? v : null);

    /// <summary>Bytes, as <c>4GB</c>, <c>512MB</c> or <c>3.5GiB</c>.</summary>
    public static Option<long?> Bytes(string name, string description) =>
        Make<long?>(name, [], "SIZE", description, "a size such as 4GB or 512MB", ParseBytes);

    /// <summary>Width x height in pixels, as <c>832x480</c>.</summary>
    public static Option<(int Width, int Height)?> Size(string name, string description) =>
        Make<(int, int)?>(name, [], "WxH", description, "width x height, such as 832x480", ParseSize);

    /// <summary>Text, a file name among others.</summary>
    public static Option<string?> Text(string name, string help, string description, params string[] aliases) =>
        Make<string?>(name, aliases, help, description, "some text", t => t.Length > 0 ? t : null);

    /// <summary>Text that may be empty.</summary>
    public static Option<string?> TextOrEmpty(string name, string help, string description) =>
        Make<string?>(name, [], help, description, "text", t => t);

    /// <summary>Text that may be given several times.</summary>
    public static Option<string[]> Texts(string name, string help, string description) =>
        new(name) { HelpName = help, Description = description, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = false };

    /// <summary>Numbers with commas between them.</summary>
    public static Option<double[]?> Numbers(string name, string help, string description, string allowed) =>
        Make<double[]?>(name, [], help, description, allowed, ParseNumbers);

    /// <summary>One of a few names.</summary>
    public static Option<T?> Choice<T>(string name, string description, params (string Name, T Value)[] choices)
        where T : struct
    {
        string names = string.Join("|", choices.Select(c => c.Name));
        var option = Make<T?>(name, [], names, description, $"one of {string.Join(", ", choices.Select(c => c.Name))}", t =>
        {
            foreach (var (candidate, value) in choices)
            {
                if (string.Equals(candidate, t, StringComparison.OrdinalIgnoreCase))
                {
                    return value;
                }
            }

            return null;
        });
        option.CompletionSources.Add([.. choices.Select(c => c.Name)]);
        return option;
    }

    /// <summary>LoRAs, one for each time the option is given; null when it is not.</summary>
    public static Option<LoraInput[]?> Loras(string name, string description) => new(name)
    {
        HelpName = "FILE[:X][:high|low]",
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result =>
        {
            LoraInput?[] loras = [.. result.Tokens.Select(token => LoraInput.Parse(token.Value))];
            if (loras.Contains(null))
            {
                result.AddError($"{name} is '{Shortened(result.Tokens[0].Value)}'; it takes FILE, FILE:STRENGTH or FILE:STRENGTH:high|low");
            }

            return [.. loras.OfType<LoraInput>()];
        },
    };

    /// <summary>On or off. (An option of type bool would take no other words than true and false.)</summary>
    public static Option<OnOffValue?> OnOff(string name, string description) => Choice(name, description, ("on", OnOffValue.On), ("off", OnOffValue.Off));

    /// <summary>What an on-or-off option says; null where it is not given.</summary>
    public static bool? GetSwitch(this ParseResult parse, Option<OnOffValue?> option) => parse.GetValue(option) is { } value ? value == OnOffValue.On : null;

    /// <summary>A required argument that is one of a few names.</summary>
    public static Argument<string> OneOf(string name, string description, params string[] names)
    {
        var argument = new Argument<string>(name)
        {
            Description = description,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (!names.Contains(text, StringComparer.Ordinal))
                {
                    string hint = Nearest.To(text, names) is { } near ? $" (did you mean '{near}'?)" : "";
                    result.AddError($"<{name}> is '{Shortened(text)}'; it takes one of {string.Join(", ", names)}{hint}");
                }

                return text;
            },
        };
        argument.CompletionSources.Add(names);
        return argument;
    }

    /// <summary>A switch.</summary>
    public static Option<bool> Flag(string name, string description) => new(name) { Description = description };

    /// <summary>An option of any form: its value is what <paramref name="parse"/> makes of the text, null where that is wrong.</summary>
    public static Option<T?> Make<T>(string name, string[] aliases, string help, string description, string allowed, Func<string, T?> parse) =>
        new(name, aliases)
        {
            HelpName = help,
            Description = description,
            Arity = ArgumentArity.ExactlyOne,
            CustomParser = result => Parse(result, name, allowed, parse),
        };

    static T? Parse<T>(ArgumentResult result, string name, string allowed, Func<string, T?> parse)
    {
        string text = result.Tokens[0].Value;
        if (parse(text) is { } value)
        {
            return value;
        }

        result.AddError($"{name} is '{Shortened(text)}'; it takes {allowed}");
        return default;
    }

    static long? ParseBytes(string text)
    {
        string number = text.TrimEnd('B', 'b', 'i', 'I');
        double factor = 1;
        if (number.Length > 0 && "kmgtKMGT".IndexOf(number[^1], StringComparison.Ordinal) is >= 0 and var at)
        {
            double thousand = text.Contains('i', StringComparison.OrdinalIgnoreCase) ? 1024 : 1000;
            factor = Math.Pow(thousand, (at % 4) + 1);
            number = number[..^1];
        }

        return double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double value) && value * factor < long.MaxValue
            ? (long)(value * factor)
            : null;
    }

    static (int, int)? ParseSize(string text)
    {
        string[] sides = text.ToLowerInvariant().Split('x', '*');
        return sides.Length == 2
            && int.TryParse(sides[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int width)
            && int.TryParse(sides[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int height)
            ? (width, height)
            : null;
    }

    static double[]? ParseNumbers(string text)
    {
        string[] parts = text.Split(',');
        var numbers = new double[parts.Length];
        for (int i = 0; i < parts.Length; i++)
        {
            if (!double.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]))
            {
                return null;
            }
        }

        return numbers;
    }

    static string Shortened(string text) => text.Length <= 40 ? text : string.Concat(text.AsSpan(0, 37), "...");
}

/// <summary>Value of an on-or-off option.</summary>
enum OnOffValue
{
    /// <summary>Off.</summary>
    Off,

    /// <summary>On.</summary>
    On,
}
