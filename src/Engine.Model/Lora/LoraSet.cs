using Engine.Kernels;
using Engine.Model.Transformer;
using Engine.Model.Weights;

namespace Engine.Model.Lora;

/// <summary>The LoRAs of one transformer, open and matched; it must outlive the loading of the transformer, and a streamed one's life.</summary>
public sealed class LoraSet : IWeightChanges, IDisposable
{
    // A list of every key says no more than its beginning.
    const int MostListed = 12;

    readonly List<IWeightSource> _sources = [];
    readonly Dictionary<string, List<WeightChange>> _changes = new(StringComparer.Ordinal);
    readonly LoraMode _mode;

    LoraSet(LoraMode mode) => _mode = mode;

    /// <summary>What each file changes, in the order given.</summary>
    public IReadOnlyList<LoraFile> Files { get; private set; } = [];

    IReadOnlyCollection<string> IWeightChanges.Names => _changes.Keys;

    /// <summary>Opens files and matches them with a transformer; those of strength 0 are looked at and left out.</summary>
    /// <param name="specs">The files.</param>
    /// <param name="config">Sizes of the transformer.</param>
    /// <param name="second">True for the low-noise one of two.</param>
    /// <param name="mode">What becomes of them.</param>
    /// <param name="allowUnmatched">Leave out tensors that fit nothing instead of refusing the file.</param>
    /// <exception cref="WeightFileException">A file cannot be read, nothing of it fits, or a part does not and that is not allowed.</exception>
    public static LoraSet Open(IReadOnlyList<LoraSpec> specs, TransformerConfig config, bool second, LoraMode mode, bool allowUnmatched)
    {
        var set = new LoraSet(mode);
        try
        {
            var targets = new LoraTargets(config);
            var files = new List<LoraFile>();
            foreach (var spec in specs)
            {
                var source = WeightFiles.Open(spec.Path);
                set._sources.Add(source);
                var file = new LoraFile(spec, source, targets, second);
                files.Add(file);
                Require(file, allowUnmatched);
                if (spec.Strength != 0)
                {
                    foreach (var (name, change) in file.Changes)
                    {
                        (set._changes.TryGetValue(name, out var list) ? list : set._changes[name] = []).Add(change);
                    }
                }
            }

            set.Files = files;
            return set;
        }
        catch
        {
            set.Dispose();
            throw;
        }
    }

    IReadOnlyList<WeightChange> IWeightChanges.Of(string name) => _changes.TryGetValue(name, out var list) ? list : [];

    bool IWeightChanges.Merges(DType stored, bool streamed) => _mode switch
    {
        LoraMode.Merge => true,
        LoraMode.Apart => false,
        _ => !streamed && (stored is DType.F32 or DType.BF16 or DType.F16),
    };

    /// <summary>Closes the files.</summary>
    public void Dispose() => _sources.ForEach(source => source.Dispose());

    static void Require(LoraFile file, bool allowUnmatched)
    {
        // A file may have parts for the other of two transformers only.
        if (file.Matched == 0 && !file.IsForTheOther)
        {
            string example = file.Unmatched.Count > 0 ? $"; its first is {file.Unmatched[0]}" : "";
            throw new WeightFileException(file.Path, $"nothing of this LoRA fits the transformer, of {file.Unmatched.Count} tensors{example}. It was made for another model.");
        }

        if (file.Unmatched.Count > 0 && !allowUnmatched)
        {
            string listed = string.Concat(file.Unmatched.Take(MostListed).Select(name => $"\n  {name}"));
            string more = file.Unmatched.Count > MostListed ? $"\n  and {file.Unmatched.Count - MostListed} more" : "";
            throw new WeightFileException(
                file.Path, $"{file.Unmatched.Count} tensors of this LoRA fit nothing in the transformer ({file.Matched} do); allow unmatched ones to leave them out:{listed}{more}");
        }
    }
}
