using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>How to tune. Zero and null: the library's default, unless said otherwise.</summary>
    public sealed class TuneParameters
    {
        /// <summary>Samples evaluated at once; 0: as many as a sampler takes unless it is told.</summary>
        public int BatchSize { get; set; }

        /// <summary>The largest error of the score that is accepted: relative, root mean square, at the worst level.
        /// Null: 1e-4, which single precision keeps and no lower one does.</summary>
        public double? MaxError { get; set; }

        /// <summary>About how long it may take, in seconds; 0: 20.</summary>
        public double Seconds { get; set; }

        /// <summary>At most this many of the model's levels; 0: all. Null: 6.</summary>
        public int? MaxLevels { get; set; }

        /// <summary>Seed of the noise.</summary>
        public ulong Seed { get; set; }

        /// <summary>What to do with the file of earlier results. 0: TuneCache.Use.</summary>
        public TuneCache Cache { get; set; }

        /// <summary>The folder of such files; null: the environment variable NCSN_CACHE_DIR, or ncsn in the user's
        /// folder for caches.</summary>
        public string CacheDirectory { get; set; }

        internal ncsn_tune_params ToNative(Pins pins)
        {
            ncsn_tune_params native;
            Guard.Call(Native.ncsn_tune_params_init(out native, Layout.Size<ncsn_tune_params>()));
            native.batch_size = Guard.Count(BatchSize, nameof(BatchSize));
            native.max_error = MaxError ?? native.max_error;
            native.seconds = Seconds == 0 ? native.seconds : Seconds;
            native.max_levels = MaxLevels == null ? native.max_levels : Guard.Count(MaxLevels.Value, nameof(MaxLevels));
            native.seed = Seed;
            native.cache = (int)Cache;
            native.cache_dir = pins.Text(CacheDirectory, nameof(CacheDirectory));
            return native;
        }
    }

    /// <summary>One way to run a network. Numbers are null where they were not measured.</summary>
    public sealed class TuningRow
    {
        /// <summary>What it is, e.g. "OpenVINO f32, 2 threads".</summary>
        public string Candidate { get; }

        /// <summary>What became of it.</summary>
        public TuneVerdict Verdict { get; }

        /// <summary>Why it failed or was not tried, or "".</summary>
        public string Reason { get; }

        /// <summary>Seconds for one evaluation of the batch.</summary>
        public double? Seconds { get; }

        /// <summary>The same relative to the first row.</summary>
        public double? Ratio { get; }

        /// <summary>The error at the worst level.</summary>
        public double? Error { get; }

        /// <summary>That level's sigma.</summary>
        public double? Sigma { get; }

        internal TuningRow(ncsn_tuning_row native)
        {
            Candidate = Text.FromUtf8(native.candidate);
            Verdict = (TuneVerdict)native.verdict;
            Reason = Text.FromUtf8(native.reason);
            Seconds = Measured(native.seconds);
            Ratio = Measured(native.ratio);
            Error = Measured(native.error);
            Sigma = Measured(native.sigma);
        }

        private static double? Measured(double value)
        {
            return value < 0 ? (double?)null : value;
        }
    }

    /// <summary>Which engine runs a network fastest without losing accuracy, by trying those there are.</summary>
    public sealed class Tuning
    {
        private readonly Provider[] providers;
        private readonly ProviderOption[] providerOptions;
        private readonly int intraThreads;
        private readonly GraphHelp graphHelp;

        /// <summary>What was tried. The first is the model as the options would have opened it.</summary>
        public IList<TuningRow> Rows { get; }

        /// <summary>Index of the chosen row.</summary>
        public int Chosen { get; }

        /// <summary>The samples of a batch.</summary>
        public int BatchSize { get; }

        /// <summary>How often each was timed; 0: the time was up before.</summary>
        public int Rounds { get; }

        /// <summary>Whether the time sufficed to try all of them, and for three rounds.</summary>
        public bool Complete { get; }

        /// <summary>Whether this is an earlier result.</summary>
        public bool FromCache { get; }

        /// <summary>The file that has the result, or "".</summary>
        public string CacheFile { get; }

        /// <summary>All rows as a table to print, and what was chosen.</summary>
        public string Report { get; }

        private delegate int Tune(ref ncsn_model_options options, ref ncsn_tune_params parameters, out TuningHandle found);

        private Tuning(ModelOptions options, TuneParameters parameters, Tune tune)
        {
            using (Pins pins = new Pins())
            {
                ncsn_model_options native = (options ?? new ModelOptions()).ToNative(pins);
                ncsn_tune_params asked = (parameters ?? new TuneParameters()).ToNative(pins);
                TuningHandle found;
                Guard.Call(tune(ref native, ref asked, out found));
                using (found)
                {
                    var info = new ncsn_tuning_info { struct_size = Layout.Size<ncsn_tuning_info>() };
                    Guard.Call(Native.ncsn_tuning_get(found, ref info));
                    Guard.Call(Native.ncsn_tuning_model_options(found, ref native));
                    Rows = Array.ConvertAll(
                        Layout.ReadArray<ncsn_tuning_row>(info.rows, info.row_count), row => new TuningRow(row));
                    Chosen = checked((int)info.chosen);
                    BatchSize = checked((int)info.batch_size);
                    Rounds = checked((int)info.rounds);
                    Complete = info.complete != 0;
                    FromCache = info.from_cache != 0;
                    CacheFile = Text.FromUtf8(info.cache_file);
                    Report = Text.FromUtf8(info.report);
                    var numbers = new int[checked((int)native.provider_count)];
                    if (numbers.Length > 0)
                        Marshal.Copy(native.providers, numbers, 0, numbers.Length);
                    providers = Array.ConvertAll(numbers, one => (Provider)one);
                    providerOptions = Array.ConvertAll(
                        Layout.ReadArray<ncsn_provider_option>(native.provider_options, native.provider_option_count),
                        one => new ProviderOption
                        {
                            Provider = (Provider)one.provider,
                            Key = Text.FromUtf8(one.key),
                            Value = Text.FromUtf8(one.value),
                        });
                    intraThreads = checked((int)native.intra_threads);
                    graphHelp = (GraphHelp)native.graph_help;
                }
            }
        }

        /// <summary>
        /// Tries the providers, numbers of threads and precisions that there are on the network of an ONNX file, and
        /// chooses the fastest whose scores are as accurate as asked. It blocks for 20 seconds at most, or as long as
        /// the parameters say; an earlier result is taken from a file at once.
        /// </summary>
        /// <param name="path">The file.</param>
        /// <param name="options">Those that the model is to be opened with; they bound the search.</param>
        /// <param name="parameters">How to tune; null: the defaults.</param>
        public static Tuning Of(string path, ModelOptions options = null, TuneParameters parameters = null)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            byte[] utf8 = Text.ToUtf8(path, nameof(path));
            return new Tuning(options, parameters,
                (ref ncsn_model_options native, ref ncsn_tune_params asked, out TuningHandle found) =>
                    Native.ncsn_tune(utf8, ref native, ref asked, out found));
        }

        /// <summary>The same for the bytes of an ONNX file.</summary>
        public static Tuning Of(byte[] bytes, ModelOptions options = null, TuneParameters parameters = null)
        {
            if (bytes == null)
                throw new ArgumentNullException(nameof(bytes));
            return new Tuning(options, parameters,
                (ref ncsn_model_options native, ref ncsn_tune_params asked, out TuningHandle found) =>
                    Native.ncsn_tune_from_memory(bytes, Pins.Length(bytes), ref native, ref asked, out found));
        }

        /// <summary>Sets what was chosen in these options, for Model.Open, and returns them.</summary>
        public ModelOptions Apply(ModelOptions options = null)
        {
            options = options ?? new ModelOptions();
            options.Providers = providers.Length == 0 ? null : (Provider[])providers.Clone();
            options.ProviderOptions = providerOptions.Length == 0 ? null : new List<ProviderOption>(providerOptions);
            options.IntraThreads = intraThreads;
            options.GraphHelp = graphHelp;
            return options;
        }
    }
}
