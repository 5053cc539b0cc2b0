using System;
using System.Threading;
using System.Threading.Tasks;

namespace Ncsn
{
    /// <summary>Where a run is.</summary>
    public enum RunState
    {
        /// <summary>There is more to do.</summary>
        Pending = 1,

        /// <summary>The samples are ready.</summary>
        Done = 0,

        /// <summary>It was cancelled and has come to rest; its state can be read and saved.</summary>
        Cancelled = 2,
    }

    /// <summary>
    /// A batch of chains in progress: step it within a time budget from a loop of yours, or start it in the background
    /// and poll it. Poll, Read, Save and Cancel may be called from any thread; Step and Start from one at a time.
    /// </summary>
    public sealed class Run : IDisposable
    {
        private static readonly SampleParameters Unknown = new SampleParameters();

        private readonly Model model;
        private readonly RunHandle handle;
        private readonly Hooks hooks;
        // Null for a run that was loaded without its parameters: the caller knows.
        private readonly bool? floatSamples;
        private readonly long outputBytes;

        private Run(Model model, RunHandle handle, Lease lease, SampleParameters parameters)
        {
            handle.Hooks = lease;
            handle.Source = model.Source?.Share();
            this.handle = handle;
            this.model = model;
            hooks = (Hooks)lease.Target;
            floatSamples = ReferenceEquals(parameters, Unknown) ? (bool?)null : parameters.IsFloat;
            UIntPtr bytes;
            Guard.Call(Native.ncsn_run_output_size(handle, out bytes));
            outputBytes = checked((long)bytes);
        }

        internal static Run Begin(Model model, SampleParameters parameters)
        {
            if (parameters == null)
                throw new ArgumentNullException(nameof(parameters));
            return Make(model, parameters, (ref ncsn_sample_params native, out RunHandle handle) =>
                Native.ncsn_run_begin(model.Handle, ref native, out handle));
        }

        internal static Run Load(Model model, byte[] saved, SampleParameters parameters)
        {
            if (saved == null)
                throw new ArgumentNullException(nameof(saved));
            return Make(model, parameters ?? Unknown, (ref ncsn_sample_params native, out RunHandle handle) =>
            {
                int status = Native.ncsn_run_load(model.Handle, saved, Pins.Length(saved), out handle);
                return status < 0 ? status : Native.ncsn_run_set_hooks(handle, ref native);
            });
        }

        private delegate int Maker(ref ncsn_sample_params parameters, out RunHandle run);

        private static Run Make(Model model, SampleParameters parameters, Maker make)
        {
            var hooks = new Hooks(parameters, null, CancellationToken.None);
            var lease = new Lease(hooks);
            RunHandle handle = null;
            try
            {
                using (Pins pins = new Pins())
                {
                    ncsn_sample_params native = model.Prepare(parameters, pins);
                    hooks.Attach(ref native, lease.Pointer);
                    Guard.Call(make(ref native, out handle));
                }
                return new Run(model, handle, lease, parameters);
            }
            catch
            {
                if (handle == null || handle.Hooks == null)
                {
                    handle?.Dispose();
                    lease.Release();
                }
                else
                {
                    handle.Dispose();
                }
                throw;
            }
        }

        private RunHandle Handle
        {
            get
            {
                if (handle.IsClosed)
                    throw new ObjectDisposedException(nameof(Run));
                return handle;
            }
        }

        /// <summary>Goes on to the end, on this thread.</summary>
        public RunState Step()
        {
            return Step(0, TimeSpan.Zero);
        }

