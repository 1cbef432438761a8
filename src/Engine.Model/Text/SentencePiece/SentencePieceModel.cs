using System.Text;
using Engine.Kernels;

namespace Engine.Model.Text.SentencePiece;

/// <summary>What a piece of a vocabulary is for. Numbers are those of the file.</summary>
enum PieceType
{
    /// <summary>An ordinary piece of text.</summary>
    Normal = 1,

    /// <summary>Stands for text that no other piece covers.</summary>
    Unknown = 2,

    /// <summary>Marks such as the end of the text; never found in text.</summary>
    Control = 3,

    /// <summary>A piece that is always kept whole.</summary>
    UserDefined = 4,

    /// <summary>A piece that is not to be used.</summary>
    Unused = 5,

    /// <summary>One byte of a character that no piece covers.</summary>
    Byte = 6,
}

/// <summary>One entry of a vocabulary.</summary>
readonly record struct Piece(string Text, float Score, PieceType Type);

/// <summary>The content of a SentencePiece model file, read strictly.</summary>
/// <remarks>Fields are those of src/sentencepiece_model.proto, google/sentencepiece @ 273449044caa593c2fd7eb7550cb3ab2cff93f1a.</remarks>
sealed class SentencePieceModel
{
    /// <summary>Largest file that is read, bytes; the largest vocabularies in use take under a tenth of it.</summary>
    public const int MaxBytes = 32 << 20;

    /// <summary>Most pieces that are read, four times the largest vocabularies in use.</summary>
    public const int MaxPieces = 1 << 20;

    /// <summary>Longest piece that is read, in code units; trainers stop at a few dozen.</summary>
    public const int MaxPieceLength = 512;

    const int UnigramModelType = 1;

    static readonly UTF8Encoding s_strictUtf8 = new(false, throwOnInvalidBytes: true);

    readonly List<Piece> _pieces = [];

    SentencePieceModel()
    {
    }

    /// <summary>The vocabulary; a piece's id is its index.</summary>
    public IReadOnlyList<Piece> Pieces => _pieces;

    /// <summary>Ids of the pieces that are looked for in text (ordinary ones and those the user defined), by their text.</summary>
    public Dictionary<string, int> TextPieces { get; } = new(StringComparer.Ordinal);

    /// <summary>Length of the longest of <see cref="TextPieces"/>, in code units.</summary>
    public int LongestPiece { get; private set; }

    /// <summary>Id of an ordinary piece with the lowest score.</summary>
    public int WorstId { get; private set; } = -1;

    /// <summary>Highest score of an ordinary piece; never below the smallest normal number, as in the original.</summary>
    public float BestScore { get; private set; } = 1.17549435e-38f;

    /// <summary>Id of the piece that stands for unknown text.</summary>
    public int UnknownId { get; private set; } = -1;

    /// <summary>Id of the end mark.</summary>
    public int EndId { get; private set; } = 2;

    /// <summary>Ids of the byte pieces by byte, or null when unknown text is not spelt in bytes.</summary>
    public int[]? ByteIds { get; private set; }

    /// <summary>The rules that characters are rewritten by, as compiled; empty when there are none.</summary>
    public byte[] Charsmap { get; private set; } = [];

    /// <summary>True when a space is put before the text.</summary>
    public bool AddDummyPrefix { get; private set; } = true;

    /// <summary>True when runs of spaces count as one and those at the ends not at all.</summary>
    public bool RemoveExtraWhitespaces { get; private set; } = true;

    /// <summary>True when spaces are written as U+2581.</summary>
    public bool EscapeWhitespaces { get; private set; } = true;

    /// <summary>True when the added space follows the text.</summary>
    public bool TreatWhitespaceAsSuffix { get; private set; }

    /// <summary>Reads a model file.</summary>
    /// <exception cref="EngineException">The file cannot be read or is not a unigram model.</exception>
    public static SentencePieceModel Load(string path)
    {
        byte[] bytes;
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > MaxBytes)
            {
                throw new EngineException(ErrorKind.BadInput,
                    $"The tokenizer {path} has {file.Length} bytes; a SentencePiece model has at most {MaxBytes}.");
            }

            bytes = new byte[file.Length];
            file.ReadExactly(bytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new EngineException(ErrorKind.BadInput, $"The tokenizer {path} cannot be read: {e.Message}", e);
        }

