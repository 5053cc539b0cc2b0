using System;
using System.Threading;
using System.Threading.Tasks;

namespace Ncsn
{
    /// <summary>A loaded score network. Share it freely between threads; runs keep it alive.</summary>
    public sealed class Model : IDisposable
    {
        private readonly ModelHandle handle;

        private Model(ModelHandle handle, Lease source)
        {
            handle.Source = source;
            this.handle = handle;
            var info = new ncsn_model_info { struct_size = Layout.Size<ncsn_model_info>() };
            Guard.Call(Native.ncsn_get_info(handle, ref info));
            Info = new ModelInfo(info);
        }

        /// <summary>What the model is: shape, noise levels, provider, and where each fact came from.</summary>
        public ModelInfo Info { get; }

        /// <summary>Loads a score network from an ONNX file.</summary>
        /// <exception cref="NcsnFileException">There is no such file, or it cannot be read.</exception>
        /// <exception cref="NcsnModelException">It is no score network, or does not say enough about itself.</exception>
        /// <exception cref="NcsnRuntimeException">ONNX Runtime is missing or too old.</exception>
        /// <exception cref="NcsnProviderException">A provider of the options cannot be used.</exception>
        /// <exception cref="NcsnLibraryException">libncsn is missing, or of another ABI.</exception>
        public static Model Open(string path, ModelOptions options = null)
        {
            if (path == null)
                throw new ArgumentNullException(nameof(path));
            byte[] utf8 = Text.ToUtf8(path, nameof(path));
            return Create(options, path, (ref ncsn_model_options native, out ModelHandle model) =>
                Native.ncsn_create(utf8, ref native, out model));
        }

        /// <summary>Loads a score network from the bytes of an ONNX file: an asset, a resource.</summary>
        public static Model Open(byte[] bytes, ModelOptions options = null)
        {
            if (bytes == null)
                throw new ArgumentNullException(nameof(bytes));
            return Create(options, null, (ref ncsn_model_options native, out ModelHandle model) =>
                Native.ncsn_create_from_memory(bytes, Pins.Length(bytes), ref native, out model));
        }

        /// <summary>
        /// Makes a model of a function of the caller's own, for samples of this shape. ONNX Runtime is not needed. Of the
        /// options, Sigmas, Output, ValueRange and ClassCount count.
        /// </summary>
        public static Model Open(ScoreFunction score, long[] shape, ModelOptions options = null)
        {
            if (score == null)
                throw new ArgumentNullException(nameof(score));
            if (shape == null)
                throw new ArgumentNullException(nameof(shape));
            long elements = 1;
            foreach (long axis in shape)
                elements = checked(elements * axis);
            var lease = new Lease(new ScoreSource(score, checked((int)elements)));
            try
            {
                return Create(options, null, (ref ncsn_model_options native, out ModelHandle model) =>
                {
                    using (Pins pins = new Pins())
                    {
                        var source = new ncsn_score_source
                        {
                            struct_size = Layout.Size<ncsn_score_source>(),
                            rank = (uint)shape.Length,
                            shape = pins.Array(shape),
                            user = lease.Pointer,
                            score = ScoreSource.Pointer,
                        };
                        return Native.ncsn_create_from_callback(ref source, ref native, out model);
                    }
                }, lease.Share());
            }
            finally
            {
                lease.Release();
            }
        }

        private delegate int Creator(ref ncsn_model_options options, out ModelHandle model);

        private static Model Create(ModelOptions options, string file, Creator create, Lease source = null)
        {
            ModelHandle handle = null;
            try
            {
                Library.EnsureCompatible();
                using (Pins pins = new Pins())
                {
                    ncsn_model_options native = (options ?? new ModelOptions()).ToNative(pins);
                    Guard.Call(create(ref native, out handle), file);
                }
                return new Model(handle, source);
            }
            catch
            {
                if (handle == null || handle.Source == null)
                    source?.Release();
                handle?.Dispose();
                throw;
            }
        }

        internal ModelHandle Handle
        {
            get
            {
                if (handle.IsClosed)
                    throw new ObjectDisposedException(nameof(Model));
                return handle;
            }
        }

        internal Lease Source => handle.Source;

        /// <summary>Parameters with the model's own values filled in: one sample, seed 0.</summary>
        public SampleParameters Defaults()
        {
            ncsn_sample_params native;
            Guard.Call(Native.ncsn_sample_params_init(Handle, out native, Layout.Size<ncsn_sample_params>()));
            var parameters = new SampleParameters();
            parameters.Read(ref native);
            return parameters;
        }

        /// <summary>Bytes of all samples that the parameters ask for, in their output format. Checks the parameters.</summary>
        public long OutputSize(SampleParameters parameters)
        {
            using (Pins pins = new Pins())
            {
                ncsn_sample_params native = Prepare(parameters, pins);
                UIntPtr bytes;
                Guard.Call(Native.ncsn_output_size(Handle, ref native, out bytes));
                return checked((long)bytes);
            }
        }

