using System.Text;
using Unigram = Microsoft.ML.Tokenizers.SentencePieceTokenizer;

namespace Engine.Model.Text.SentencePiece;

/// <summary>Cuts normalised text into the pieces with the highest total score.</summary>
/// <remarks>
/// The search is Microsoft.ML.Tokenizers'. Its version 2.0.1 crashes on models without a begin mark (id -1), is off by 255
/// where unknown characters are spelt in bytes, scores pieces the user defined by other means, does not return from doubled
/// spaces, and takes a second to index a vocabulary of 256,000 pieces. So it is given, for each text, only the pieces that
/// occur in it, without marks, bytes and rewriting, and text that is already normalised. It also compares totals in single
/// precision where the original compares in double, which decides how repeats such as "!!!!!!!" are cut: two orders of the
/// same pieces. <see cref="Settle"/> repeats the original's choice among those.
/// </remarks>
sealed class UnigramSegmenter(SentencePieceModel model)
{
    const float UnknownPenalty = 10;

    /// <summary>Ids of the pieces with their texts; an unknown piece is one character.</summary>
    /// <param name="text">Normalised text.</param>
    public List<(int Id, string Text)> Segment(string text)
    {
        var pieces = new List<(int Id, string Text)>();
        if (text.Length == 0)
        {
            return pieces;
        }

        int[] candidates = Candidates(text);
        using var stream = new MemoryStream(Simplify(candidates), writable: false);
        var unigram = Unigram.Create(stream, addBeginningOfSentence: false, addEndOfSentence: false, specialTokens: null);
        int at = 0;
        foreach (int index in unigram.EncodeToIds(text, addBeginningOfSentence: false, addEndOfSentence: false,
            considerPreTokenization: false, considerNormalization: false))
        {
            int id = candidates[index];
            string piece = id == model.UnknownId ? Rune.GetRuneAt(text, at).ToString() : model.Pieces[id].Text;
            pieces.Add((id, piece));
            at += piece.Length;
        }

        return Settle(text, pieces);
    }

    /// <summary>The unknown piece, the worst one (it sets the score of the unknown) and every piece that occurs in the text.</summary>
    int[] Candidates(string text)
    {
        var lookup = model.TextPieces.GetAlternateLookup<ReadOnlySpan<char>>();
        var found = new SortedSet<int> { model.WorstId };
        for (int start = 0; start < text.Length; start++)
        {
            int longest = Math.Min(model.LongestPiece, text.Length - start);
            for (int length = 1; length <= longest; length++)
            {
                if (lookup.TryGetValue(text.AsSpan(start, length), out int id))
                {
                    found.Add(id);
                }
            }
        }

        return [model.UnknownId, .. found];
    }

    /// <summary>The best order of the pieces found: the original's search, with its precision, over those pieces only.</summary>
    List<(int Id, string Text)> Settle(string text, List<(int Id, string Text)> found)
    {
        var known = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (id, piece) in found)
        {
            known[piece] = id;
        }

        int[] lengths = [.. known.Keys.Select(k => k.Length).Distinct().Order()];
        var lookup = known.GetAlternateLookup<ReadOnlySpan<char>>();

        // Start, id and total of the best piece that ends at each position.
        var ends = new (int Start, int Id, float Total)[text.Length + 1];
        Array.Fill(ends, (-1, -1, 0f));
        ends[0].Start = 0;
        for (int start = 0; start < text.Length; start++)
        {
            if (ends[start].Start < 0)
            {
                continue;
            }

            foreach (int length in lengths)
            {
                if (start + length > text.Length)
                {
                    break;
                }

                if (!lookup.TryGetValue(text.AsSpan(start, length), out int id))
                {
                    continue;
                }

                double total = Score(id) + ends[start].Total;
                ref var end = ref ends[start + length];
                if (end.Start < 0 || total > end.Total)
                {
                    end = (start, id, (float)total);
                }
            }
        }

        var settled = new List<(int Id, string Text)>(found.Count);
        for (int end = text.Length; end > 0; end = ends[end].Start)
        {
            settled.Add((ends[end].Id, text[ends[end].Start..end]));
        }

        settled.Reverse();
        return settled;
    }

    double Score(int id)
    {
        var piece = model.Pieces[id];
        return piece.Type switch
        {
            PieceType.Unknown => model.Pieces[model.WorstId].Score - UnknownPenalty,
            PieceType.UserDefined => UserDefinedScore(Encoding.UTF8.GetByteCount(piece.Text)),
            _ => piece.Score,
        };
    }

    // Pieces the user defined win over any others.
    double UserDefinedScore(int bytes) => (bytes * model.BestScore) - 0.1;

    /// <summary>A model file of some pieces as the library can take it: all of them ordinary, every mark the unknown one, no rewriting.</summary>
    byte[] Simplify(int[] ids)
    {
        var file = new ProtoWriter(ids.Length * 24);
        var part = new ProtoWriter();
        foreach (int id in ids)
        {
            var (text, _, type) = model.Pieces[id];
            part.Clear();
            part.Bytes(1, Encoding.UTF8.GetBytes(text));
            part.Single(2, (float)Score(id));
            part.Integer(3, (int)(type == PieceType.Unknown ? PieceType.Unknown : PieceType.Normal));
            file.Bytes(1, part.Written);
        }

        part.Clear();
        part.Integer(3, 1);
        foreach (int mark in (int[])[40, 41, 42])
        {
            part.Integer(mark, 0);
            part.Bytes(mark + 5, Encoding.UTF8.GetBytes(model.Pieces[ids[0]].Text));
        }

        part.Integer(43, -1);
        file.Bytes(2, part.Written);

        part.Clear();
        foreach (int flag in (int[])[3, 4, 5])
        {
            part.Integer(flag, 0);
        }

        file.Bytes(3, part.Written);
        return file.Written.ToArray();
    }
}
