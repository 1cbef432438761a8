namespace Engine.Runtime.Tests.BuiltinModel;

/// <summary>Twenty one-object prompts with a static camera: every colour, place and motion that is scored, several times over.</summary>
/// <remarks>
/// Worded as the model was taught ("becomes smaller" rather than "shrinks"): its README says that other words do little.
/// The score counts every pixel of the asked colour, so no thing has the colour of its place: green in the meadow,
/// yellow or orange in the desert, white on snow, in the studio or under the moon, black at night.
/// </remarks>
public static class ScoredPrompts
{
    /// <summary>The prompts, in the order of their seeds (1 to 20).</summary>
    public static IReadOnlyList<ScoredPrompt> All { get; } =
    [
        new("A red ball rolls to the left in a meadow", "red", "meadow", "left"),
        new("A blue cube moves to the right in a desert", "blue", "desert", "right"),
        new("A yellow ring falls to the ground in a studio", "yellow", "studio", "fall"),
        new("A green pyramid rises into the air on a beach at night", "green", "night beach", "rise"),
        new("A purple ball stays still on a snow field", "purple", "snow field", "still"),
        new("An orange cube grows bigger in a meadow", "orange", "meadow", "grow"),
        new("A red pyramid becomes smaller in a studio", "red", "studio", "shrink"),
        new("A red ball rolls to the right on a beach at night", "red", "night beach", "right"),
        new("A black cube slides left in a desert", "black", "desert", "left"),
        new("A blue ring rises into the air in a meadow", "blue", "meadow", "rise"),
        new("A blue ball falls to the ground in a desert", "blue", "desert", "fall"),
        new("A green cube stays still in a studio", "green", "studio", "still"),
        new("A purple ring slides left on a snow field", "purple", "snow field", "left"),
        new("An orange ball rolls to the right in a studio", "orange", "studio", "right"),
        new("A red ring stays still on a beach at night", "red", "night beach", "still"),
        new("A blue ball grows bigger on a snow field", "blue", "snow field", "grow"),
        new("A yellow cube becomes smaller in a meadow", "yellow", "meadow", "shrink"),
        new("A black ball falls to the ground on a snow field", "black", "snow field", "fall"),
        new("A white pyramid rises into the air in a desert", "white", "desert", "rise"),
        new("A purple pyramid moves to the right in a meadow", "purple", "meadow", "right"),
    ];
}
