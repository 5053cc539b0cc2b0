// The structs of ncsn.h as they lie in memory, under their names there; the tests compare every offset with
// tests/abi/layout.txt. Pointers are IntPtr, so that the assembly needs no unsafe code (a Unity asmdef allows
// none by default), and nothing is a bool or a string, so that all of them are passed without marshalling.
using System;
using System.Runtime.InteropServices;

namespace Ncsn
{
    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_provider_option
    {
        public int provider;
        public uint reserved;
        public IntPtr key;
        public IntPtr value;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_aux_input
    {
        public IntPtr name;
        public double value;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_model_options
    {
        public uint struct_size;
        public int fallback;
        public IntPtr runtime_path;
        public IntPtr providers;
        public UIntPtr provider_count;
        public IntPtr provider_options;
        public UIntPtr provider_option_count;
        public int device_id;
        public uint intra_threads;
        public int spinning;
        public int selfcheck;
        public uint row_multiple;
        public int conditioning;
        public double conditioning_scale;
        public double conditioning_shift;
        public int output;
        public int value_range;
        public IntPtr sigmas;
        public UIntPtr sigma_count;
        public double sigma_data;
        public uint class_count;
        public int off_ladder;
        public IntPtr shape;
        public UIntPtr shape_rank;
        public IntPtr input_name;
        public IntPtr conditioning_name;
        public IntPtr class_name;
        public IntPtr output_name;
        public int input_scaling;
        public int first_channels;
        public IntPtr table;
        public UIntPtr table_count;
        public IntPtr aux_inputs;
        public UIntPtr aux_input_count;
        public IntPtr null_class;
        public int graph_help;
        public uint reserved;
        public IntPtr graph_cache_dir;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_score_source
    {
        public uint struct_size;
        public uint rank;
        public IntPtr shape;
        public IntPtr user;
        public IntPtr score;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_fact
    {
        public IntPtr key;
        public IntPtr value;
        public int source;
        public uint reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_model_info
    {
        public uint struct_size;
        public uint rank;
        public IntPtr shape;
        public UIntPtr element_count;
        public IntPtr sigmas;
        public UIntPtr level_count;
        public double sigma_max;
        public double sigma_min;
        public int conditioning;
        public int output;
        public uint class_count;
        public int value_range;
        public int provider;
        public int device_id;
        public uint intra_threads;
        public uint fixed_batch;
        public IntPtr fallback_reason;
        public IntPtr runtime_version;
        public IntPtr runtime_path;
        public IntPtr description;
        public IntPtr license;
        public ulong fingerprint;
        public int input_scaling;
        public int off_ladder;
        public long null_class;
        public double sigma_data;
        public double conditioning_scale;
        public double conditioning_shift;
        public IntPtr table;
        public IntPtr facts;
        public UIntPtr fact_count;
        public ulong parameter_count;
        public IntPtr graph_help;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_progress
    {
        public uint struct_size;
        public int phase;
        public uint level;
        public uint level_count;
        public uint step;
        public uint steps_per_level;
        public ulong nfe_done;
        public ulong nfe_total;
        public ulong calls_done;
        public ulong calls_total;
        public double sigma;
        public double score_norm;
        public double update_norm;
        public double elapsed_seconds;
        public double remaining_seconds;
        public IntPtr preview;
        public UIntPtr preview_bytes;
        public double call_seconds;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_noise_request
    {
        public uint struct_size;
        public int purpose;
        public uint level;
        public uint step;
        public ulong first_sample;
        public uint sample_count;
        public uint reserved;
        public UIntPtr elements_per_sample;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_guide_request
    {
        public uint struct_size;
        public int purpose;
        public uint level;
        public uint step;
        public ulong first_sample;
        public uint sample_count;
        public uint reserved;
        public UIntPtr elements_per_sample;
        public double sigma;
        public IntPtr x;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_sample_params
    {
        public uint struct_size;
        public int sampler;
        public ulong seed;
        public ulong first_sample;
        public uint sample_count;
        public uint batch_size;
        public int schedule;
        public uint level_count;
        public double sigma_max;
        public double sigma_min;
        public double rho;
        public IntPtr sigmas;
        public UIntPtr sigma_count;
        public uint steps_per_level;
        public int step_convention;
        public double step_size;
        public int denoise;
        public int init_kind;
        public IntPtr init;
        public UIntPtr init_count;
        public uint start_level;
        public int output_format;
        public UIntPtr row_pitch;
        public IntPtr labels;
        public UIntPtr label_count;
        public double guidance_scale;
        public IntPtr known;
        public IntPtr mask;
        public UIntPtr known_count;
        public double snr;
        public uint corrector_steps;
        public int preview_kind;
        public double churn;
        public double churn_min;
        public double churn_max;
        public double churn_noise;
        public double rtol;
        public double atol;
        public uint preview_every;
        public uint reserved;
        public IntPtr progress;
        public IntPtr progress_user;
        public IntPtr noise;
        public IntPtr noise_user;
        public IntPtr guide;
        public IntPtr guide_user;
        public int predictor;
        public int corrector_norm;
        public uint nfe_budget;
        public uint resample_steps;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_evaluate_params
    {
        public uint struct_size;
        public int objective;
        public ulong seed;
        public IntPtr data;
        public UIntPtr data_count;
        public IntPtr labels;
        public UIntPtr label_count;
        public IntPtr sigmas;
        public UIntPtr sigma_count;
        public uint max_levels;
        public uint directions;
        public double difference;
        public IntPtr target;
        public uint batch_size;
        public uint reserved;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_level_loss
    {
        public double sigma;
        public double loss;
        public double standard_error;
        public double weighted;
        public double difference_error;
        public ulong count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_evaluation
    {
        public uint struct_size;
        public int exact_trace;
        public double total;
        public double total_error;
        public UIntPtr level_count;
        public ulong evaluations;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_validate_params
    {
        public uint struct_size;
        public uint max_levels;
        public ulong seed;
        public IntPtr data;
        public UIntPtr data_count;
        public IntPtr labels;
        public UIntPtr label_count;
        public uint max_samples;
        public uint batch_size;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_level_check
    {
        public uint level;
        public uint reserved;
        public double sigma;
        public double slope;
        public double slope_error;
        public double raw_slope;
        public double r2;
        public double loss;
        public double loss_error;
        public double zero_loss;
        public ulong count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_suggestion
    {
        public IntPtr key;
        public IntPtr value;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_finding
    {
        public int check;
        public int severity;
        public IntPtr text;
        public IntPtr suggestions;
        public UIntPtr suggestion_count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_validation_info
    {
        public uint struct_size;
        public int passed;
        public int with_data;
        public uint reserved;
        public IntPtr levels;
        public UIntPtr level_count;
        public IntPtr findings;
        public UIntPtr finding_count;
        public IntPtr report;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_tune_params
    {
        public uint struct_size;
        public uint batch_size;
        public double max_error;
        public double seconds;
        public uint max_levels;
        public int cache;
        public ulong seed;
        public IntPtr cache_dir;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_tuning_row
    {
        public IntPtr candidate;
        public IntPtr reason;
        public int verdict;
        public uint reserved;
        public double seconds;
        public double ratio;
        public double error;
        public double sigma;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_tuning_info
    {
        public uint struct_size;
        public uint batch_size;
        public IntPtr rows;
        public UIntPtr row_count;
        public UIntPtr chosen;
        public double max_error;
        public uint rounds;
        public int complete;
        public int from_cache;
        public uint reserved;
        public IntPtr cache_file;
        public IntPtr report;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_recommend_params
    {
        public uint struct_size;
        public uint steps_per_level;
        public UIntPtr dimension;
        public double diameter;
        public IntPtr data;
        public UIntPtr data_count;
        public double sigma_min;
        public double coverage;
        public UIntPtr level_count;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_recommended_step
    {
        public double kappa;
        public double epsilon_half;
        public double epsilon_full;
        public double variance_ratio;
        public double accumulated_ratio;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_recommendation
    {
        public uint struct_size;
        public int exact_diameter;
        public double diameter;
        public double gamma;
        public double ratio;
        public double coverage;
        public UIntPtr level_count;
        public ulong evaluations;
        public ncsn_recommended_step step;
        public ncsn_recommended_step accumulated_step;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_memory
    {
        public uint struct_size;
        public uint reserved;
        public ulong total_bytes;
        public ulong weights_bytes;
        public ulong evaluation_bytes;
        public ulong run_bytes;
        public ulong rows_at_once;
    }

    [StructLayout(LayoutKind.Sequential)]
    internal struct ncsn_interpolation
    {
        public uint struct_size;
        public uint sample_count;
        public ulong from_seed;
        public ulong from_sample;
        public ulong to_seed;
        public ulong to_sample;
    }
}
