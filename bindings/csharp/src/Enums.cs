// The constants of ncsn.h, by their names there: NCSN_SAMPLER_ANCESTRAL is Sampler.Ancestral. Zero is the
// model's own wherever a setting may be left to the model; the tests compare every value with the header.
namespace Ncsn
{
    /// <summary>What a call reports; <see cref="NcsnException.Status"/> holds it. The values of ncsn.h.</summary>
    public enum Status
    {
        /// <summary>Success.</summary>
        Ok = 0,

        /// <summary>The run has more to do; call Run.Step again.</summary>
        Pending = 1,

        /// <summary>The run was cancelled (Run.Cancel, or a progress callback that returned non-
        /// zero).</summary>
        Cancelled = 2,

        /// <summary>An argument is null, out of range, or contradicts another one. The text names
        /// it.</summary>
        ErrArgument = -1,

        /// <summary>A StructSize that this library does not understand: not set, or the caller's header
        /// is newer and uses a field that this library does not know.</summary>
        ErrStructSize = -2,

        /// <summary>A string is not valid UTF-8.</summary>
        ErrUtf8 = -3,

        /// <summary>A file is missing or cannot be read.</summary>
        ErrIo = -4,

        /// <summary>The bytes are not an ONNX model that ONNX Runtime can load.</summary>
        ErrModel = -5,

        /// <summary>A valid ONNX model whose graph, metadata and overrides do not describe a score
        /// network. The text names what is missing or contradictory, and the option and metadata key to
        /// set.</summary>
        ErrContract = -6,

        /// <summary>A tensor of the model has a shape that does not fit.</summary>
        ErrShape = -7,

        /// <summary>A buffer of the caller has the wrong size. The text says the size needed.</summary>
        ErrBuffer = -8,

        /// <summary>No ONNX Runtime library was found, or the file named is not one. The text lists
        /// where it was looked for and how to supply it.</summary>
        ErrRuntimeMissing = -9,

        /// <summary>An ONNX Runtime was found whose version is too old (1.23 or newer is
        /// needed).</summary>
        ErrRuntimeVersion = -10,

        /// <summary>A requested execution provider cannot be used. The text carries ONNX Runtime's own
        /// reason.</summary>
        ErrProvider = -11,

        /// <summary>Memory could not be allocated.</summary>
        ErrOutOfMemory = -12,

        /// <summary>A NaN or infinity in a score, in noise or in a chain. The text says level, step and
        /// sample.</summary>
        ErrNonFinite = -13,

        /// <summary>The call does not fit the state of the object (a run in use by another thread, a
        /// result read before it exists, a second ONNX Runtime asked for).</summary>
        ErrState = -14,

        /// <summary>A callback of the caller returned non-zero to report failure.</summary>
        ErrCallback = -15,

        /// <summary>Understood, but not supported by this version of the library. The text names the
        /// field.</summary>
        ErrUnsupported = -16,

        /// <summary>A bug inside the library was caught. The handle concerned answers every later call
        /// with this status and should be destroyed; everything else stays usable.</summary>
        ErrPanic = -17,
    }

    /// <summary>What runs the network.</summary>
    public enum Provider
    {
        /// <summary>None: a network of the caller's own.</summary>
        None = 0,

        /// <summary>Execution provider: ONNX Runtime's CPU kernels.</summary>
        Cpu = 1,

        /// <summary>Execution provider: NVIDIA CUDA. Needs a GPU build of ONNX Runtime and the CUDA
        /// libraries.</summary>
        Cuda = 2,

        /// <summary>Execution provider: NVIDIA TensorRT. Needs a GPU build of ONNX Runtime and
        /// TensorRT.</summary>
        TensorRT = 3,

        /// <summary>Execution provider: Intel OpenVINO, on the CPU and in float32. Needs an ONNX Runtime
        /// that is built with it (Python package onnxruntime-openvino). Provider options say otherwise:
        /// device_type, precision, num_of_threads, or load_config, which has the last word.
        /// <see cref="Tuning"/> tells what a lower precision gains and costs.</summary>
        OpenVino = 4,
    }

