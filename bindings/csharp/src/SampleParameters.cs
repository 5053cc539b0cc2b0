// The fields of ncsn_sample_params, by their names there.
using System;

namespace Ncsn
{
    /// <summary>
    /// What to sample and how. Zero and null mean the model's own, so that
    /// <c>new SampleParameters { SampleCount = 64, Seed = 7 }</c> is complete; <see cref="Model.Defaults"/> has the
    /// model's values filled in. Arrays are copied when a call begins.
    /// </summary>
    public sealed class SampleParameters
    {
        /// <summary>The sampler; 0: the model's own.</summary>
        public Sampler Sampler { get; set; }

        /// <summary>Seed of the noise. Any value.</summary>
        public ulong Seed { get; set; }

        /// <summary>Index of the first sample. Sample k of the call uses the noise of index
        /// first_sample + k, so a job may be cut anywhere and gives the same samples. Below
        /// 2^48.</summary>
        public long FirstSample { get; set; }

        /// <summary>Number of samples, 1 to 2^31 - 1. Default 1.</summary>
        public int SampleCount { get; set; } = 1;

        /// <summary>Samples evaluated at once (the micro-batch); 0: chosen. It does not change the
        /// samples, only speed, memory and how soon a cancel is seen.</summary>
        public int BatchSize { get; set; }

        /// <summary>Where the levels come from; 0: Given when Sigmas is set, else the model's.</summary>
        public Schedule Schedule { get; set; }

        /// <summary>Number of levels; 0: the model's. With Schedule.Model another number than the
        /// model's spreads them evenly over the model's ladder: some of its levels, or levels between
        /// them where the network takes any sigma.</summary>
        public int LevelCount { get; set; }

        /// <summary>Schedule.Geometric and Schedule.Karras: largest noise level; 0: the model's.</summary>
        public double SigmaMax { get; set; }

        /// <summary>Schedule.Geometric and Schedule.Karras: smallest noise level; 0: the model's.</summary>
        public double SigmaMin { get; set; }

        /// <summary>Schedule.Karras: rho, 1 to 1000; 0: 7.</summary>
        public double Rho { get; set; }

        /// <summary>The noise levels, strictly decreasing, positive and finite. null: by
        /// Schedule.</summary>
        public double[] Sigmas { get; set; }

        /// <summary>T, Langevin steps at each level; for Sampler.ConsistentAnnealed the number of
        /// levels that each is divided into. 0: the model's for its own sampler, else about 1000
        /// evaluations in all for Langevin dynamics and 1 for consistent annealed sampling. At most
        /// 2^24. Other samplers have none: for them, and for consistent annealed sampling, the model's
        /// own value counts as 0 where the model has another sampler.</summary>
        public int StepsPerLevel { get; set; }

        /// <summary>What epsilon means; 0: the model's. The same epsilon means steps of different length in
        /// the two conventions: know which one yours was tuned for.</summary>
        public StepConvention StepConvention { get; set; }

        /// <summary>epsilon. Annealed Langevin: the step size at the smallest level, a_i = epsilon
        /// sigma_i^2 / sigma_L^2. Plain Langevin: the step size a itself. Consistent annealed sampling:
        /// eta sigma_L^2, with 1 - g &lt; eta &lt; 1 + g, g the smallest ratio sigma_{k+1}/sigma_k. 0:
        /// the model's for its own sampler and levels, else chosen. Other samplers have none. For a
        /// sampler that is not the model's own, the model's own value counts as 0. With c = 1/2 (HALF)
        /// or 1 (FULL), kappa = c epsilon / sigma_L^2 must be below 2: at 2 the chains diverge on any
        /// data (annealed Langevin; from 1 a warning is logged).</summary>
        public double StepSize { get; set; }

        /// <summary>Final denoising x + sigma_L^2 s(x, sigma_L), which for samplers that move from
        /// level to level is their step to sigma = 0: true yes, false no, null the model's for its own sampler
        /// (yes when it does not say; no for plain Langevin).</summary>
        public bool? Denoise { get; set; }

        /// <summary>Where the chains start; 0: the model's. A sampler that is not the model's own and moves from
        /// level to level starts with InitKind.Normal where this is the model's.</summary>
        public InitKind InitKind { get; set; }

        /// <summary>Initial samples for InitKind.Given and InitKind.GivenPlusNoise, sample after sample, in
        /// the data's range.</summary>
        public float[] Init { get; set; }

        /// <summary>First level to run (0 = largest sigma): the chains start there.</summary>
        public int StartLevel { get; set; }

