namespace Engine.Runtime.Pipelines;

/// <summary>One part of a model (encoder, transformer, decoder): read when first needed, shared by jobs, released when told to.</summary>
sealed class Part<T>(Func<CancellationToken, T> load) : IDisposable
    where T : class, IDisposable
{
    readonly Lock _lock = new();
    T? _value;
    int _users;

    /// <summary>True when its weights are in memory.</summary>
    public bool IsLoaded
    {
        get
        {
            lock (_lock)
            {
                return _value is not null;
            }
        }
    }

    /// <summary>Reads the part unless it is in memory; it stays there at least until the lease is disposed.</summary>
    /// <param name="cancel">Stops the reading of a large part.</param>
    public Lease Rent(CancellationToken cancel = default)
    {
        lock (_lock)
        {
            _value ??= load(cancel);
            _users++;
            return new Lease(this, _value);
        }
    }

    /// <summary>Frees the weights unless another job is using them.</summary>
    public void Release()
    {
        lock (_lock)
        {
            if (_users == 0)
            {
                _value?.Dispose();
                _value = null;
            }
        }
    }

    /// <summary>Frees the weights.</summary>
    public void Dispose() => Release();

    /// <summary>Keeps a part in memory.</summary>
    public sealed class Lease : IDisposable
    {
        readonly Part<T> _part;
        bool _ended;

        internal Lease(Part<T> part, T value) => (_part, Value) = (part, value);

        /// <summary>The part.</summary>
        public T Value { get; }

        /// <summary>Ends the use.</summary>
        public void Dispose()
        {
            lock (_part._lock)
            {
                if (!_ended)
                {
                    _ended = true;
                    _part._users--;
                }
            }
        }
    }
}
