using System.Text;
using Engine.Kernels;
using Engine.Model.Text.SentencePiece;

namespace Engine.Model.Text;

/// <summary>Turns text into the ids of a SentencePiece unigram vocabulary, as the original does.</summary>
/// <remarks>
/// Normalised by the model's own rules, cut into the best pieces (Microsoft.ML.Tokenizers), then unknown characters are
/// spelt in bytes, or runs of them merged into one id. Thread-safe.
/// </remarks>
public sealed class SentencePieceTokenizer
{
    readonly SentencePieceModel _model;
    readonly TextNormalizer _normalizer;
    readonly UnigramSegmenter _segmenter;

    SentencePieceTokenizer(SentencePieceModel model)
    {
        _model = model;
        _normalizer = new TextNormalizer(model);
        _segmenter = new UnigramSegmenter(model);
    }

    /// <summary>Number of ids.</summary>
    public int VocabSize => _model.Pieces.Count;

    /// <summary>Id of the end mark, <c>&lt;/s&gt;</c>.</summary>
    public int EndId => _model.EndId;

    /// <summary>Reads a <c>spiece.model</c> file.</summary>
    /// <exception cref="EngineException">The file cannot be read, is not a unigram model, or has no end mark.</exception>
    public static SentencePieceTokenizer Load(string path)
    {
        return Make(path, SentencePieceModel.Load(path));
    }

    /// <summary>Reads a SentencePiece model that lies inside another file.</summary>
    /// <param name="path">That file, for messages.</param>
    /// <param name="bytes">The model.</param>
    /// <exception cref="EngineException">It is not a unigram model, or has no end mark.</exception>
    public static SentencePieceTokenizer Read(string path, ReadOnlySpan<byte> bytes)
    {
        try
        {
            return Make(path, SentencePieceModel.Parse(bytes));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw SentencePieceModel.Unusable(path, e is FormatException ? e.Message : "a piece is not valid UTF-8", e);
        }
    }

    static SentencePieceTokenizer Make(string path, SentencePieceModel model)
    {
        try
        {
            return new SentencePieceTokenizer(model);
        }
        catch (FormatException e)
        {
            throw SentencePieceModel.Unusable(path, e.Message, e);
        }
    }

    /// <summary>The ids of a text, cut to <paramref name="maxLength"/> - 1, and the end mark.</summary>
    /// <param name="text">Any text; clean prompts with <see cref="PromptCleaner"/> first.</param>
    /// <param name="maxLength">Most ids to return, the end mark included; 1 or more.</param>
    public int[] Encode(string text, int maxLength)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 1);
        var ids = new List<int>();
        Span<byte> spelling = stackalloc byte[4];
        bool afterUnknown = false;
        foreach (var (id, piece) in _segmenter.Segment(_normalizer.Normalize(text)))
        {
            bool unknown = id == _model.UnknownId;
            if (unknown && _model.ByteIds is { } bytes)
            {
                foreach (byte b in spelling[..Encoding.UTF8.GetBytes(piece, spelling)])
                {
                    ids.Add(bytes[b]);
                }
            }
            else if (!(unknown && afterUnknown))
            {
                ids.Add(id);
            }

            afterUnknown = unknown;
        }

        return [.. ids.Take(maxLength - 1), EndId];
    }
}