        /// <summary>OutputFormat.F32Nchw or an 8-bit one; 0: OutputFormat.F32Nchw.</summary>
        public OutputFormat OutputFormat { get; set; }

        /// <summary>Bytes from one row of pixels to the next in 8-bit formats, for textures whose rows
        /// are padded: at least width * bytes of a pixel. A sample then takes height * row_pitch bytes,
        /// of which those between rows are never written. 0: rows follow each other. Must be 0 with
        /// OutputFormat.F32Nchw.</summary>
        public int RowPitch { get; set; }

        /// <summary>Class labels of a class-conditional model, one per sample: 0 to class_count - 1, or
        /// -1 for no class if the model has a null class. null: no class, for all.</summary>
        public long[] Labels { get; set; }

        /// <summary>w of classifier-free guidance: the score is s_u + w (s_c - s_u), s_c of the labels
        /// and s_u of the null class. 0 or 1: none. Others need Labels and a model with a null class,
        /// and take two evaluations of the network for each score.</summary>
        public double GuidanceScale { get; set; }

        /// <summary>Inpainting: the known samples y, in the data's range, or null. After every update
        /// the chains become m (y + sigma z) + (1 - m) x, at the end m y + (1 - m) x. Not for
        /// Sampler.Rk45.</summary>
        public float[] Known { get; set; }

        /// <summary>Inpainting: m, 1 where the sample is known, 0 where not, between where both are
        /// mixed.</summary>
        public float[] Mask { get; set; }

        /// <summary>Signal-to-noise ratio r of score_sde. Sampler.PredictorCorrector: the corrector's
        /// step is a = 2 (r ||z|| / ||s||)^2; 0: 0.16. Sampler.AnnealedLangevin: another spelling of
        /// the step size, c epsilon = 2 r^2 sigma_L^2, that takes the place of StepSize; 0: unset.
        /// Other samplers have none.</summary>
        public double Snr { get; set; }

        /// <summary>Sampler.PredictorCorrector: corrector steps at each level; 0: 1.</summary>
        public int CorrectorSteps { get; set; }

        /// <summary>ReadKind.State or ReadKind.Denoised: what SamplingProgress.Preview shows; 0:
        /// Denoised.</summary>
        public ReadKind PreviewKind { get; set; }

        /// <summary>Sampler.Euler and Heun: EDM's S_churn, at least 0. Before its step from sigma a
        /// chain is raised to (1 + gamma) sigma with gamma = min(churn / levels, sqrt(2) - 1). 0:
        /// none.</summary>
        public double Churn { get; set; }

        /// <summary>EDM's S_min: smaller levels are not churned.</summary>
        public double ChurnMin { get; set; }

        /// <summary>EDM's S_max: larger levels are not churned. 0: no limit.</summary>
        public double ChurnMax { get; set; }

        /// <summary>EDM's S_noise, by which the churned noise is multiplied. 0: 1.</summary>
        public double ChurnNoise { get; set; }

        /// <summary>Sampler.Rk45: tolerance relative to x, 1e-6 to 1; 0: 1e-3.</summary>
        public double Rtol { get; set; }

        /// <summary>Sampler.Rk45: absolute tolerance, 1e-6 to 1; 0: 1e-3.</summary>
        public double Atol { get; set; }

        /// <summary>Make a preview after every this many steps (and after the last one); 0:
        /// never.</summary>
        public int PreviewEvery { get; set; }

        /// <summary>Makes the noise; null for the library's generator. InitKind.Uniform does not ask it.</summary>
        public NoiseFunction Noise { get; set; }

        /// <summary>Noise between the noise of other samples, in the place of <see cref="Noise"/>.</summary>
        public Interpolation Interpolation { get; set; }

        /// <summary>Steers the chains; null: nothing does.</summary>
        public GuideFunction Guide { get; set; }

        /// <summary>Sampler.PredictorCorrector: the predictor, Sampler.ReverseDiffusion (0),
        /// Ancestral, EulerMaruyama or ProbabilityFlow.</summary>
        public Sampler Predictor { get; set; }

        /// <summary>Sampler.PredictorCorrector: CorrectorNorm, what stands for ||z||; 0:
        /// CorrectorNorm.Drawn.</summary>
        public CorrectorNorm CorrectorNorm { get; set; }

        /// <summary>Sampler.Auto: the most network evaluations to spend on a sample; 0: 40.</summary>
        public int NfeBudget { get; set; }

        /// <summary>Inpainting: how often each level is run, with noise added to go back up in between
        /// (RePaint); 0: once. Not for Langevin dynamics, DPM-Solver++ and UniPC.</summary>
        public int ResampleSteps { get; set; }

