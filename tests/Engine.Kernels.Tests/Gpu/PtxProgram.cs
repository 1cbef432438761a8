using System.Globalization;
using System.Text.RegularExpressions;

namespace Engine.Kernels.Tests.Gpu;

/// <summary>One operand: a register, or a value known when the text was read. Addresses have an offset.</summary>
readonly record struct PtxOperand(int Register, ulong Value, long Offset = 0);

/// <summary>First word of an instruction.</summary>
enum PtxOp
{
    Other, Abs, Add, And, Bar, Bra, Cp, Cvt, Cvta, Div, Ex2, Fma, Ld, LdMatrix, Lg2, Mad, Max, Min, Mma, Mov, Mul, Neg, Not, Or, Prmt, Rcp, Rem, Ret,
    Selp, Setp, Shfl, Shl, Shr, Sqrt, St, Sub, Vote, Xor,
}

/// <summary>One instruction, decoded.</summary>
sealed class PtxInstruction
{
    public required string Opcode { get; init; }

    /// <summary>The opcode's words.</summary>
    public required string[] Parts { get; init; }

    public required PtxOp Op { get; init; }

    public required PtxOperand[][] Operands { get; init; }

    /// <summary>Register that decides whether it runs, or -1.</summary>
    public required int Predicate { get; init; }

    public required bool Negated { get; init; }

    /// <summary>Bits of the type named last.</summary>
    public required int Bits { get; init; }

    /// <summary>Bits of the result.</summary>
    public required int ResultBits { get; init; }

    /// <summary>True when the type named last is signed.</summary>
    public required bool Signed { get; init; }

    /// <summary>True when the type named last is f32.</summary>
    public required bool IsFloat { get; init; }

    /// <summary>True for products of twice the width.</summary>
    public required bool Wide { get; init; }

    /// <summary>Instruction that a branch goes to.</summary>
    public int Target { get; set; } = -1;

    /// <summary>First operand of a group.</summary>
    public PtxOperand this[int index] => Operands[index][0];

    public override string ToString() => $"{Opcode} {string.Join(", ", Operands.Select(o => string.Join(":", o.Select(p => p.Register >= 0 ? $"r{p.Register}" : $"{p.Value}"))))}";
}

/// <summary>A kernel's PTX, decoded for <see cref="PtxSim"/>.</summary>
sealed partial class PtxProgram
{
    readonly Dictionary<string, int> _registers = [];
    readonly Dictionary<string, int> _labels = [];
    readonly Dictionary<string, uint> _shared = [];
    readonly Dictionary<string, int> _parameters = [];

    public PtxProgram(string ptx, int dynamicShared)
    {
        ptx = Comment().Replace(ptx, "");
        int at = 0;
        foreach (Match m in Parameter().Matches(ptx))
        {
            int align = m.Groups[1].Success ? Int(m.Groups[1]) : Int(m.Groups[2]) / 8;
            int bytes = m.Groups[4].Success ? Int(m.Groups[4]) : Int(m.Groups[2]) / 8;
            at = (at + align - 1) / align * align;
            _parameters[m.Groups[3].Value] = at;
            ParameterOffsets.Add((at, bytes));
            at += bytes;
        }

        foreach (Match m in SharedArray().Matches(ptx))
        {
            uint align = (uint)Int(m.Groups[1]);
            SharedBytes = (int)((uint)(SharedBytes + align - 1) / align * align);
            _shared[m.Groups[2].Value] = (uint)SharedBytes;
            SharedBytes += Int(m.Groups[3]);
        }

        SharedBytes = (SharedBytes + 1023) & ~1023;
        _shared["__dyn_shared_alloca"] = (uint)SharedBytes;
        SharedBytes += dynamicShared;
        int body = ptx.IndexOf('{', ptx.IndexOf(".entry", StringComparison.Ordinal));
        foreach (string statement in ptx[(body + 1)..ptx.LastIndexOf('}')].Split(';'))
        {
            Read(statement.Trim());
        }

        foreach (var branch in Code.Where(i => i.Op == PtxOp.Bra))
        {
            branch.Target = _labels[_branchLabels[branch]];
        }
    }

    readonly Dictionary<PtxInstruction, string> _branchLabels = new(ReferenceEqualityComparer.Instance);

    public List<PtxInstruction> Code { get; } = [];

    /// <summary>Where each parameter lies, and its size, bytes.</summary>
    public List<(int Offset, int Bytes)> ParameterOffsets { get; } = [];

    public int SharedBytes { get; }

    public int Registers => _registers.Count;