        /// <summary>
        /// Goes on until so many steps of all chains are complete, the next evaluation is not expected to fit into the
        /// budget, or it is done; zero is no limit. At least one evaluation happens.
        /// </summary>
        /// <exception cref="NcsnStateException">Another thread steps it, or it goes on in the background.</exception>
        public RunState Step(int maxSteps, TimeSpan budget = default(TimeSpan))
        {
            if (budget < TimeSpan.Zero)
                throw new ArgumentOutOfRangeException(nameof(budget), budget, "must not be negative");
            uint steps = Guard.Count(maxSteps, nameof(maxSteps));
            ncsn_progress now = Blank();
            // A budget of less than a microsecond is a budget, not the absence of one.
            ulong microseconds = (ulong)((budget.Ticks + 9) / 10);
            int status = Native.ncsn_run_step(Handle, steps, microseconds, ref now);
            if (status < 0)
                Fail(status, Text.Fetch(Native.ncsn_last_error));
            return (RunState)status;
        }

        /// <summary>Goes on to the end on a thread of the library's own, and returns at once.</summary>
        /// <exception cref="NcsnStateException">It goes on already, or another thread steps it.</exception>
        public void Start()
        {
            Shutdown.Watch(Handle);
            Guard.Call(Native.ncsn_run_start(Handle));
        }

        /// <summary>Where the run is, without waiting for it and without garbage.</summary>
        /// <exception cref="NcsnException">Its background thread has ended with this error.</exception>
        public RunState Poll()
        {
            ncsn_progress now = Blank();
            return Poll(ref now);
        }

        /// <summary>Where the run is, with the details.</summary>
        public RunState Poll(out SamplingProgress progress)
        {
            ncsn_progress now = Blank();
            RunState state = Poll(ref now);
            progress = new SamplingProgress(ref now);
            return state;
        }

        private RunState Poll(ref ncsn_progress now)
        {
            return Checked(Native.ncsn_run_poll(Handle, ref now));
        }

        /// <summary>Waits until a run that was started has come to rest.</summary>
        public RunState Wait()
        {
            return Checked(Native.ncsn_run_wait(Handle, 0));
        }

        /// <summary>Waits, at most so long; Pending when the time is over.</summary>
        public RunState Wait(TimeSpan timeout)
        {
            if (timeout == Timeout.InfiniteTimeSpan)
                return Wait();
            if (timeout < TimeSpan.Zero)
                throw new ArgumentOutOfRangeException(nameof(timeout), timeout, "must not be negative");
            return Checked(Native.ncsn_run_wait(Handle, (ulong)Math.Max(timeout.Ticks / 10, 1)));
        }

        private RunState Checked(int status)
        {
            if (status < 0)
            {
                string text = Text.Fetch((buffer, capacity) => Native.ncsn_run_error(Handle, buffer, capacity));
                Fail(status, text.Length > 0 ? text : Text.Fetch(Native.ncsn_last_error));
            }
            return (RunState)status;
        }

        private void Fail(int status, string text)
        {
            if (status == (int)Status.ErrCallback)
            {
                hooks.Rethrow();
                model.Rethrow(status);
            }
            throw Guard.Error((Status)status, text);
        }

        /// <summary>Cancels: seen before the next evaluation. From any thread; harmless when disposed.</summary>
        public void Cancel()
        {
            bool held = false;
            try
            {
                handle.DangerousAddRef(ref held);
                Native.ncsn_run_cancel(handle);
            }
            catch (ObjectDisposedException)
            {
                // Disposing has cancelled it.
            }
            finally
            {
                if (held)
                    handle.DangerousRelease();
            }
        }

        /// <summary>
        /// The samples, or the chains as they are now, or the latest denoised estimate. Also while the run goes on in the
        /// background; it waits for no evaluation.
        /// </summary>
        /// <exception cref="NcsnStateException">The samples are not ready, or there is no estimate yet.</exception>
        public float[] Read(ReadKind what = ReadKind.Sample)
        {
            float[] samples = new float[Size(true) / sizeof(float)];
            ReadInto(what, samples);
            return samples;
        }

        /// <summary>As <see cref="Read(ReadKind)"/>, 8-bit pixels.</summary>
        public byte[] ReadBytes(ReadKind what = ReadKind.Sample)
        {
            byte[] samples = new byte[Size(false)];
            ReadInto(what, samples);
            return samples;
        }

