using Engine.Kernels;
using Engine.Model.Checkpoints;
using Engine.Model.Vision;
using Engine.Model.Weights;
using Engine.Runtime.Media;

namespace Engine.Runtime.Verification;

/// <summary>CLIP: a picture's preparation, and <c>pixel_values</c> -> <c>penultimate_hidden_state</c>.</summary>
static class ImageCases
{
    public static void Preprocess(CaseRun run, Checkpoint checkpoint)
    {
        var config = Config(checkpoint);
        var image = Image.Load(run.Golden.FilePath(run.Golden.Json.GetProperty("images").GetProperty("image").GetString()!));
        using var pixels = run.Device.NewTensor([3, config.ImageSize, config.ImageSize]);
        ClipImageProcessor.Process(image.Rgb, image.Width, image.Height, config, pixels);
        run.Compare("pixel_values", pixels);
    }

    public static void Encode(CaseRun run, Checkpoint checkpoint)
    {
        var config = Config(checkpoint);
        using var source = checkpoint.OpenImageEncoder();
        var store = new WeightStore(source, run.Device);
        var encoder = ClipVisionEncoder.Load(store.Root, config, run.Device);
        store.Complete();
        using var scratch = new Workspace(run.Device);

        var pictures = run.Input("pixel_values");
        int count = pictures.Shape[0];
        int size = pictures.Values.Length / count;
        int side = config.ImageSize / config.PatchSize;
        Shape shape = [(side * side) + 1, config.HiddenSize];
        using var pixels = run.Device.NewTensor([3, config.ImageSize, config.ImageSize]);
        using var hidden = run.Device.NewTensor(shape);
        var all = new float[count * shape.Count];
        for (int i = 0; i < count; i++)
        {
            pixels.CopyFrom(pictures.Values.AsSpan(i * size, size));
            encoder.Forward(pixels, hidden, scratch);
            hidden.CopyTo(all.AsSpan((int)(i * shape.Count), (int)shape.Count));
        }

        run.Compare("penultimate_hidden_state", all, [count, shape[0], shape[1]]);
        store.Release();
    }

    static ImageEncoderConfig Config(Checkpoint checkpoint) => checkpoint.ImageEncoder
        ?? throw new EngineException(ErrorKind.BadInput, $"{checkpoint.Path} holds no image encoder.");
}
