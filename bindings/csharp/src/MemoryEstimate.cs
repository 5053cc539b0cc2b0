namespace Ncsn
{
    /// <summary>Memory for sampling, in bytes: an upper bound, in which the code of the libraries and the buffer for
    /// the samples have no part.</summary>
    public sealed class MemoryEstimate
    {
        /// <summary>All of what follows.</summary>
        public long TotalBytes { get; }

        /// <summary>The network's weights, as often as they are held.</summary>
        public long WeightsBytes { get; }

        /// <summary>What the network's evaluations use at a time beside them.</summary>
        public long EvaluationBytes { get; }

        /// <summary>The run: chains, what the sampler remembers of them, previews.</summary>
        public long RunBytes { get; }

        /// <summary>Samples that are evaluated at a time, on all threads.</summary>
        public long RowsAtOnce { get; }

        internal MemoryEstimate(ncsn_memory native)
        {
            TotalBytes = checked((long)native.total_bytes);
            WeightsBytes = checked((long)native.weights_bytes);
            EvaluationBytes = checked((long)native.evaluation_bytes);
            RunBytes = checked((long)native.run_bytes);
            RowsAtOnce = checked((long)native.rows_at_once);
        }
    }
}