        try
        {
            return Parse(bytes);
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            throw Unusable(path, e is FormatException ? e.Message : "a piece is not valid UTF-8", e);
        }
    }

    /// <summary>The error for a file that is not a model this engine can use.</summary>
    public static EngineException Unusable(string path, string why, Exception cause) =>
        new(ErrorKind.BadInput, $"The tokenizer {path} is not a usable SentencePiece unigram model: {why}.", cause);

    /// <summary>Reads a model from memory.</summary>
    /// <exception cref="FormatException">It is not a unigram model.</exception>
    /// <exception cref="DecoderFallbackException">A piece is not UTF-8.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> file)
    {
        var model = new SentencePieceModel();
        bool byteFallback = false;
        string endPiece = "</s>";
        var reader = new ProtoReader(file);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1 when model._pieces.Count == MaxPieces:
                    throw new FormatException($"it has more than {MaxPieces} pieces");
                case 1:
                    model._pieces.Add(ReadPiece(reader.Bytes));
                    break;
                case 2:
                    model.ReadTrainerSpec(reader.Bytes, ref byteFallback, ref endPiece);
                    break;
                case 3:
                    model.ReadNormalizerSpec(reader.Bytes);
                    break;
            }
        }

        model.Complete(byteFallback, endPiece);
        return model;
    }

    static Piece ReadPiece(ReadOnlySpan<byte> message)
    {
        string text = "";
        float score = 0;
        var type = PieceType.Normal;
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    text = s_strictUtf8.GetString(reader.Bytes);
                    break;
                case 2:
                    score = reader.Single;
                    break;
                case 3:
                    type = (PieceType)reader.Int32;
                    break;
            }
        }

        return type is >= PieceType.Normal and <= PieceType.Byte
            ? new Piece(text, score, type)
            : throw new FormatException($"the piece '{text}' has the unknown type {(int)type}");
    }

    void ReadTrainerSpec(ReadOnlySpan<byte> message, ref bool byteFallback, ref string endPiece)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 3 when reader.Int32 != UnigramModelType:
                    throw new FormatException($"its model type is {reader.Int32}, not unigram ({UnigramModelType})");
                case 24:
                    TreatWhitespaceAsSuffix = reader.Bool;
                    break;
                case 35:
                    byteFallback = reader.Bool;
                    break;
                case 42:
                    EndId = reader.Int32;
                    break;
                case 47:
                    endPiece = s_strictUtf8.GetString(reader.Bytes);
                    break;
            }
        }
    }

    void ReadNormalizerSpec(ReadOnlySpan<byte> message)
    {
        var reader = new ProtoReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 2:
                    Charsmap = reader.Bytes.ToArray();
                    break;
                case 3:
                    AddDummyPrefix = reader.Bool;
                    break;
                case 4:
                    RemoveExtraWhitespaces = reader.Bool;
                    break;
                case 5:
                    EscapeWhitespaces = reader.Bool;
                    break;
            }
        }
    }

    void Complete(bool byteFallback, string endPiece)
    {
        TextPieces.EnsureCapacity(_pieces.Count);
        var reserved = new Dictionary<string, int>(StringComparer.Ordinal);
        var unused = new HashSet<string>(StringComparer.Ordinal);
        for (int id = 0; id < _pieces.Count; id++)
        {
            var (text, score, type) = _pieces[id];
            if (text.Length is 0 or > MaxPieceLength || !float.IsFinite(score))
            {
                throw new FormatException($"piece {id} has no text, more than {MaxPieceLength} characters of it, or no finite score");
            }

            bool added = type switch
            {
                PieceType.Normal or PieceType.UserDefined => !unused.Contains(text) && TextPieces.TryAdd(text, id),
                PieceType.Unused => !TextPieces.ContainsKey(text) && unused.Add(text),
                _ => reserved.TryAdd(text, id),
            };
            if (!added)
            {
                throw new FormatException($"the piece '{text}' is there twice");
            }

            if (type == PieceType.Normal)
            {
                WorstId = WorstId < 0 || score < _pieces[WorstId].Score ? id : WorstId;
                BestScore = Math.Max(BestScore, score);
            }

            LongestPiece = Math.Max(LongestPiece, text.Length);
            if (type == PieceType.Unknown)
            {
                UnknownId = UnknownId < 0 ? id : throw new FormatException("it has two pieces for unknown text");
            }
        }

        if (UnknownId < 0 || WorstId < 0)
        {
            throw new FormatException("it has no piece for unknown text, or none for ordinary text");
        }

        EndId = reserved.TryGetValue(endPiece, out int end) ? end : EndId;
        if (EndId < 0 || EndId >= _pieces.Count)
        {
            throw new FormatException($"it has no end mark ({endPiece})");
        }

        ByteIds = byteFallback ? FindBytes(reserved) : null;
    }

    static int[] FindBytes(Dictionary<string, int> reserved)
    {
        var ids = new int[256];
        for (int value = 0; value < ids.Length; value++)
        {
            if (!reserved.TryGetValue($"<0x{value:X2}>", out ids[value]))
            {
                throw new FormatException($"it spells unknown text in bytes but lacks <0x{value:X2}>");
            }
        }

        return ids;
    }
}
