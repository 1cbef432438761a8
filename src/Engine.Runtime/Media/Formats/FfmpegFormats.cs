namespace Engine.Runtime.Media;

/// <summary>How ffmpeg is asked for each format.</summary>
static class FfmpegFormats
{
    // RGB to limited-range BT.709, and said so in the file: what players assume of HD, and a tag settles it for the rest.
    const string Yuv420 = "scale=out_color_matrix=bt709:out_range=tv:flags=bicubic+accurate_rnd+full_chroma_int,format=yuv420p";
    const string ColourTags = "-color_primaries bt709 -color_trc bt709 -colorspace bt709 -color_range tv";

    /// <summary>Arguments for the best encoder there is, and what had to give; null where there is none.</summary>
    /// <param name="format">Mp4, WebM or Gif.</param>
    /// <param name="ffmpeg">Which ffmpeg.</param>
    /// <param name="width">Width, pixels.</param>
    /// <param name="height">Height, pixels.</param>
    public static (string Arguments, string? Notice)? Choose(VideoFormat format, Ffmpeg ffmpeg, int width, int height) => format switch
    {
        VideoFormat.Mp4 => Mp4(ffmpeg, width, height),
        VideoFormat.WebM => WebM(ffmpeg),
        // A palette for each frame: one for the whole clip would have ffmpeg keep every frame in memory until the end.
        _ => ffmpeg.Has("gif")
            ? ("-vf \"split[a][b];[a]palettegen=stats_mode=single[p];[b][p]paletteuse=new=1\" -c:v gif -f gif -loop 0", null)
            : null,
    };

    static (string, string?)? Mp4(Ffmpeg ffmpeg, int width, int height)
    {
        // 4:2:0 has half the colour samples each way; the last row or column is repeated where the size is odd.
        bool odd = ((width | height) & 1) != 0;
        string pad = odd ? $"pad=ceil(iw/2)*2:ceil(ih/2)*2,fillborders=right={width & 1}:bottom={height & 1}:mode=smear," : "";
        string? notice = odd ? $"H.264 needs even sizes: {width}x{height} is stored as {width + (width & 1)}x{height + (height & 1)}, its last row or column repeated." : null;
        string common = $"-vf \"{pad}{Yuv420}\" {ColourTags} -movflags +faststart -f mp4";
        if (ffmpeg.Has("libx264"))
        {
            return ($"{common} -c:v libx264 -preset medium -crf 17", notice);
        }

        if (ffmpeg.Has("libopenh264"))
        {
            return ($"{common} -c:v libopenh264 -b:v {BitRate(width, height)}", Join(notice, "This ffmpeg has no libx264; libopenh264 is used instead."));
        }

        return ffmpeg.Has("mpeg4")
            ? ($"{common} -c:v mpeg4 -q:v 2", Join(notice, "This ffmpeg has no H.264 encoder; MPEG-4 Part 2 is used instead, which browsers do not play."))
            : null;
    }

    static (string, string?)? WebM(Ffmpeg ffmpeg)
    {
        string common = $"-vf \"{Yuv420}\" {ColourTags} -f webm -b:v 0";
        return ffmpeg.Has("libvpx-vp9") ? ($"{common} -c:v libvpx-vp9 -crf 22 -deadline good -cpu-used 4 -row-mt 1", null)
            : ffmpeg.Has("libvpx") ? ($"{common} -c:v libvpx -crf 8 -b:v 8M", "This ffmpeg has no VP9 encoder; VP8 is used instead.")
            : null;
    }

    // Generous: about a quarter of a bit for each pixel at 24 frames a second.
    static long BitRate(int width, int height) => Math.Max(1_000_000L, (long)width * height * 6);

    static string Join(string? first, string second) => first is null ? second : $"{first} {second}";
}
