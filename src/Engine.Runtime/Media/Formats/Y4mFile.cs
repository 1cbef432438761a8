namespace Engine.Runtime.Media;

/// <summary>Names around YUV4MPEG2 files.</summary>
static class Y4mFile
{
    /// <summary>Where the metadata of a raw stream lies: its own header is limited to some 90 characters by ffmpeg and others.</summary>
    public static string MetadataPath(string path) => path + ".json";
}
