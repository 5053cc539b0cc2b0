using System;
using System.Runtime.InteropServices;

namespace Ncsn
{
    /// <summary>Where a run is.</summary>
    public sealed class SamplingProgress
    {
        /// <summary>Phase.</summary>
        public Phase Phase { get; }

        /// <summary>Level of the latest evaluation, 0 = largest sigma.</summary>
        public int Level { get; }

        /// <summary>Number of levels.</summary>
        public int LevelCount { get; }

        /// <summary>Step of the latest evaluation within its level, from 0.</summary>
        public int Step { get; }

        /// <summary>Steps per level.</summary>
        public int StepsPerLevel { get; }

        /// <summary>Network evaluations that every chain has completed (NFE as papers count
        /// it).</summary>
        public long NfeDone { get; }

        /// <summary>Network evaluations that every chain will have had at the end.</summary>
        public long NfeTotal { get; }

        /// <summary>Evaluations of micro-batches done: what moves the finest progress bar.</summary>
        public long CallsDone { get; }

        /// <summary>Evaluations of micro-batches in all.</summary>
        public long CallsTotal { get; }

        /// <summary>Noise level of the latest evaluation.</summary>
        public double Sigma { get; }

        /// <summary>Euclidean norm of the score, root mean square over the chains of the latest
        /// step.</summary>
        public double ScoreNorm { get; }

        /// <summary>Euclidean norm of the update, root mean square over the chains of the latest
        /// step.</summary>
        public double UpdateNorm { get; }

        /// <summary>Seconds spent inside this run's calls.</summary>
        public double ElapsedSeconds { get; }

        /// <summary>Estimate of the seconds still needed, from the calls so far. 0 before the
        /// first.</summary>
        public double RemainingSeconds { get; }

        /// <summary>Estimate of the seconds that the next evaluation of a micro-batch takes, from the
        /// latest ones: how far Run.Step can exceed its budget. 0 before the first.</summary>
        public double CallSeconds { get; }

        /// <summary>
        /// All samples as they are, in the output format: a float[] or a byte[]. Null unless
        /// <see cref="SampleParameters.PreviewEvery"/> says that it is time for one.
        /// </summary>
        public Array Preview { get; internal set; }

        /// <summary>From 0 to 1, what a progress bar shows.</summary>
        public double Fraction => CallsTotal == 0 ? 0 : (double)CallsDone / CallsTotal;

        internal SamplingProgress(ref ncsn_progress native)
        {
            Phase = (Phase)native.phase;
            Level = (int)native.level;
            LevelCount = (int)native.level_count;
            Step = (int)native.step;
            StepsPerLevel = (int)native.steps_per_level;
            NfeDone = (long)native.nfe_done;
            NfeTotal = (long)native.nfe_total;
            CallsDone = (long)native.calls_done;
            CallsTotal = (long)native.calls_total;
            Sigma = native.sigma;
            ScoreNorm = native.score_norm;
            UpdateNorm = native.update_norm;
            ElapsedSeconds = native.elapsed_seconds;
            RemainingSeconds = native.remaining_seconds;
            CallSeconds = native.call_seconds;
        }

        internal static SamplingProgress FromCallback(IntPtr now, bool floats)
        {
            var native = Layout.Read<ncsn_progress>(now);
            var progress = new SamplingProgress(ref native);
            if (native.preview != IntPtr.Zero)
            {
                int bytes = checked((int)native.preview_bytes);
                if (floats)
                {
                    float[] preview = new float[bytes / sizeof(float)];
                    Marshal.Copy(native.preview, preview, 0, preview.Length);
                    progress.Preview = preview;
                }
                else
                {
                    byte[] preview = new byte[bytes];
                    Marshal.Copy(native.preview, preview, 0, preview.Length);
                    progress.Preview = preview;
                }
            }
            return progress;
        }
    }
}