    /// <summary>What to do when a provider cannot be used.</summary>
    public enum Fallback
    {
        /// <summary>Strict (the default): if a listed provider cannot be used, Model.Open fails and
        /// says why.</summary>
        Error = 0,

        /// <summary>Skip providers that cannot be used and end on the CPU; Model.Info then says
        /// why.</summary>
        Allow = 1,
    }

    /// <summary>Whether threads inside operators spin while they wait for each other.</summary>
    public enum Spinning
    {
        /// <summary>On a machine that nobody else uses when a run begins (the default).</summary>
        Auto = 0,

        /// <summary>They spin.</summary>
        Always = 1,

        /// <summary>They sleep.</summary>
        Never = 2,
    }

    /// <summary>Whether a model's graph is edited at load.</summary>
    public enum GraphHelp
    {
        /// <summary>The graph is edited at load, so that it computes the same faster (the default).</summary>
        On = 0,

        /// <summary>The graph is run as the file has it.</summary>
        Off = 1,
    }

    /// <summary>What the network takes beside x.</summary>
    public enum Conditioning
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>The network takes x only: f(x).</summary>
        None = 1,

        /// <summary>The network takes sigma itself.</summary>
        Sigma = 2,

        /// <summary>The network takes ln(sigma).</summary>
        LogSigma = 3,

        /// <summary>The network takes scale * ln(sigma) + shift (EDM: 0.25 ln sigma).</summary>
        AffineLog = 4,

        /// <summary>The network takes the index of the level, 0 = largest sigma (NCSN,
        /// NCSNv2).</summary>
        LevelDesc = 5,

        /// <summary>The network takes the index of the level, 0 = smallest sigma.</summary>
        LevelAsc = 6,

        /// <summary>The network takes t in [0, 1] with sigma(t) = sigma_min
        /// (sigma_max/sigma_min)^t.</summary>
        Time01 = 7,

        /// <summary>As Conditioning.Time01, times conditioning_scale.</summary>
        TimeScaled = 8,

