// The fields of ncsn_model_options, by their names there.
using System;
using System.Collections.Generic;

namespace Ncsn
{
    /// <summary>One option for one execution provider, passed through to ONNX Runtime untouched.</summary>
    public sealed class ProviderOption
    {
        /// <summary>Which provider it is for.</summary>
        public Provider Provider { get; set; }

        /// <summary>Name, e.g. "trt_engine_cache_path".</summary>
        public string Key { get; set; }

        /// <summary>Value.</summary>
        public string Value { get; set; }
    }

    /// <summary>
    /// How to load a model: where ONNX Runtime is, what runs the network, and whatever the file's metadata do not
    /// say, or say wrong. Zero and null: from the file.
    /// </summary>
    public sealed class ModelOptions
    {
        /// <summary>Fallback.Error (default) or Fallback.Allow.</summary>
        public Fallback Fallback { get; set; }

        /// <summary>Path of ONNX Runtime's shared library, UTF-8. null: search, in this order, the
        /// environment variables NCSN_ORT_PATH and ORT_DYLIB_PATH, then the folder that libncsn itself
        /// is in. System folders are never searched. One process uses one ONNX Runtime: once loaded,
        /// another path is Status.ErrState.</summary>
        public string RuntimePath { get; set; }

        /// <summary>Execution providers in order of preference (Provider). null: CPU. A provider
        /// listed here must work (see fallback) and parts of the network that none of the listed ones
        /// can run are an error, unless Provider.Cpu is listed too.</summary>
        public Provider[] Providers { get; set; }

        /// <summary>Options passed through to the providers. May be null.</summary>
        public IList<ProviderOption> ProviderOptions { get; set; }

        /// <summary>Which device of the provider (GPU number). Default 0.</summary>
        public int DeviceId { get; set; }

        /// <summary>Threads that ONNX Runtime may use inside one evaluation; 0: as many as this process
        /// may use.</summary>
        public int IntraThreads { get; set; }

        /// <summary>Whether threads inside operators spin while they wait, which gains a tenth on a machine
        /// that does nothing else and loses much on one that does.</summary>
        public Spinning Spinning { get; set; }

        /// <summary>True: when the file carries a self-check vector (ncsn.selfcheck), run it at load and
        /// fail with Status.ErrModel if the runtime does not reproduce it. 0 (default): do
        /// not.</summary>
        public bool Selfcheck { get; set; }

        /// <summary>Every evaluation is padded to a multiple of this many samples. Some kernels round
        /// differently when the number of rows is not a multiple of 4; with 4 here samples are bit-
        /// identical over batch sizes for such networks too. 0 (default): 4 for samples of rank 1, 1
        /// for images and everything larger.</summary>
        public int RowMultiple { get; set; }

        /// <summary>Conditioning. This and all fields below override the metadata of the file; 0
        /// or null: take it from the metadata (key ncsn.conditioning).</summary>
        public Conditioning Conditioning { get; set; }

        /// <summary>Scale of Conditioning.AffineLog and Conditioning.TimeScaled
        /// (ncsn.conditioning_scale).</summary>
        public double ConditioningScale { get; set; }

        /// <summary>Shift of Conditioning.AffineLog (ncsn.conditioning_shift).</summary>
        public double ConditioningShift { get; set; }

        /// <summary>NetworkOutput: what the network returns (ncsn.output).</summary>
        public NetworkOutput Output { get; set; }

        /// <summary>ValueRange: the range of the data (ncsn.range).</summary>
        public ValueRange ValueRange { get; set; }

        /// <summary>The ladder of noise levels, largest first, all positive (ncsn.sigmas).</summary>
        public double[] Sigmas { get; set; }

        /// <summary>Standard deviation of the data (ncsn.sigma_data): needed by NetworkOutput.EdmRaw
        /// and InputScaling.SigmaData, 1 when not said for NetworkOutput.V.</summary>
        public double SigmaData { get; set; }

        /// <summary>Number of classes (ncsn.classes) of a network with a class input: labels, int64 or
        /// int32 [B], or one-hot floats [B, classes].</summary>
        public int ClassCount { get; set; }

        /// <summary>OffLadder: sigmas an index-conditioned network was not trained
        /// for.</summary>
        public OffLadder OffLadder { get; set; }

        /// <summary>Shape of one sample, without the batch axis (ncsn.shape). Needed only when the file
        /// leaves these axes dynamic.</summary>
        public long[] Shape { get; set; }

        /// <summary>Name of the graph's input for x. null: found by rank and type.</summary>
        public string InputName { get; set; }

        /// <summary>Name of the graph's conditioning input. null: the other input.</summary>
        public string ConditioningName { get; set; }

        /// <summary>Name of the graph's class input. null: found by type, shape and name once
        /// ClassCount (or ncsn.classes) says that there are classes.</summary>
        public string ClassName { get; set; }

        /// <summary>Name of the graph's output. null: the only one, or the only one shaped like
        /// x.</summary>
        public string OutputName { get; set; }