    /// <summary>Number of a register, for those the machine sets.</summary>
    public int Register(string name)
    {
        if (!_registers.TryGetValue(name, out int index))
        {
            _registers[name] = index = _registers.Count;
        }

        return index;
    }

    void Read(string s)
    {
        while (true)
        {
            if (s.StartsWith('{') || s.StartsWith('}'))
            {
                s = s[1..].Trim();
            }
            else if (Label().Match(s) is { Success: true } label)
            {
                _labels[label.Groups[1].Value] = Code.Count;
                s = s[label.Length..].Trim();
            }
            else
            {
                break;
            }
        }

        if (s.Length == 0 || s.StartsWith('.'))
        {
            return;
        }

        int predicate = -1;
        bool negated = false;
        if (Guard().Match(s) is { Success: true } guard)
        {
            predicate = Register(guard.Groups[2].Value);
            negated = guard.Groups[1].Value == "!";
            s = s[guard.Length..];
        }

        int space = s.AsSpan().IndexOfAny(' ', '\t');
        string opcode = space < 0 ? s : s[..space];
        string[] arguments = space < 0 ? [] : [.. Argument().Matches(s[space..]).Select(m => m.Value)];
        string[] parts = opcode.Split('.');
        bool branch = parts[0] == "bra";
        string type = parts[^1];
        int bits = TypeBits().Match(type) is { Success: true } width ? Int(width.Groups[2]) : type == "pred" ? 1 : 32;
        var op = Enum.TryParse<PtxOp>(parts[0], ignoreCase: true, out var known) ? known : PtxOp.Other;
        bool wide = parts.Length > 1 && parts[1] == "wide";
        var instruction = new PtxInstruction
        {
            Opcode = opcode,
            Parts = parts,
            Op = op,
            Operands = branch ? [] : [.. arguments.Select(Operands)],
            Predicate = predicate,
            Negated = negated,
            Bits = bits,
            ResultBits = op == PtxOp.Setp ? 1 : op == PtxOp.Cvt || wide ? 64 : bits,
            Signed = type.StartsWith('s'),
            IsFloat = type == "f32",
            Wide = wide,
        };
        if (branch)
        {
            _branchLabels[instruction] = arguments[0];
        }

        Code.Add(instruction);
    }

    PtxOperand[] Operands(string text) => [.. text.Trim('{', '}').Split(',').Select(t => Operand(t.Trim()))];

    PtxOperand Operand(string text)
    {
        long offset = 0;
        bool address = text.StartsWith('[');
        if (address)
        {
            string[] sum = text.Trim('[', ']').Split('+');
            text = sum[0].Trim();
            offset = sum.Length > 1 ? long.Parse(sum[1], CultureInfo.InvariantCulture) : 0;
        }

        if (_parameters.TryGetValue(text, out int parameter))
        {
            return new PtxOperand(-1, (ulong)parameter, offset);
        }

        if (_shared.TryGetValue(text, out uint place))
        {
            return new PtxOperand(-1, place, offset);
        }

        if (text.StartsWith("0f", StringComparison.Ordinal) || text.StartsWith("0d", StringComparison.Ordinal) || text.StartsWith("0x", StringComparison.Ordinal))
        {
            return new PtxOperand(-1, Convert.ToUInt64(text[2..], 16), offset);
        }

        if (char.IsAsciiDigit(text[0]) || text[0] == '-')
        {
            return new PtxOperand(-1, text[0] == '-' ? (ulong)long.Parse(text, CultureInfo.InvariantCulture) : ulong.Parse(text, CultureInfo.InvariantCulture), offset);
        }

        return new PtxOperand(Register(text), 0, offset);
    }

    static int Int(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"//[^\n]*")]
    private static partial Regex Comment();

    [GeneratedRegex(@"\.param\s+(?:\.align (\d+) )?\.[a-z](\d+)\s+(\w+)(?:\[(\d+)\])?")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"(?<!extern )\.shared \.align (\d+) \.b8 (\w+)\[(\d+)\];")]
    private static partial Regex SharedArray();

    [GeneratedRegex(@"^([\w$]+):")]
    private static partial Regex Label();

    [GeneratedRegex(@"^@(!?)(%?\w+)\s+")]
    private static partial Regex Guard();

    [GeneratedRegex(@"\{[^}]*\}|\[[^\]]*\]|[^,\s]+")]
    private static partial Regex Argument();

    [GeneratedRegex(@"^([bsuf])(\d+)$")]
    private static partial Regex TypeBits();
}
