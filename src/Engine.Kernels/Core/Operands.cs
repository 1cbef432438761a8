using System.Diagnostics.CodeAnalysis;

namespace Engine.Kernels;

/// <summary>Checks of operands, made at the front of every operation. Nothing is allocated unless one fails.</summary>
static class Operands
{
    /// <summary>Throws unless an extent is what it has to be.</summary>
    public static void Extent(string operation, string what, long expected, long actual)
    {
        if (expected != actual)
        {
            Throw($"{operation}: {what} is {actual}, expected {expected}.");
        }
    }

    /// <summary>Throws unless two tensors have the same number of rows and columns.</summary>
    public static void SameMatrix(string operation, string what, Tensor expected, Tensor actual)
    {
        if (expected.Rows != actual.Rows || expected.Columns != actual.Columns)
        {
            Throw($"{operation}: {what} is {actual.Shape}, expected {expected.Shape}.");
        }
    }

    /// <summary>Throws unless a table [U, C] has <paramref name="columns"/> columns and every row that <paramref name="rows"/> names.</summary>
    /// <param name="operation">Name of the operation, for the message.</param>
    /// <param name="what">Name of the table, for the message.</param>
    /// <param name="table">The table.</param>
    /// <param name="columns">Columns that it must have.</param>
    /// <param name="rows">Row of the table for each token; null means row 0 for all.</param>
    /// <param name="tokens">Tokens that the map must cover.</param>
    public static void Table(string operation, string what, Tensor table, int columns, RowMap? rows, int tokens)
    {
        if (table.Columns != columns)
        {
            Throw($"{operation}: {what} is {table.Columns} wide, expected {columns}.");
        }

        int needed = rows is null ? 1 : rows.Highest + 1;
        if (table.Rows < needed)
        {
            Throw($"{operation}: {what} has {table.Rows} rows, but row {needed - 1} is asked for.");
        }

        if (rows is not null)
        {
            Extent(operation, "length of the row map", tokens, rows.Count);
        }
    }

    [DoesNotReturn]
    static void Throw(string message) => throw new ArgumentException(message);
}