        /// <summary>What sampling with these parameters will hold. Checks them, and evaluates the network a few
        /// times.</summary>
        public MemoryEstimate EstimateMemory(SampleParameters parameters)
        {
            using (Pins pins = new Pins())
            {
                ncsn_sample_params native = Prepare(parameters, pins);
                ncsn_memory estimate = default(ncsn_memory);
                estimate.struct_size = Layout.Size<ncsn_memory>();
                Guard.Call(Native.ncsn_estimate_memory(Handle, ref native, ref estimate));
                return new MemoryEstimate(estimate);
            }
        }

        internal ncsn_sample_params Prepare(SampleParameters parameters, Pins pins)
        {
            if (parameters == null)
                throw new ArgumentNullException(nameof(parameters));
            ncsn_sample_params native;
            Guard.Call(Native.ncsn_sample_params_init(Handle, out native, Layout.Size<ncsn_sample_params>()));
            parameters.Write(ref native, pins);
            return native;
        }

        /// <summary>
        /// Samples, on this thread: float by float, sample after sample, channels first, in the data's own range.
        /// </summary>
        /// <param name="parameters">What to sample and how.</param>
        /// <param name="progress">Told after each evaluation of the network, on this thread.</param>
        /// <param name="cancellation">Stops before the next evaluation.</param>
        /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
        /// <exception cref="NcsnArgumentException">A parameter is out of range.</exception>
        /// <exception cref="NcsnNonFiniteException">The network, or a hook, returned NaN or infinity.</exception>
        public float[] Sample(SampleParameters parameters, IProgress<SamplingProgress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            float[] samples = new float[Buffers.Floats(parameters, OutputSize(parameters))];
            SampleInto(parameters, samples, progress, cancellation);
            return samples;
        }

        /// <summary>Samples 8-bit pixels, rows top to bottom. <see cref="SampleParameters.OutputFormat"/> says which.</summary>
        public byte[] SampleBytes(SampleParameters parameters, IProgress<SamplingProgress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            byte[] samples = new byte[Buffers.Bytes(parameters, OutputSize(parameters))];
            SampleInto(parameters, samples, progress, cancellation);
            return samples;
        }

        /// <summary>Samples into an array of the caller's, which is left alone unless the samples are complete.</summary>
        public void Sample(SampleParameters parameters, float[] into, IProgress<SamplingProgress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            Buffers.Check(parameters, into);
            SampleInto(parameters, into, progress, cancellation);
        }

        /// <summary>Samples 8-bit pixels into an array of the caller's.</summary>
        public void SampleBytes(SampleParameters parameters, byte[] into, IProgress<SamplingProgress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            Buffers.Check(parameters, into);
            SampleInto(parameters, into, progress, cancellation);
        }

        private void SampleInto(SampleParameters parameters, Array into, IProgress<SamplingProgress> progress,
            CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            var hooks = new Hooks(parameters, progress, cancellation);
            var lease = new Lease(hooks);
            try
            {
                using (Pins pins = new Pins())
                {
                    ncsn_sample_params native = Prepare(parameters, pins);
                    hooks.Attach(ref native, lease.Pointer);
                    int status = Native.ncsn_sample(
                        Handle, ref native, pins.Array(into), (UIntPtr)Buffer.ByteLength(into));
                    if (status == (int)Status.Ok)
                        return;
                    hooks.Rethrow();
                    if (status == (int)Status.Cancelled)
                        throw new OperationCanceledException("the sampling was cancelled", cancellation);
                    Answered(status);
                }
            }
            finally
            {
                lease.Release();
            }
        }

        /// <summary>Throws what the model's own score function threw, if that is why a call failed.</summary>
        internal void Rethrow(int status)
        {
            if (status == (int)Status.ErrCallback)
                ((ScoreSource)Source?.Target)?.Rethrow();
        }

        /// <summary>
        /// Samples on a thread of the library's; the task ends when the samples are ready. Progress is told about sixty
        /// times a second at most, where awaits of this thread continue. Hooks, if there are any, are called on the
        /// library's thread.
        /// </summary>
        /// <exception cref="OperationCanceledException">The token was cancelled.</exception>
        public async Task<float[]> SampleAsync(SampleParameters parameters, IProgress<SamplingProgress> progress = null,
            CancellationToken cancellation = default(CancellationToken))
        {
            float[] samples = new float[Buffers.Floats(parameters, OutputSize(parameters))];
            await RunAsync(parameters, samples, progress, cancellation).ConfigureAwait(false);
            return samples;
        }

        /// <summary>Samples 8-bit pixels on a thread of the library's. As <see cref="SampleAsync"/>.</summary>
        public async Task<byte[]> SampleBytesAsync(SampleParameters parameters,
            IProgress<SamplingProgress> progress = null, CancellationToken cancellation = default(CancellationToken))
        {
            byte[] samples = new byte[Buffers.Bytes(parameters, OutputSize(parameters))];
            await RunAsync(parameters, samples, progress, cancellation).ConfigureAwait(false);
            return samples;
        }

