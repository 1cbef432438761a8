using System.Text.Json;
using System.Text.Json.Serialization;

namespace Engine.Runtime;

/// <summary>Points as <c>[x, y]</c> or <c>[x, y, time]</c>; <c>{"x": 1, "y": 2}</c>, as Kling writes them, is read too.</summary>
internal sealed class MotionPointJson : JsonConverter<MotionPoint>
{
    public override MotionPoint Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return Named(ref reader);
        }

        if (reader.TokenType != JsonTokenType.StartArray)
        {
            throw new JsonException();
        }

        Span<double> numbers = stackalloc double[3];
        int count = 0;
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (count == numbers.Length || reader.TokenType != JsonTokenType.Number)
            {
                throw new JsonException();
            }

            numbers[count++] = reader.GetDouble();
        }

        return count >= 2 ? new(numbers[0], numbers[1], count == 3 ? numbers[2] : null) : throw new JsonException();
    }

    public override void Write(Utf8JsonWriter writer, MotionPoint value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.X);
        writer.WriteNumberValue(value.Y);
        if (value.Time is { } time)
        {
            writer.WriteNumberValue(time);
        }

        writer.WriteEndArray();
    }

    static MotionPoint Named(ref Utf8JsonReader reader)
    {
        double? x = null;
        double? y = null;
        double? time = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.Number)
            {
                throw new JsonException();
            }

            double number = reader.GetDouble();
            switch (name)
            {
                case "x": x = number; break;
                case "y": y = number; break;
                case "time": time = number; break;
                default: throw new JsonException();
            }
        }

        return x is { } right && y is { } down ? new(right, down, time) : throw new JsonException();
    }
}