        /// <summary>InputScaling: what x is multiplied with before the network sees it
        /// (ncsn.input_scaling). Default: SIGMA_DATA for NetworkOutput.EdmRaw and V, else
        /// NONE.</summary>
        public InputScaling InputScaling { get; set; }

        /// <summary>True: the output has more channels than x and the first ones are the estimate, the
        /// others a variance (ncsn.first_channels). Such an output is Status.ErrShape
        /// otherwise.</summary>
        public bool FirstChannels { get; set; }

        /// <summary>The conditioning value of each level, largest level first, for Conditioning.Table
        /// (ncsn.table).</summary>
        public double[] Table { get; set; }

        /// <summary>Further inputs of the graph, each filled with one number (ncsn.aux). May be
        /// null.</summary>
        public IDictionary<string, double> AuxInputs { get; set; }

        /// <summary>The label that stands for "no class" (ncsn.null_class): one of the
        /// labels, or the one after the last (for one-hot inputs a row of zeros). null: the file's, if
        /// it has one.</summary>
        public long? NullClass { get; set; }

        /// <summary>GraphHelp.On (default) or GraphHelp.Off. On the CPU a model's graph is edited in
        /// memory when it is loaded: activations that ONNX Runtime computes slowly (Elu, Selu, Softplus)
        /// are spelt in operators that it computes fast, each within 2e-6, and what depends on the noise
        /// level alone is evaluated once per level. Samples with it and without it differ in their last
        /// digits; a saved run can be loaded with either. ModelInfo.GraphHelp says what was
        /// done.</summary>
        public GraphHelp GraphHelp { get; set; }

        /// <summary>A folder where graphs are kept as ONNX Runtime has prepared them for this CPU, so that a
        /// model that was created before is created in less time; made if it is not there. Each model adds
        /// files of about its own size, which nobody removes. Null (default): nothing is kept.</summary>
        public string GraphCacheDir { get; set; }

        internal ncsn_model_options ToNative(Pins pins)
        {
            ncsn_model_options native;
            Guard.Call(Native.ncsn_model_options_init(out native, Layout.Size<ncsn_model_options>()));
            native.fallback = (int)Fallback;
            native.runtime_path = pins.Text(RuntimePath, nameof(RuntimePath));
            native.graph_cache_dir = pins.Text(GraphCacheDir, nameof(GraphCacheDir));
            native.device_id = DeviceId;
            native.intra_threads = Guard.Count(IntraThreads, nameof(IntraThreads));
            native.spinning = (int)Spinning;
            native.selfcheck = Selfcheck ? 1 : 0;
            native.row_multiple = Guard.Count(RowMultiple, nameof(RowMultiple));
            native.conditioning = (int)Conditioning;
            native.conditioning_scale = ConditioningScale;
            native.conditioning_shift = ConditioningShift;
            native.output = (int)Output;
            native.value_range = (int)ValueRange;
            native.sigmas = pins.Array(Sigmas);
            native.sigma_count = Pins.Length(Sigmas);
            native.sigma_data = SigmaData;
            native.class_count = Guard.Count(ClassCount, nameof(ClassCount));
            native.off_ladder = (int)OffLadder;
            native.shape = pins.Array(Shape);
            native.shape_rank = Pins.Length(Shape);
            native.input_name = pins.Text(InputName, nameof(InputName));
            native.conditioning_name = pins.Text(ConditioningName, nameof(ConditioningName));
            native.class_name = pins.Text(ClassName, nameof(ClassName));
            native.output_name = pins.Text(OutputName, nameof(OutputName));
            native.input_scaling = (int)InputScaling;
            native.first_channels = FirstChannels ? 1 : 0;
            native.graph_help = (int)GraphHelp;
            native.table = pins.Array(Table);
            native.table_count = Pins.Length(Table);
            if (Providers != null)
            {
                int[] providers = Array.ConvertAll(Providers, one => (int)one);
                native.providers = pins.Array(providers);
                native.provider_count = Pins.Length(providers);
            }
            if (ProviderOptions != null)
            {
                var options = new ncsn_provider_option[ProviderOptions.Count];
                for (int k = 0; k < options.Length; k++)
                {
                    options[k].provider = (int)ProviderOptions[k].Provider;
                    options[k].key = pins.Text(ProviderOptions[k].Key, nameof(ProviderOptions));
                    options[k].value = pins.Text(ProviderOptions[k].Value, nameof(ProviderOptions));
                }
                native.provider_options = pins.Array(options);
                native.provider_option_count = Pins.Length(options);
            }
            if (AuxInputs != null)
            {
                var inputs = new ncsn_aux_input[AuxInputs.Count];
                int k = 0;
                foreach (KeyValuePair<string, double> input in AuxInputs)
                {
                    inputs[k].name = pins.Text(input.Key, nameof(AuxInputs));
                    inputs[k++].value = input.Value;
                }
                native.aux_inputs = pins.Array(inputs);
                native.aux_input_count = Pins.Length(inputs);
            }
            if (NullClass != null)
                native.null_class = pins.Array(new[] { NullClass.Value });
            return native;
        }
    }
}
