// The functions of ncsn.h, one to one. No signature holds a bool or a string, whose marshalling differs
// between runtimes: text crosses as UTF-8 in byte arrays (Text), callbacks as the IntPtr of a delegate that
// lives for ever (Hooks).
using System;
using System.Runtime.InteropServices;

namespace Ncsn
{
    internal static class Native
    {
        private const string Library = "ncsn";
        private const CallingConvention C = CallingConvention.Cdecl;

        [DllImport(Library, CallingConvention = C)]
        internal static extern uint ncsn_abi_version();

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr ncsn_version();

        [DllImport(Library, CallingConvention = C)]
        internal static extern IntPtr ncsn_status_name(int status);

        [DllImport(Library, CallingConvention = C)]
        internal static extern UIntPtr ncsn_last_error(byte[] buffer, UIntPtr capacity);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_set_log(IntPtr callback, IntPtr user, int maxLevel);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_model_options_init(out ncsn_model_options options, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_create(byte[] path, ref ncsn_model_options options, out ModelHandle model);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_create_from_memory(
            byte[] bytes, UIntPtr size, ref ncsn_model_options options, out ModelHandle model);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_create_from_callback(
            ref ncsn_score_source source, ref ncsn_model_options options, out ModelHandle model);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void ncsn_destroy(IntPtr model);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_get_info(ModelHandle model, ref ncsn_model_info info);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_sample_params_init(
            ModelHandle model, out ncsn_sample_params parameters, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_output_size(
            ModelHandle model, ref ncsn_sample_params parameters, out UIntPtr bytes);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_estimate_memory(
            ModelHandle model, ref ncsn_sample_params parameters, ref ncsn_memory estimate);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_sample(
            ModelHandle model, ref ncsn_sample_params parameters, IntPtr output, UIntPtr outputBytes);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_begin(
            ModelHandle model, ref ncsn_sample_params parameters, out RunHandle run);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_step(
            RunHandle run, uint maxSteps, ulong budgetMicroseconds, ref ncsn_progress now);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_start(RunHandle run);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_poll(RunHandle run, ref ncsn_progress now);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_wait(RunHandle run, ulong timeoutMicroseconds);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void ncsn_run_cancel(RunHandle run);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_read(RunHandle run, int what, IntPtr output, UIntPtr outputBytes);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_output_size(RunHandle run, out UIntPtr bytes);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_save(RunHandle run, byte[] buffer, UIntPtr capacity, out UIntPtr needed);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_load(ModelHandle model, byte[] buffer, UIntPtr size, out RunHandle run);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_run_set_hooks(RunHandle run, ref ncsn_sample_params parameters);

        [DllImport(Library, CallingConvention = C)]
        internal static extern UIntPtr ncsn_run_error(RunHandle run, byte[] buffer, UIntPtr capacity);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void ncsn_run_free(IntPtr run);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_interpolated_noise(ref ncsn_interpolation strip, IntPtr request, IntPtr output);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_fill_noise(ulong seed, ref ncsn_noise_request request, IntPtr output);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_evaluate_params_init(out ncsn_evaluate_params parameters, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_evaluate(
            ModelHandle model, ref ncsn_evaluate_params parameters, IntPtr levels, UIntPtr levelCapacity,
            ref ncsn_evaluation evaluation);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_validate_params_init(out ncsn_validate_params parameters, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_validate(
            ModelHandle model, ref ncsn_validate_params parameters, out ValidationHandle validation);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_validation_get(ValidationHandle validation, ref ncsn_validation_info info);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void ncsn_validation_free(IntPtr validation);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_tune_params_init(out ncsn_tune_params parameters, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_tune(
            byte[] path, ref ncsn_model_options options, ref ncsn_tune_params parameters, out TuningHandle tuning);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_tune_from_memory(
            byte[] bytes, UIntPtr size, ref ncsn_model_options options, ref ncsn_tune_params parameters,
            out TuningHandle tuning);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_tuning_get(TuningHandle tuning, ref ncsn_tuning_info info);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_tuning_model_options(TuningHandle tuning, ref ncsn_model_options options);

        [DllImport(Library, CallingConvention = C)]
        internal static extern void ncsn_tuning_free(IntPtr tuning);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_recommend_params_init(out ncsn_recommend_params parameters, uint structSize);

        [DllImport(Library, CallingConvention = C)]
        internal static extern int ncsn_recommend(
            ref ncsn_recommend_params parameters, double[] sigmas, UIntPtr sigmaCapacity,
            ref ncsn_recommendation recommendation);
    }
}