        /// <summary>The network takes a value from a table over the levels
        /// (ModelOptions.Table).</summary>
        Table = 9,
    }

    /// <summary>What the network returns.</summary>
    public enum NetworkOutput
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>The network returns the score s = grad log q_sigma(x).</summary>
        Score = 1,

        /// <summary>The network returns sigma * s.</summary>
        ScaledScore = 2,

        /// <summary>The network returns the noise estimate epsilon = -sigma * s.</summary>
        Noise = 3,

        /// <summary>The network returns the denoised estimate D = x + sigma^2 s.</summary>
        Denoised = 4,

        /// <summary>The network returns EDM's raw F, with D = c_skip x + c_out F(c_in x), c_skip =
        /// sigma_data^2 / (sigma^2 + sigma_data^2), c_out = sigma sigma_data / sqrt(sigma^2 +
        /// sigma_data^2).</summary>
        EdmRaw = 5,

        /// <summary>The network returns v, with D = c_skip x - c_out v(c_in x) and EDM's
        /// coefficients.</summary>
        V = 6,
    }

    /// <summary>What x is multiplied with before the network sees it.</summary>
    public enum InputScaling
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>The network is fed x itself.</summary>
        None = 1,

        /// <summary>The network is fed x / sqrt(sigma^2 + 1), as networks of variance-preserving models
        /// are.</summary>
        Unit = 2,

        /// <summary>The network is fed x / sqrt(sigma^2 + sigma_data^2) (EDM).</summary>
        SigmaData = 3,
    }

    /// <summary>Range of the data.</summary>
    public enum ValueRange
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>Data in [0, 1].</summary>
        Unit = 1,

        /// <summary>Data in [-1, 1].</summary>
        Centered = 2,

        /// <summary>Logits of data in [0, 1].</summary>
        Logit = 3,

        /// <summary>Not pixels; 8-bit output formats are refused.</summary>
        Unbounded = 4,
    }

    /// <summary>What to do about sigmas that an index-conditioned network was not trained for.</summary>
    public enum OffLadder
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>A sigma that an index-conditioned network was not trained for is an error (the
        /// default).</summary>
        Error = 1,

        /// <summary>A sigma that an index-conditioned network was not trained for uses the nearest
        /// level (in ln).</summary>
        Nearest = 2,
    }

    /// <summary>Who said a fact about a model.</summary>
    public enum FactSource
    {
        /// <summary>Nobody said it: this library's default.</summary>
        Default = 1,

        /// <summary>The graph shows it: names, types and shapes of its tensors, or a table
        /// inside.</summary>
        Graph = 2,

        /// <summary>The file's metadata say it.</summary>
        Metadata = 3,

        /// <summary>The caller's ModelOptions say it.</summary>
        Option = 4,
    }

    /// <summary>How the chains move.</summary>
    public enum Sampler
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>Plain (unadjusted) Langevin dynamics at one noise level with a fixed step
        /// size.</summary>
        Langevin = 1,

        /// <summary>Annealed Langevin dynamics (Song &amp; Ermon 2019, algorithm 1). The
        /// default.</summary>
        AnnealedLangevin = 2,

        /// <summary>Consistent annealed sampling (Jolicoeur-Martineau et al. 2020, algorithm 2). One
        /// evaluation a level.</summary>
        ConsistentAnnealed = 3,

        /// <summary>Reverse diffusion predictor of the VE SDE (Song et al. 2021). One evaluation a
        /// level.</summary>
        ReverseDiffusion = 4,

        /// <summary>Ancestral sampling of the VE SDE (Song et al. 2021, appendix F). One evaluation a
        /// level.</summary>
        Ancestral = 5,

        /// <summary>Euler-Maruyama on the reverse VE SDE, in the time in which a geometric ladder is
        /// even. One evaluation a level.</summary>
        EulerMaruyama = 6,

        /// <summary>Predictor-corrector (Song et al. 2021, algorithms 2 and 4): CorrectorSteps Langevin
        /// steps of size Snr at each level, then the Predictor. 1 + corrector_steps evaluations a
        /// level.</summary>
        PredictorCorrector = 7,

        /// <summary>Euler on the probability-flow ODE, with churn (Karras et al. 2022). One evaluation
        /// a level.</summary>
        Euler = 8,

        /// <summary>Heun on the probability-flow ODE, with churn (Karras et al. 2022, algorithm 2). Two
        /// evaluations a level, one at the last.</summary>
        Heun = 9,

        /// <summary>DPM-Solver++(2M) (Lu et al. 2022). One evaluation a level.</summary>
        DpmPP2M = 10,

        /// <summary>UniPC of order 2 (Zhao et al. 2023). One evaluation a level.</summary>
        UniPC = 11,

        /// <summary>Runge-Kutta 4(5) on the probability-flow ODE from the first level to the last, each
        /// chain with steps of its own by rtol and atol. For networks that take any sigma. Evaluations
        /// are known at the end; until then progress counts those of the slowest chain, and its
        /// level and step are the attempt and the stage.</summary>
        Rk45 = 12,

        /// <summary>Probability-flow predictor of the VE SDE, x + (sigma_i^2 - sigma_{i+1}^2)/2 s (Song
        /// et al. 2021). One evaluation a level.</summary>
        ProbabilityFlow = 13,

        /// <summary>The sampler, schedule and step size that suit the model and NfeBudget; ncsn inspect
        /// explains the choice.</summary>
        Auto = 14,

        /// <summary>DPM-Solver++(2M) for the reverse-time SDE (Lu et al. 2022). One evaluation a level.</summary>
        SdeDpmPP2M = 15,
    }

    /// <summary>What stands for ||z|| in the corrector's step.</summary>
    public enum CorrectorNorm
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>The corrector's step takes ||z|| of each sample's own noise.</summary>
        Drawn = 1,

        /// <summary>The corrector's step takes sqrt(D), what ||z|| is on average, D the number of
        /// floats a sample.</summary>
        Expected = 2,
    }

    /// <summary>Where the noise levels come from.</summary>
    public enum Schedule
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>The model's own ladder.</summary>
        Model = 1,

        /// <summary>LevelCount levels in geometric progression from SigmaMax to SigmaMin.</summary>
        Geometric = 2,

        /// <summary>LevelCount levels from SigmaMax to SigmaMin, evenly spaced in sigma^(1/rho) (Karras
        /// et al. 2022, eq. 5).</summary>
        Karras = 3,

        /// <summary>The caller's Sigmas.</summary>
        Given = 4,

        /// <summary>Evenly spaced in lambda = -ln sigma: another name of Schedule.Geometric.</summary>
        Exponential = 5,
    }

    /// <summary>What epsilon means.</summary>
    public enum StepConvention
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>x &lt;- x + (a/2) s + sqrt(a) z, as printed in Song &amp; Ermon 2019, algorithm
        /// 1.</summary>
        Half = 1,

        /// <summary>x &lt;- x + a s + sqrt(2a) z, as in the official code and in NCSNv2 (Song &amp;
        /// Ermon 2020).</summary>
        Full = 2,
    }

    /// <summary>Where the chains start.</summary>
    public enum InitKind
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>Initial state uniform on [0, 1]^D.</summary>
        Uniform = 1,

        /// <summary>Initial state normal with mean 0 and standard deviation sigma of the first
        /// level.</summary>
        Normal = 2,

        /// <summary>Initial state as given in Init.</summary>
        Given = 3,

        /// <summary>Initial state Init + sigma z, sigma that of StartLevel: image to image.</summary>
        GivenPlusNoise = 4,

        /// <summary>The network's estimate of the data's mean, plus sigma z of the first level.</summary>
        MeanPlusNoise = 5,
    }

    /// <summary>What samples are written as.</summary>
    public enum OutputFormat
    {
        /// <summary>The model's own.</summary>
        Default = 0,

        /// <summary>float, in the network's own layout (channels first) and the data's own
        /// range.</summary>
        F32Nchw = 1,

        /// <summary>8 bit, one byte a pixel, rows top to bottom. One-channel models only.</summary>
        U8Gray = 2,

        /// <summary>8 bit, R G B interleaved. Models with 3 channels, or 1 (repeated).</summary>
        U8Rgb = 3,

        /// <summary>8 bit, R G B A interleaved, A = 255. Models with 3 channels, or 1
        /// (repeated).</summary>
        U8Rgba = 4,
    }

    /// <summary>What to read of a run.</summary>
    public enum ReadKind
    {
        /// <summary>Run.Read: the finished samples. Status.ErrState while the run is not
        /// done.</summary>
        Sample = 1,

        /// <summary>Run.Read: the chains as they are now, noise and all.</summary>
        State = 2,

        /// <summary>Run.Read: the latest denoised estimate x + sigma^2 s, what a viewer wants to
        /// see.</summary>
        Denoised = 3,
    }

    /// <summary>What a run is doing.</summary>
    public enum Phase
    {
        /// <summary>The provider builds an engine for the network (TensorRT can take
        /// minutes).</summary>
        Preparing = 1,

        /// <summary>The chains run.</summary>
        Sampling = 2,

        /// <summary>The final denoising evaluation runs.</summary>
        Denoising = 3,

        /// <summary>The samples are ready.</summary>
        Done = 4,
    }

    /// <summary>What noise is for.</summary>
    public enum NoisePurpose
    {
        /// <summary>No noise: the final denoising, in a <see cref="GuideRequest"/>.</summary>
        None = 0,

        /// <summary>Noise for the initial state.</summary>
        Init = 1,

        /// <summary>Noise of a Langevin update.</summary>
        Langevin = 2,

        /// <summary>Noise of an update from one level to the next.</summary>
        Predictor = 3,

        /// <summary>Noise of stochastic churn.</summary>
        Churn = 4,

        /// <summary>Noise on the known part when inpainting.</summary>
        Inpaint = 5,

        /// <summary>Noise of the way back up to a level that is run again (ResampleSteps).</summary>
        Resample = 6,
    }

    /// <summary>How much a log tells.</summary>
    public enum LogLevel
    {
        /// <summary>No messages.</summary>
        None = 0,

        /// <summary>Log level: something failed.</summary>
        Error = 1,

        /// <summary>Log level: something is probably not as you want it.</summary>
        Warn = 2,

        /// <summary>Log level: what was chosen (library path, provider, threads).</summary>
        Info = 3,

        /// <summary>Log level: for debugging this library.</summary>
        Debug = 4,
    }

    /// <summary>Score-matching objectives.</summary>
    public enum Objective
    {
        /// <summary>Denoising score matching: 1/2 E||s + z/sigma||^2.</summary>
        Dsm = 1,

        /// <summary>Implicit score matching: E[tr J + 1/2 ||s||^2], J the Jacobian of the score in
        /// x.</summary>
        Ism = 2,

        /// <summary>Sliced score matching: E[v'Jv + 1/2 (v's)^2], v random signs.</summary>
        Ssm = 3,

        /// <summary>Sliced score matching with reduced variance: E[v'Jv + 1/2 ||s||^2].</summary>
        SsmVR = 4,

        /// <summary>Projected score matching against a given score: 1/2 E(v's - v's*)^2.</summary>
        Psm = 5,

        /// <summary>Explicit score matching against a given score: 1/2 E||s - s*||^2.</summary>
        Esm = 6,
    }

    /// <summary>What a finding of the validator is about.</summary>
    public enum Check
    {
        /// <summary>Finding: whether there was enough data to tell.</summary>
        Data = 1,

        /// <summary>Finding: whether all outputs are finite.</summary>
        Finite = 2,

        /// <summary>Finding: whether the output changes with x.</summary>
        Constant = 3,

        /// <summary>Finding: whether the same x gives the same output twice.</summary>
        Repeatable = 4,

        /// <summary>Finding: whether a sample's output depends on the others of its batch.</summary>
        Batch = 5,

        /// <summary>Finding: whether the conditioning is used, and holds what it should.</summary>
        Conditioning = 6,

        /// <summary>Finding: whether the labels are used.</summary>
        Labels = 7,

        /// <summary>Finding: the precision that the network computes in.</summary>
        Precision = 8,

        /// <summary>Finding: what the output means.</summary>
        Output = 9,

        /// <summary>Finding: the sign of the output.</summary>
        Sign = 10,

        /// <summary>Finding: the order of the levels, or the direction of time.</summary>
        LevelOrder = 11,

        /// <summary>Finding: the range of the data.</summary>
        DataRange = 12,

        /// <summary>Finding: the scale of the noise levels.</summary>
        SigmaScale = 13,

        /// <summary>Finding: what x is multiplied with, and sigma_data.</summary>
        InputScaling = 14,

        /// <summary>Finding: how well the score fits at each level.</summary>
        Fit = 15,
    }

    /// <summary>How bad a finding is.</summary>
    public enum Severity
    {
        /// <summary>A finding that is as it should be.</summary>
        Ok = 1,

        /// <summary>A finding that is worth knowing.</summary>
        Note = 2,

        /// <summary>Probably not as wanted; samples can still be right.</summary>
        Warning = 3,

        /// <summary>Samples will be wrong.</summary>
        Error = 4,
    }

    /// <summary>What tuning does with the file of earlier results.</summary>
    public enum TuneCache
    {
        /// <summary>Take an earlier result where there is one, keep this one where not.</summary>
        Use = 1,

        /// <summary>Measure anew, and keep that.</summary>
        Renew = 2,

        /// <summary>Neither read nor write a file.</summary>
        Off = 3,
    }

    /// <summary>What became of a way to run a network.</summary>
    public enum TuneVerdict
    {
        /// <summary>The fastest of the accurate ones, or as fast and simpler.</summary>
        Chosen = 1,

        /// <summary>As fast as the fastest, within 3 %, and less simple.</summary>
        AsFast = 2,

        /// <summary>Slower.</summary>
        Slower = 3,

        /// <summary>Its error exceeds the bound.</summary>
        Inexact = 4,

        /// <summary>It cannot be used; the reason says why.</summary>
        Failed = 5,

        /// <summary>It was not tried; the reason says why.</summary>
        Untried = 6,
    }
}