        /// <summary>Reads into an array of the caller's, without garbage.</summary>
        public void Read(ReadKind what, float[] into)
        {
            ReadChecked(what, into);
        }

        /// <summary>Reads 8-bit pixels into an array of the caller's, without garbage: into a texture's bytes.</summary>
        public void ReadBytes(ReadKind what, byte[] into)
        {
            ReadChecked(what, into);
        }

        private void ReadChecked(ReadKind what, Array into)
        {
            if (into == null)
                throw new ArgumentNullException(nameof(into));
            Size(into is float[]);
            ReadInto(what, into);
        }

        private long Size(bool floats)
        {
            if (floatSamples != null && floats != floatSamples)
                throw new ArgumentException(floatSamples.Value
                    ? "the run's OutputFormat is F32Nchw, which is floats: use a float[]"
                    : "the run's OutputFormat is 8-bit: use a byte[] and the calls named Bytes");
            return outputBytes;
        }

        internal void ReadInto(ReadKind what, Array into)
        {
            using (Pins pins = new Pins())
                Guard.Call(Native.ncsn_run_read(
                    Handle, (int)what, pins.Array(into), (UIntPtr)Buffer.ByteLength(into)));
        }

        /// <summary>The run as bytes, from which <see cref="Model.Load"/> continues it. Also while it goes on.</summary>
        public byte[] Save()
        {
            UIntPtr needed;
            Guard.Call(Native.ncsn_run_save(Handle, null, UIntPtr.Zero, out needed));
            byte[] saved = new byte[checked((int)needed)];
            Guard.Call(Native.ncsn_run_save(Handle, saved, needed, out needed));
            return saved;
        }

        /// <summary>Reports progress until the run is at rest, which is then told by <see cref="Poll()"/>.</summary>
        internal async Task FollowAsync(SampleParameters parameters, IProgress<SamplingProgress> progress)
        {
            long told = -1;
            long previewed = 0;
            for (int delay = 1;; delay = Math.Min(2 * delay, 16))
            {
                ncsn_progress now = Blank();
                RunState state = Poll(ref now);
                if (progress != null && (long)now.calls_done != told)
                {
                    told = (long)now.calls_done;
                    var report = new SamplingProgress(ref now);
                    if (parameters.PreviewEvery > 0 && report.NfeDone >= previewed + parameters.PreviewEvery)
                    {
                        previewed = report.NfeDone;
                        ReadKind kind = parameters.PreviewKind == 0 ? ReadKind.Denoised : parameters.PreviewKind;
                        report.Preview = parameters.IsFloat ? (Array)Read(kind) : ReadBytes(kind);
                    }
                    progress.Report(report);
                }
                if (state != RunState.Pending)
                    return;
                await Task.Delay(delay).ConfigureAwait(false);
            }
        }

        /// <summary>Cancels, and waits until no evaluation is in flight, without holding a thread.</summary>
        internal async Task RestAsync()
        {
            ncsn_progress now = Blank();
            if (Native.ncsn_run_poll(Handle, ref now) == (int)Status.Pending)
                Cancel();
            while (Native.ncsn_run_poll(Handle, ref now) == (int)Status.Pending)
                await Task.Delay(1).ConfigureAwait(false);
        }

        private static ncsn_progress Blank()
        {
            return new ncsn_progress { struct_size = Layout.Size<ncsn_progress>() };
        }

        /// <summary>
        /// Cancels and releases the run; a second time is harmless. Waits for the evaluation in flight of a background
        /// run, unless called from one of its own hooks. (Not to wait: Cancel, and Dispose when Poll is not Pending.)
        /// </summary>
        public void Dispose()
        {
            if (!Hooks.OnThisThread)
            {
                handle.Dispose();
                return;
            }
            // A hook's objects must outlive the call that it is in.
            Cancel();
            ThreadPool.QueueUserWorkItem(_ => handle.Dispose());
        }
    }
}