        private async Task RunAsync(SampleParameters parameters, Array into, IProgress<SamplingProgress> progress,
            CancellationToken cancellation)
        {
            cancellation.ThrowIfCancellationRequested();
            using (Run run = Begin(parameters))
            using (cancellation.Register(run.Cancel))
            {
                run.Start();
                try
                {
                    await run.FollowAsync(parameters, progress).ConfigureAwait(false);
                }
                finally
                {
                    // Whatever happened, the run is at rest before it is freed, so that no thread waits for it.
                    await run.RestAsync().ConfigureAwait(false);
                }
                if (run.Poll() == RunState.Cancelled)
                    throw new OperationCanceledException("the sampling was cancelled", cancellation);
                run.ReadInto(ReadKind.Sample, into);
            }
        }

        /// <summary>Sets up a run, to be stepped or started. Evaluates nothing.</summary>
        public Run Begin(SampleParameters parameters)
        {
            return Run.Begin(this, parameters);
        }

        /// <summary>Continues a run that was saved, on the same model, bit for bit.</summary>
        /// <param name="saved">What <see cref="Run.Save"/> returned, in this process or another.</param>
        /// <param name="parameters">
        /// What the run was begun with: its hooks, and whether Read or ReadBytes fits. Without it, no hooks, and the
        /// caller knows which of the two to call.
        /// </param>
        public Run Load(byte[] saved, SampleParameters parameters = null)
        {
            return Run.Load(this, saved, parameters);
        }

        /// <summary>
        /// Whether the network is what its metadata say. A network that is wrong is no error: look at Passed.
        /// </summary>
        /// <param name="data">About 100 samples in the data's own range; null: the largest level alone is looked at.</param>
        /// <param name="labels">One class label per sample, -1 for none; null: none.</param>
        /// <param name="seed">Of the noise.</param>
        public Validation Validate(float[] data = null, long[] labels = null, ulong seed = 0)
        {
            ncsn_validate_params native;
            Guard.Call(Native.ncsn_validate_params_init(out native, Layout.Size<ncsn_validate_params>()));
            native.seed = seed;
            ValidationHandle found;
            using (Pins pins = new Pins())
            {
                native.data = pins.Array(data);
                native.data_count = Pins.Length(data);
                native.labels = pins.Array(labels);
                native.label_count = Pins.Length(labels);
                Answered(Native.ncsn_validate(Handle, ref native, out found));
            }
            using (found)
            {
                var info = new ncsn_validation_info { struct_size = Layout.Size<ncsn_validation_info>() };
                Guard.Call(Native.ncsn_validation_get(found, ref info));
                return new Validation(info);
            }
        }

        /// <summary>A score-matching objective at each noise level, on samples of the caller's.</summary>
        /// <param name="data">Samples in the data's own range, one after another.</param>
        /// <param name="objective">Which. Explicit and projected score matching need a target.</param>
        /// <param name="target">The model whose score is the right one.</param>
        /// <param name="labels">One class label per sample, -1 for none; null: none.</param>
        /// <param name="maxLevels">At most so many of the model's levels; 0: all.</param>
        /// <param name="seed">Of the noise and of random directions.</param>
        public Evaluation Evaluate(float[] data, Objective objective = Objective.Dsm, Model target = null,
            long[] labels = null, int maxLevels = 0, ulong seed = 0)
        {
            ncsn_evaluate_params native;
            Guard.Call(Native.ncsn_evaluate_params_init(out native, Layout.Size<ncsn_evaluate_params>()));
            native.objective = (int)objective;
            native.seed = seed;
            native.max_levels = Guard.Count(maxLevels, nameof(maxLevels));
            var levels = new ncsn_level_loss[Info.Sigmas == null ? 0 : Info.Sigmas.Length];
            var result = new ncsn_evaluation { struct_size = Layout.Size<ncsn_evaluation>() };
            ModelHandle other = target?.Handle;
            bool held = false;
            try
            {
                other?.DangerousAddRef(ref held);
                native.target = other == null ? IntPtr.Zero : other.DangerousGetHandle();
                using (Pins pins = new Pins())
                {
                    native.data = pins.Array(data);
                    native.data_count = Pins.Length(data);
                    native.labels = pins.Array(labels);
                    native.label_count = Pins.Length(labels);
                    Answered(Native.ncsn_evaluate(Handle, ref native, pins.Array(levels), Pins.Length(levels), ref result));
                }
            }
            finally
            {
                if (held)
                    other.DangerousRelease();
            }
            Array.Resize(ref levels, (int)result.level_count);
            return new Evaluation
            {
                Total = result.total,
                TotalError = result.total_error,
                Levels = Array.ConvertAll(levels, one => new LevelLoss
                {
                    Sigma = one.sigma,
                    Loss = one.loss,
                    StandardError = one.standard_error,
                    Weighted = one.weighted,
                }),
            };
        }

        private void Answered(int status)
        {
            Rethrow(status);
            Guard.Call(status);
        }

        /// <summary>Releases the model; a second time is harmless. Runs on it go on.</summary>
        public void Dispose()
        {
            handle.Dispose();
        }
    }
}
