// The fields of ncsn_model_info, copied: nothing here points into the library.
using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>One thing that is known about a model.</summary>
    public sealed class Fact
    {
        /// <summary>What it is about: the metadata key without "ncsn.".</summary>
        public string Key { get; internal set; }

        /// <summary>The value as metadata spell it, e.g. "level_desc".</summary>
        public string Value { get; internal set; }

        /// <summary>Who said so.</summary>
        public FactSource Source { get; internal set; }
    }

    /// <summary>What a loaded model is.</summary>
    public sealed class ModelInfo
    {
        /// <summary>Shape of one sample, without the batch axis, e.g. {1, 28, 28}.</summary>
        public long[] Shape { get; }

        /// <summary>Number of floats in one sample: the product of Shape.</summary>
        public int ElementCount { get; }

        /// <summary>The ladder of noise levels, largest first. null when the model has none.</summary>
        public double[] Sigmas { get; }

        /// <summary>The largest noise level, or 0.</summary>
        public double SigmaMax { get; }

        /// <summary>The smallest noise level, or 0.</summary>
        public double SigmaMin { get; }

        /// <summary>Conditioning.</summary>
        public Conditioning Conditioning { get; }

        /// <summary>NetworkOutput.</summary>
        public NetworkOutput Output { get; }

        /// <summary>Number of classes; 0 for an unconditional model.</summary>
        public int ClassCount { get; }

        /// <summary>ValueRange.</summary>
        public ValueRange ValueRange { get; }

        /// <summary>Provider that runs the network (the first of the list that could be used); 0
        /// for a network of the caller's own.</summary>
        public Provider Provider { get; }

        /// <summary>Device number given to the provider.</summary>
        public int DeviceId { get; }

        /// <summary>Threads that ONNX Runtime may use inside one evaluation.</summary>
        public int IntraThreads { get; }

        /// <summary>The batch size that is fixed in the file, or 0 when the batch axis is dynamic (as
        /// it should be). A fixed batch works: the library pads.</summary>
        public int FixedBatch { get; }

        /// <summary>With Fallback.Allow: why the wanted provider is not in use. "" when it
        /// is.</summary>
        public string FallbackReason { get; }

        /// <summary>ONNX Runtime's version, e.g. "1.28.0". "" for a network of the caller's
        /// own.</summary>
        public string RuntimeVersion { get; }

        /// <summary>The file that ONNX Runtime was really loaded from.</summary>
        public string RuntimePath { get; }

        /// <summary>ncsn.description of the file, or "".</summary>
        public string Description { get; }

        /// <summary>ncsn.license of the file, or "".</summary>
        public string License { get; }

        /// <summary>Identifies the network's bytes and its contract; a saved run continues only on the
        /// same.</summary>
        public ulong Fingerprint { get; }

        /// <summary>InputScaling.</summary>
        public InputScaling InputScaling { get; }

        /// <summary>OffLadder.</summary>
        public OffLadder OffLadder { get; }

        /// <summary>The label that stands for "no class", or -1 when there is none.</summary>
        public long NullClass { get; }

        /// <summary>Standard deviation of the data, where output or input scaling use it; else
        /// 1.</summary>
        public double SigmaData { get; }

        /// <summary>Scale of the conditioning; 1 when not used.</summary>
        public double ConditioningScale { get; }

        /// <summary>Shift of the conditioning; 0 when not used.</summary>
        public double ConditioningShift { get; }

        /// <summary>The conditioning values of Conditioning.Table, LevelCount of them, or
        /// null.</summary>
        public double[] Table { get; }

        /// <summary>All that is known about the model, by name, with where each came from: metadata,
        /// graph, options or this library's defaults.</summary>
        public IList<Fact> Facts { get; }

        /// <summary>Number of weights in the file; 0 if unknown.</summary>
        public long ParameterCount { get; }

        /// <summary>What was done to the graph at load (see ModelOptions.GraphHelp), e.g. "5 Elu
        /// rewritten". "" where nothing was.</summary>
        public string GraphHelp { get; }

        internal ModelInfo(ncsn_model_info native)
        {
            Shape = new long[native.rank];
            Marshal.Copy(native.shape, Shape, 0, Shape.Length);
            int levels = checked((int)native.level_count);
            Sigmas = Doubles(native.sigmas, levels);
            Table = Doubles(native.table, levels);
            Facts = Array.ConvertAll(Layout.ReadArray<ncsn_fact>(native.facts, native.fact_count), one => new Fact
            {
                Key = Text.FromUtf8(one.key),
                Value = Text.FromUtf8(one.value),
                Source = (FactSource)one.source,
            });
            ElementCount = checked((int)native.element_count);
            SigmaMax = native.sigma_max;
            SigmaMin = native.sigma_min;
            Conditioning = (Conditioning)native.conditioning;
            Output = (NetworkOutput)native.output;
            ClassCount = checked((int)native.class_count);
            ValueRange = (ValueRange)native.value_range;
            Provider = (Provider)native.provider;
            DeviceId = native.device_id;
            IntraThreads = checked((int)native.intra_threads);
            FixedBatch = checked((int)native.fixed_batch);
            FallbackReason = Text.FromUtf8(native.fallback_reason);
            RuntimeVersion = Text.FromUtf8(native.runtime_version);
            RuntimePath = Text.FromUtf8(native.runtime_path);
            Description = Text.FromUtf8(native.description);
            License = Text.FromUtf8(native.license);
            Fingerprint = native.fingerprint;
            InputScaling = (InputScaling)native.input_scaling;
            OffLadder = (OffLadder)native.off_ladder;
            NullClass = native.null_class;
            SigmaData = native.sigma_data;
            ConditioningScale = native.conditioning_scale;
            ConditioningShift = native.conditioning_shift;
            ParameterCount = checked((long)native.parameter_count);
            GraphHelp = Text.FromUtf8(native.graph_help);
        }

        private static double[] Doubles(IntPtr from, int count)
        {
            if (from == IntPtr.Zero)
                return null;
            double[] numbers = new double[count];
            Marshal.Copy(from, numbers, 0, count);
            return numbers;
        }
    }
}
