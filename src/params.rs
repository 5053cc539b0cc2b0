//! What to sample and how, as the caller wishes it.

use serde::{Deserialize, Serialize};

use crate::image::OutputFormat;
use crate::model::{InitKind, Model, NoiseNorm, SamplerKind, StepConvention};

/// The noise levels to run.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Schedule {
    /// The model's own.
    #[default]
    Model,
    /// The model's own ladder with another number of levels, evenly spread over it: some of its levels,
    /// or, where the network takes any sigma, levels between them in geometric progression.
    ModelLevels(usize),
    /// In geometric progression, which is also called exponential; `None`: the model's own number or
    /// end.
    Geometric {
        /// Number of levels.
        levels: Option<usize>,
        /// Largest level.
        sigma_max: Option<f64>,
        /// Smallest level.
        sigma_min: Option<f64>,
    },
    /// Evenly spaced in sigma^(1/rho) (Karras et al. 2022, eq. 5); `None`: the model's own number or
    /// end.
    Karras {
        /// Number of levels.
        levels: Option<usize>,
        /// Largest level.
        sigma_max: Option<f64>,
        /// Smallest level.
        sigma_min: Option<f64>,
        /// rho >= 1; `None`: 7.
        rho: Option<f64>,
    },
    /// These, largest first.
    Given(Vec<f64>),
}

/// Where the chains start.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Init {
    /// The model's own for the model's own sampler and for Langevin dynamics, `Normal` for all others.
    #[default]
    Model,
    /// Uniform on [0, 1]^D.
    Uniform,
    /// N(0, sigma^2 I), sigma of the first level run.
    Normal,
    /// These samples, one after another.
    Given(Vec<f32>),
    /// These samples plus N(0, sigma^2 I), sigma of the first level run.
    GivenPlusNoise(Vec<f32>),
    /// m + N(0, sigma^2 I), sigma of the first level run and m = D(0, sigma): the network's estimate of
    /// the data's mean (of a class, where there are labels), for one more evaluation of a single
    /// sample. What chains ought to start from is the data blurred by sigma, whose mean is the data's
    /// own, and few evaluations make up for a wrong one. D(0, sigma) is that mean where sigma is much
    /// larger than the data is wide.
    MeanPlusNoise,
}

impl Init {
    /// The kind alone; `None` for the model's own.
    #[must_use]
    pub fn kind(&self) -> Option<InitKind> {
        match self {
            Self::Model => None,
            Self::Uniform => Some(InitKind::Uniform),
            Self::Normal => Some(InitKind::Normal),
            Self::Given(_) => Some(InitKind::Given),
            Self::GivenPlusNoise(_) => Some(InitKind::GivenPlusNoise),
            Self::MeanPlusNoise => Some(InitKind::MeanPlusNoise),
        }
    }
}

/// Stochastic churn: before its step from sigma_i a sampler adds noise up to (1 + gamma) sigma_i,
/// gamma = min(churn / levels, sqrt 2 - 1), where min <= sigma_i <= max (Karras et al. 2022, algorithm
/// 2).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Churn {
    /// `S_churn`, at least 0; 0: none.
    pub churn: f64,
    /// `S_min`, the smallest sigma that is churned.
    pub min: f64,
    /// `S_max`, the largest sigma that is churned; `None`: all above `min`.
    pub max: Option<f64>,
    /// `S_noise`, by which the noise is multiplied.
    pub noise: f64,
}

impl Default for Churn {
    fn default() -> Self {
        Self { churn: 0.0, min: 0.0, max: None, noise: 1.0 }
    }
}

/// Completing samples of which a part is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Inpaint {
    /// The known samples, one after another, or one for all.
    pub known: Vec<f32>,
    /// As long as `known`: 1 where it is known, 0 where not, and between where they are to be mixed.
    pub mask: Vec<f32>,
    /// How often each level is run, with noise added to go back up in between (`RePaint`, Lugmayr et
    /// al. 2022, algorithm 1); 1: once.
    pub resample: u32,
}

/// Which picture a preview shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreviewKind {
    /// The chains as they are.
    State,
    /// The denoised estimate x + sigma^2 s.
    Denoised,
}