        /// <summary>Whether samples are floats, not 8-bit pixels.</summary>
        internal bool IsFloat => OutputFormat == OutputFormat.Default || OutputFormat == OutputFormat.F32Nchw;

        internal SampleParameters Clone()
        {
            return (SampleParameters)MemberwiseClone();
        }

        internal void Read(ref ncsn_sample_params native)
        {
            Sampler = (Sampler)native.sampler;
            Seed = native.seed;
            FirstSample = (long)native.first_sample;
            SampleCount = (int)native.sample_count;
            BatchSize = (int)native.batch_size;
            Schedule = (Schedule)native.schedule;
            LevelCount = (int)native.level_count;
            SigmaMax = native.sigma_max;
            SigmaMin = native.sigma_min;
            Rho = native.rho;
            StepsPerLevel = (int)native.steps_per_level;
            StepConvention = (StepConvention)native.step_convention;
            StepSize = native.step_size;
            Denoise = native.denoise < 0 ? (bool?)null : native.denoise != 0;
            InitKind = (InitKind)native.init_kind;
            StartLevel = (int)native.start_level;
            OutputFormat = (OutputFormat)native.output_format;
            GuidanceScale = native.guidance_scale;
            Snr = native.snr;
            CorrectorSteps = (int)native.corrector_steps;
            PreviewKind = (ReadKind)native.preview_kind;
            Churn = native.churn;
            ChurnMin = native.churn_min;
            ChurnMax = native.churn_max;
            ChurnNoise = native.churn_noise;
            Rtol = native.rtol;
            Atol = native.atol;
            PreviewEvery = (int)native.preview_every;
            Predictor = (Sampler)native.predictor;
            CorrectorNorm = (CorrectorNorm)native.corrector_norm;
            NfeBudget = (int)native.nfe_budget;
            ResampleSteps = (int)native.resample_steps;
        }

        internal void Write(ref ncsn_sample_params native, Pins pins)
        {
            if (Known != null && Mask != null && Known.Length != Mask.Length)
                throw new ArgumentException("Known has " + Known.Length + " floats and Mask " + Mask.Length +
                    ": they must have as many", nameof(Mask));
            native.sampler = (int)Sampler;
            native.seed = Seed;
            native.first_sample = (ulong)FirstSample;
            native.sample_count = Guard.Count(SampleCount, nameof(SampleCount));
            native.batch_size = Guard.Count(BatchSize, nameof(BatchSize));
            native.schedule = (int)Schedule;
            native.level_count = Guard.Count(LevelCount, nameof(LevelCount));
            native.sigma_max = SigmaMax;
            native.sigma_min = SigmaMin;
            native.rho = Rho;
            native.sigmas = pins.Array(Sigmas);
            native.sigma_count = Pins.Length(Sigmas);
            native.steps_per_level = Guard.Count(StepsPerLevel, nameof(StepsPerLevel));
            native.step_convention = (int)StepConvention;
            native.step_size = StepSize;
            native.denoise = Denoise == null ? -1 : Denoise.Value ? 1 : 0;
            native.init_kind = (int)InitKind;
            native.init = pins.Array(Init);
            native.init_count = Pins.Length(Init);
            native.start_level = Guard.Count(StartLevel, nameof(StartLevel));
            native.output_format = (int)OutputFormat;
            native.row_pitch = (UIntPtr)Guard.Count(RowPitch, nameof(RowPitch));
            native.labels = pins.Array(Labels);
            native.label_count = Pins.Length(Labels);
            native.guidance_scale = GuidanceScale;
            native.known = pins.Array(Known);
            native.known_count = Pins.Length(Known);
            native.mask = pins.Array(Mask);
            native.snr = Snr;
            native.corrector_steps = Guard.Count(CorrectorSteps, nameof(CorrectorSteps));
            native.preview_kind = (int)PreviewKind;
            native.churn = Churn;
            native.churn_min = ChurnMin;
            native.churn_max = ChurnMax;
            native.churn_noise = ChurnNoise;
            native.rtol = Rtol;
            native.atol = Atol;
            native.preview_every = Guard.Count(PreviewEvery, nameof(PreviewEvery));
            native.predictor = (int)Predictor;
            native.corrector_norm = (int)CorrectorNorm;
            native.nfe_budget = Guard.Count(NfeBudget, nameof(NfeBudget));
            native.resample_steps = Guard.Count(ResampleSteps, nameof(ResampleSteps));
        }
    }
}
