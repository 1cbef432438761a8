using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;

namespace Engine.Model.Weights;

/// <summary>Interprets the few pickle instructions that <c>torch.save</c> writes for a dictionary of tensors.</summary>
/// <remarks>
/// A pickle is a program; this machine cannot run one. It builds numbers, strings, tuples, lists, dictionaries and tensors, and
/// <see cref="PickleCalls"/> names the only calls it knows. Every other instruction is refused by name.
/// </remarks>
ref struct PickleMachine
{
    static readonly object s_mark = new();

    readonly string _path;
    readonly ReadOnlySpan<byte> _code;
    readonly List<object?> _stack = [];
    readonly Dictionary<uint, object?> _memo = [];
    int _at;

    PickleMachine(string path, ReadOnlySpan<byte> code)
    {
        _path = path;
        _code = code;
    }

    /// <summary>Runs a pickle and returns what it leaves.</summary>
    /// <exception cref="WeightFileException">It is damaged, or does anything but describe tensors.</exception>
    public static object? Run(string path, ReadOnlySpan<byte> code) => new PickleMachine(path, code).Run();

    object? Run()
    {
        while (true)
        {
            int start = _at;
            byte op = Take(1)[0];
            if (op == '.')
            {
                object? result = Pop();
                return _stack.Count == 0 && _at == _code.Length ? result : throw Bad("it goes on after its end");
            }

            if (!Constant(op) && !Container(op) && !Memo(op) && !Call(op))
            {
                throw Bad($"the instruction {Name(op)} at byte {start} is not one that a dictionary of tensors needs");
            }
        }
    }

    bool Constant(byte op)
    {
        switch (op)
        {
            case 0x80: // PROTO
                byte protocol = Take(1)[0];
                if (protocol is < 2 or > 5)
                {
                    throw Bad($"it has protocol {protocol}; 2 to 5 are read");
                }

                return true;
            case 0x95: // FRAME
                Take(8);
                return true;
            case (byte)'N': // NONE
                return Push(null);
            case 0x88: // NEWTRUE
                return Push(true);
            case 0x89: // NEWFALSE
                return Push(false);
            case (byte)'K': // BININT1
                return Push((long)Take(1)[0]);
            case (byte)'M': // BININT2
                return Push((long)BinaryPrimitives.ReadUInt16LittleEndian(Take(2)));
            case (byte)'J': // BININT
                return Push((long)BinaryPrimitives.ReadInt32LittleEndian(Take(4)));
            case 0x8a: // LONG1
                return Push(Long(Take(Take(1)[0])));
            case (byte)'G': // BINFLOAT
                return Push(BinaryPrimitives.ReadDoubleBigEndian(Take(8)));
            case (byte)'X': // BINUNICODE
                return Push(Utf8Text(Take(BinaryPrimitives.ReadUInt32LittleEndian(Take(4)))));
            case 0x8c: // SHORT_BINUNICODE
                return Push(Utf8Text(Take(Take(1)[0])));
            default:
                return false;
        }
    }

    bool Container(byte op)
    {
        switch (op)
        {
            case (byte)'(': // MARK
                return Push(s_mark);
            case (byte)'}': // EMPTY_DICT
                return Push(new PickleDict());
            case (byte)']': // EMPTY_LIST
                return Push(new PickleList());
            case (byte)')': // EMPTY_TUPLE
                return Push(new PickleTuple([]));
            case (byte)'t': // TUPLE
                return Push(new PickleTuple(PopToMark()));
            case 0x85 or 0x86 or 0x87: // TUPLE1, TUPLE2, TUPLE3
                var items = new object?[op - 0x84];
                for (int i = items.Length - 1; i >= 0; i--)
                {
                    items[i] = Pop();
                }

                return Push(new PickleTuple(items));
            case (byte)'a': // APPEND
                object? item = Pop();
                Top<PickleList>("APPEND").Items.Add(item);
                return true;
            case (byte)'e': // APPENDS
                object?[] more = PopToMark();
                Top<PickleList>("APPENDS").Items.AddRange(more);
                return true;
            case (byte)'s': // SETITEM
                object? value = Pop();
                object? key = Pop();
                Set(Top<PickleDict>("SETITEM"), key, value);
                return true;
            case (byte)'u': // SETITEMS
                object?[] pairs = PopToMark();
                if (pairs.Length % 2 != 0)
                {
                    throw Bad("a dictionary has a key without a value");
                }

                var target = Top<PickleDict>("SETITEMS");
                for (int i = 0; i < pairs.Length; i += 2)
                {
                    Set(target, pairs[i], pairs[i + 1]);
                }

                return true;
            default:
                return false;
        }
    }

    bool Memo(byte op)
    {
        switch (op)
        {
            case (byte)'q': // BINPUT
                _memo[Take(1)[0]] = Peek();
                return true;
            case (byte)'r': // LONG_BINPUT
                _memo[BinaryPrimitives.ReadUInt32LittleEndian(Take(4))] = Peek();
                return true;
            case 0x94: // MEMOIZE
                _memo[(uint)_memo.Count] = Peek();
                return true;
            case (byte)'h': // BINGET
                return Push(Recall(Take(1)[0]));
            case (byte)'j': // LONG_BINGET
                return Push(Recall(BinaryPrimitives.ReadUInt32LittleEndian(Take(4))));
            default:
                return false;
        }
    }

    bool Call(byte op)
    {
        switch (op)
        {
            case (byte)'c': // GLOBAL
                string module = Line();
                return Push(Global(module, Line()));
            case 0x93: // STACK_GLOBAL
                object? name = Pop();
                return Push(Pop() is string where && name is string what ? Global(where, what) : throw Bad("a reference has no name"));
            case (byte)'Q': // BINPERSID
                return Push(PickleCalls.Storage(_path, Pop()));
            case (byte)'R': // REDUCE
                object? arguments = Pop();
                object? callee = Pop();
                return Push(callee is PickleGlobal global && arguments is PickleTuple tuple
                    ? PickleCalls.Call(_path, global, tuple.Items)
                    : throw Bad("it calls something that is no function"));
            case (byte)'b': // BUILD sets attributes; an OrderedDict of weights carries version numbers there, which are not needed.
                object? state = Pop();
                Top<PickleDict>("BUILD");
                return state is PickleDict ? true : throw Bad("BUILD sets something other than attributes");
            default:
                return false;
        }
    }

    PickleGlobal Global(string module, string name)
    {
        var global = new PickleGlobal(module, name);
        return PickleCalls.IsKnown(global) ? global : throw Bad($"it refers to {global}, which a dictionary of tensors does not need; nothing was run");
    }

    void Set(PickleDict target, object? key, object? value)
    {
        if (key is not string name)
        {
            throw Bad("a dictionary has a key that is not a string");
        }

        if (!target.Items.TryAdd(name, value))
        {
            throw Bad($"the key '{Printable.Text(name)}' occurs twice");
        }
    }

    bool Push(object? value)
    {
        _stack.Add(value);
        return true;
    }

    object? Pop()
    {
        object? top = Peek();
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    readonly object? Peek() => _stack.Count > 0 && _stack[^1] != s_mark ? _stack[^1] : throw Bad("it takes more from its stack than it put there");

    readonly T Top<T>(string op) => Peek() is T top ? top : throw Bad($"{op} is applied to something else than it is meant for");

    object?[] PopToMark()
    {
        int mark = _stack.LastIndexOf(s_mark);
        if (mark < 0)
        {
            throw Bad("it takes more from its stack than it put there");
        }

        object?[] items = [.. _stack[(mark + 1)..]];
        _stack.RemoveRange(mark, _stack.Count - mark);
        return items;
    }

    readonly object? Recall(uint index) => _memo.TryGetValue(index, out object? value) ? value : throw Bad($"it recalls {index}, which it never stored");

    ReadOnlySpan<byte> Take(uint count)
    {
        if (count > _code.Length - _at)
        {
            throw Bad("it is cut short");
        }

        var taken = _code.Slice(_at, (int)count);
        _at += (int)count;
        return taken;
    }

    string Line()
    {
        int length = _code[_at..].IndexOf((byte)'\n');
        if (length < 0)
        {
            throw Bad("it is cut short");
        }

        string line = Utf8Text(Take((uint)length));
        _at++;
        return line;
    }

    readonly string Utf8Text(ReadOnlySpan<byte> bytes) => Utf8.IsValid(bytes) ? Encoding.UTF8.GetString(bytes) : throw Bad("a string is not valid UTF-8");

    readonly long Long(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > 8)
        {
            throw Bad($"a whole number has {bytes.Length} bytes; at most 8 are read");
        }

        long value = 0;
        for (int i = bytes.Length - 1; i >= 0; i--)
        {
            value = (value << 8) | bytes[i];
        }

        // Two's complement of just as many bytes as there are.
        int unused = 64 - (8 * bytes.Length);
        return bytes.IsEmpty ? 0 : value << unused >> unused;
    }

    readonly WeightFileException Bad(string problem) => new(_path, $"this torch file cannot be read: {problem}.");

    static string Name(byte op) => op switch
    {
        (byte)'i' => "INST",
        (byte)'o' => "OBJ",
        0x81 => "NEWOBJ",
        0x92 => "NEWOBJ_EX",
        (byte)'P' => "PERSID",
        0x82 or 0x83 or 0x84 => "EXT",
        (byte)'0' => "POP",
        (byte)'1' => "POP_MARK",
        (byte)'2' => "DUP",
        (byte)'B' or (byte)'C' or 0x8e or 0x96 => "BYTES",
        _ => op is > 0x20 and < 0x7f ? $"'{(char)op}'" : $"0x{op:x2}",
    };
}