/// A request. [`Model::params`] asks for the model's own values.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleParams {
    /// Algorithm.
    pub sampler: SamplerKind,
    /// For [`SamplerKind::Auto`]: the most network evaluations to spend on a sample; `None`: 40.
    pub nfe_budget: Option<u32>,
    /// Seed of the noise.
    pub seed: u64,
    /// Index of the first sample; sample k has the noise of index `first_sample` + k.
    pub first_sample: u64,
    /// Number of samples, 1 to 2^31 - 1.
    pub sample_count: u32,
    /// Samples evaluated at once; `None`: chosen.
    pub batch_size: Option<u32>,
    /// Noise levels.
    pub schedule: Schedule,
    /// T, steps at each level of Langevin dynamics; for consistent annealed sampling the number of
    /// levels that each is divided into. `None`: the model's for its own sampler, else about a
    /// thousand evaluations in all, as NCSN and NCSNv2 spend, and 1 for consistent annealed sampling.
    pub steps_per_level: Option<u32>,
    /// Spelling of the update that `step_size` belongs to.
    pub step_convention: StepConvention,
    /// epsilon (annealed and consistent annealed) or a (plain Langevin). `None`: the model's for its own
    /// sampler and levels, else NCSNv2's technique 4 (annealed), (1 - g^1.5) sigma_L^2 (consistent annealed, g the
    /// smallest ratio of neighbouring levels).
    pub step_size: Option<f64>,
    /// Signal-to-noise ratio r. For predictor-corrector sampling that of the corrector; `None`: 0.16. For
    /// annealed dynamics another spelling of the step size, c epsilon = 2 r^2 sigma_L^2, which takes the
    /// place of `step_size` when set.
    pub snr: Option<f64>,
    /// Corrector steps at each level of predictor-corrector sampling.
    pub corrector_steps: u32,
    /// What the corrector takes for the norm of its noise.
    pub corrector_norm: NoiseNorm,
    /// The predictor of predictor-corrector sampling.
    pub predictor: SamplerKind,
    /// Churn of Euler's and Heun's method.
    pub churn: Churn,
    /// Relative tolerance of RK45; `None`: 1e-3.
    pub rtol: Option<f64>,
    /// Absolute tolerance of RK45; `None`: 1e-3.
    pub atol: Option<f64>,
    /// Final denoising, which for samplers that move from level to level is their step to sigma = 0.
    /// `None`: the model's for its own sampler, else no for plain Langevin and yes for all others.
    pub denoise: Option<bool>,
    /// Initial state.
    pub init: Init,
    /// First level to run.
    pub start_level: u32,
    /// One class label per sample for class-conditional networks,
    /// [`UNCONDITIONAL`](crate::UNCONDITIONAL) for none; `None`: all unconditional.
    pub labels: Option<Vec<i64>>,
    /// w of classifier-free guidance: the score is `s_u` + w (`s_c` - `s_u`), of the null class and of the
    /// labels (Ho & Salimans 2022, whose w is 1 less). 1: none, at one evaluation; others take two.
    pub guidance_scale: f64,
    /// What is known of the samples beforehand.
    pub inpaint: Option<Inpaint>,
    /// Format of what is read out and previewed.
    pub output_format: OutputFormat,
    /// Bytes from one row of pixels to the next in the 8-bit formats, for textures whose rows are padded;
    /// 0: rows follow each other.
    pub row_pitch: usize,
    /// Steps between previews; 0: none.
    pub preview_every: u32,
    /// What previews show.
    pub preview_kind: PreviewKind,
}

impl Model {
    /// One sample in the model's own way: what its metadata say, and this library's defaults.
    #[must_use]
    pub fn params(&self) -> SampleParams {
        let contract = self.contract();
        SampleParams {
            sampler: contract.sampler,
            nfe_budget: None,
            seed: 0,
            first_sample: 0,
            sample_count: 1,
            batch_size: None,
            schedule: Schedule::Model,
            steps_per_level: None,
            step_convention: contract.step_convention,
            step_size: None,
            snr: None,
            corrector_steps: 1,
            corrector_norm: NoiseNorm::Drawn,
            predictor: SamplerKind::ReverseDiffusion,
            churn: Churn::default(),
            rtol: None,
            atol: None,
            denoise: None,
            init: Init::Model,
            start_level: 0,
            labels: None,
            guidance_scale: 1.0,
            inpaint: None,
            output_format: OutputFormat::F32,
            row_pitch: 0,
            preview_every: 0,
            preview_kind: PreviewKind::Denoised,
        }
    }
}
