using System;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>
    /// A network of the caller's own: writes its output at <see cref="ScoreRequest.X"/>, the score unless
    /// <see cref="ModelOptions.Output"/> says otherwise, to the array. Called by whoever runs the chains, on several
    /// threads at once if several runs go on at once.
    /// </summary>
    public delegate void ScoreFunction(ScoreRequest request, float[] output);

    /// <summary>Where a score is wanted.</summary>
    public sealed class ScoreRequest
    {
        /// <summary>The samples, one after another.</summary>
        public float[] X { get; internal set; }

        /// <summary>Noise level.</summary>
        public double Sigma { get; internal set; }

        /// <summary>One label per sample, or null for a model without classes.</summary>
        public long[] Labels { get; internal set; }

        /// <summary>Number of samples.</summary>
        public int SampleCount { get; internal set; }
    }

    /// <summary>A score function as native code sees it.</summary>
    internal sealed class ScoreSource
    {
        [UnmanagedFunctionPointer(CallingConvention.Cdecl)]
        private delegate int ScoreFn(IntPtr user, IntPtr x, double sigma, IntPtr labels, uint count, IntPtr output);

        private static readonly ScoreFn Entry = OnScore;
        internal static readonly IntPtr Pointer = Marshal.GetFunctionPointerForDelegate(Entry);

        private readonly ScoreFunction function;
        private readonly int elements;
        private volatile Exception failure;

        internal ScoreSource(ScoreFunction function, int elements)
        {
            this.function = function;
            this.elements = elements;
        }

        /// <summary>Throws what the function threw last, if a call that it failed has not thrown it yet.</summary>
        internal void Rethrow()
        {
            Exception thrown = failure;
            failure = null;
            if (thrown != null)
                ExceptionDispatchInfo.Capture(thrown).Throw();
        }

        [MonoPInvokeCallback(typeof(ScoreFn))]
        private static int OnScore(IntPtr user, IntPtr x, double sigma, IntPtr labels, uint count, IntPtr output)
        {
            ScoreSource source = (ScoreSource)GCHandle.FromIntPtr(user).Target;
            Hooks.Enter();
            try
            {
                int floats = checked((int)count * source.elements);
                ScoreRequest request = new ScoreRequest { X = new float[floats], Sigma = sigma, SampleCount = (int)count };
                Marshal.Copy(x, request.X, 0, floats);
                if (labels != IntPtr.Zero)
                {
                    request.Labels = new long[count];
                    Marshal.Copy(labels, request.Labels, 0, (int)count);
                }
                float[] written = new float[floats];
                source.function(request, written);
                Marshal.Copy(written, 0, output, floats);
                return 0;
            }
            catch (Exception thrown)
            {
                source.failure = thrown;
                return 1;
            }
            finally
            {
                Hooks.Leave();
            }
        }
    }
}
