// What native code calls. The trampolines are static and marked for ahead-of-time compilers (IL2CPP, Mono's
// full AOT), which cannot make such entries at run time; their delegates live as long as the process, so
// nothing that native code holds is ever collected. An exception of the caller's must not unwind through C: it is
// kept, the callback reports failure, and the call that returns because of it throws it again.
using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Threading;

namespace Ncsn
{
    /// <summary>Found by ahead-of-time compilers by its name; every engine defines its own.</summary>
    [AttributeUsage(AttributeTargets.Method)]
    internal sealed class MonoPInvokeCallbackAttribute : Attribute
    {
        internal MonoPInvokeCallbackAttribute(Type type) { }
    }

    /// <summary>The caller's delegates of one run or one call, and what went wrong in them.</summary>
    internal sealed class Hooks
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate int ProgressFn(IntPtr user, IntPtr now);

        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate int TensorFn(IntPtr user, IntPtr request, IntPtr floats);

        private static readonly ProgressFn ProgressEntry = OnProgress;
        private static readonly TensorFn NoiseEntry = OnNoise;
        private static readonly TensorFn GuideEntry = OnGuide;
        private static readonly IntPtr ProgressPointer = Marshal.GetFunctionPointerForDelegate(ProgressEntry);
        private static readonly IntPtr NoisePointer = Marshal.GetFunctionPointerForDelegate(NoiseEntry);
        private static readonly IntPtr GuidePointer = Marshal.GetFunctionPointerForDelegate(GuideEntry);

        [ThreadStatic]
        private static int depth;

        private readonly NoiseFunction noise;
        private readonly GuideFunction guide;
        private readonly IProgress<SamplingProgress> progress;
        private readonly CancellationToken token;
        private readonly bool floatSamples;
        private ncsn_interpolation strip;
        private Exception failure;
        // Chains of one run take turns, so its hooks can use the same arrays again.
        private float[] floats;
        private float[] chains;

        internal Hooks(SampleParameters parameters, IProgress<SamplingProgress> progress, CancellationToken token)
        {
            if (parameters.Noise != null && parameters.Interpolation != null)
                throw new ArgumentException("Noise and Interpolation are both set: each of them makes all the noise");
            noise = parameters.Noise;
            guide = parameters.Guide;
            if (parameters.Interpolation != null)
                strip = parameters.Interpolation.ToNative();
            this.progress = progress;
            this.token = token;
            floatSamples = parameters.IsFloat;
        }

        /// <summary>Whether this thread is inside a callback, where nothing may wait for a run to come to rest.</summary>
        internal static bool OnThisThread => depth > 0;

        /// <summary>Points parameters to the hooks that are set.</summary>
        internal void Attach(ref ncsn_sample_params native, IntPtr user)
        {
            if (progress != null || token.CanBeCanceled)
            {
                native.progress = ProgressPointer;
                native.progress_user = user;
            }
            if (noise != null || strip.struct_size != 0)
            {
                native.noise = NoisePointer;
                native.noise_user = user;
            }
            if (guide != null)
            {
                native.guide = GuidePointer;
                native.guide_user = user;
            }
        }

        /// <summary>Throws what a hook threw, as it was thrown.</summary>
        internal void Rethrow()
        {
            Exception thrown = failure;
            if (thrown != null)
                ExceptionDispatchInfo.Capture(thrown).Throw();
        }

        private static Hooks Of(IntPtr user)
        {
            return (Hooks)GCHandle.FromIntPtr(user).Target;
        }

        internal static void Enter()
        {
            depth++;
        }

        internal static void Leave()
        {
            depth--;
        }

        [MonoPInvokeCallback(typeof(ProgressFn))]
        private static int OnProgress(IntPtr user, IntPtr now)
        {
            Hooks hooks = Of(user);
            Enter();
            try
            {
                if (hooks.progress != null)
                    hooks.progress.Report(SamplingProgress.FromCallback(now, hooks.floatSamples));
                return hooks.token.IsCancellationRequested ? 1 : 0;
            }
            catch (Exception thrown)
            {
                hooks.failure = thrown;
                return 1;
            }
            finally
            {
                Leave();
            }
        }

        [MonoPInvokeCallback(typeof(TensorFn))]
        private static int OnNoise(IntPtr user, IntPtr request, IntPtr output)
        {
            Hooks hooks = Of(user);
            if (hooks.noise == null)
                return Native.ncsn_interpolated_noise(ref hooks.strip, request, output);
            Enter();
            try
            {
                NoiseRequest wanted = new NoiseRequest(
                    Layout.Read<ncsn_noise_request>(request));
                float[] floats = Sized(ref hooks.floats, wanted.FloatCount);
                hooks.noise(wanted, floats);
                Marshal.Copy(floats, 0, output, floats.Length);
                return 0;
            }
            catch (Exception thrown)
            {
                hooks.failure = thrown;
                return 1;
            }
            finally
            {
                Leave();
            }
        }

        [MonoPInvokeCallback(typeof(TensorFn))]
        private static int OnGuide(IntPtr user, IntPtr request, IntPtr score)
        {
            Hooks hooks = Of(user);
            Enter();
            try
            {
                var native = Layout.Read<ncsn_guide_request>(request);
                GuideRequest wanted = new GuideRequest(native);
                wanted.X = Sized(ref hooks.chains, wanted.FloatCount);
                float[] floats = Sized(ref hooks.floats, wanted.FloatCount);
                Marshal.Copy(native.x, wanted.X, 0, wanted.X.Length);
                Marshal.Copy(score, floats, 0, floats.Length);
                hooks.guide(wanted, floats);
                Marshal.Copy(floats, 0, score, floats.Length);
                return 0;
            }
            catch (Exception thrown)
            {
                hooks.failure = thrown;
                return 1;
            }
            finally
            {
                Leave();
            }
        }

        private static float[] Sized(ref float[] floats, int length)
        {
            if (floats == null || floats.Length != length)
                floats = new float[length];
            return floats;
        }
    }
}
