//! The options of the Markov chains: all that a request to the library can say. What is not said is
//! the model's own or chosen for it.

use std::path::PathBuf;

use clap::Args;
use ncsn::{NoiseNorm, SamplerKind, StepConvention};

use crate::data::OwnRange;
use crate::values::{self, Labels, Levels, kind};

/// The chains.
#[derive(Debug, Args)]
pub struct ChainArgs {
    #[command(flatten)]
    pub sampler: SamplerArgs,

    #[command(flatten)]
    pub ladder: LadderArgs,

    #[command(flatten)]
    pub single: SingleArgs,

    #[command(flatten)]
    pub given: GivenArgs,
}

/// The algorithm.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sampler")]
pub struct SamplerArgs {
    /// Algorithm; auto chooses it and the levels, for the model and --nfe
    #[arg(long, value_name = "KIND", value_parser = kind!(SamplerKind))]
    pub sampler: Option<SamplerKind>,

    /// What auto may spend on a sample, in network evaluations; implies --sampler auto [default: 40]
    #[arg(long, value_name = "N")]
    pub nfe: Option<u32>,

    /// Steps at each level (Langevin dynamics), or parts to divide it into (consistent_annealed)
    #[arg(long, value_name = "T")]
    pub steps: Option<u32>,

    /// Step size: epsilon of (consistent) annealed, a of plain Langevin dynamics
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub step_size: Option<f64>,

    /// The same as a signal-to-noise ratio; of predictor_corrector that of the corrector
    #[arg(long, value_name = "R", conflicts_with = "step_size", allow_negative_numbers = true)]
    pub snr: Option<f64>,

    /// Spelling of the update that --step-size belongs to [default: the model's]
    #[arg(long, value_name = "KIND", value_parser = kind!(StepConvention), requires = "step_size")]
    pub convention: Option<StepConvention>,

    /// Denoise at the end
    #[arg(long, overrides_with = "no_denoise")]
    pub denoise: bool,

    /// Do not denoise at the end
    #[arg(long)]
    pub no_denoise: bool,
}

/// Which noise levels are run.
#[derive(Debug, Args)]
#[command(next_help_heading = "Noise levels")]
pub struct LadderArgs {
    /// model, geometric (also called exponential), karras; or the levels themselves, largest first:
    /// 1,0.5,0.1 or MAX:MIN:LEVELS or a file
    #[arg(long, value_name = "NAME|LADDER|FILE", value_parser = values::levels)]
    pub schedule: Option<Levels>,

    /// Number of levels; of a geometric schedule where --schedule names none
    #[arg(long, value_name = "L")]
    pub levels: Option<usize>,

    /// Largest level of a geometric or Karras schedule [default: the model's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub sigma_max: Option<f64>,

    /// Smallest level of a geometric or Karras schedule [default: the model's]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub sigma_min: Option<f64>,

    /// Karras schedules are even in sigma^(1/RHO) [default: 7]
    #[arg(long, value_name = "RHO", allow_negative_numbers = true)]
    pub rho: Option<f64>,

    /// First level to run, 0 = largest sigma
    #[arg(long, value_name = "LEVEL", default_value_t = 0)]
    pub start_level: u32,
}

/// What one sampler has and the others do not.
#[derive(Debug, Args)]
#[command(next_help_heading = "Parameters of single samplers")]
pub struct SingleArgs {
    /// predictor_corrector: the predictor [default: reverse_diffusion]
    #[arg(long, value_name = "KIND", value_parser = values::predictor(), hide_short_help = true)]
    pub predictor: Option<SamplerKind>,

    /// predictor_corrector: corrector steps at each level [default: 1]
    #[arg(long, value_name = "M", hide_short_help = true)]
    pub corrector_steps: Option<u32>,

    /// predictor_corrector: norm of the noise in the corrector's step size, each draw's own or the
    /// expected one [default: drawn]
    #[arg(long, value_name = "KIND", value_parser = kind!(NoiseNorm), hide_short_help = true)]
    pub corrector_norm: Option<NoiseNorm>,

    /// euler, heun: stochastic churn S_churn, as Karras et al. [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub churn: Option<f64>,

    /// euler, heun: smallest sigma that is churned [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub churn_min: Option<f64>,

    /// euler, heun: largest sigma that is churned [default: all above the smallest]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub churn_max: Option<f64>,

    /// euler, heun: by how much churn's noise is multiplied [default: 1]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub churn_noise: Option<f64>,

    /// rk45: relative tolerance [default: 0.001]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub rtol: Option<f64>,

    /// rk45: absolute tolerance [default: 0.001]
    #[arg(long, value_name = "X", allow_negative_numbers = true, hide_short_help = true)]
    pub atol: Option<f64>,
}

/// Samples that the user has: to start from, and to complete.
#[derive(Debug, Args)]
#[command(next_help_heading = "Given samples (one for all, or one for each)")]
pub struct GivenArgs {
    /// Where chains start: uniform, normal, mean_plus_noise, or samples (as --data of validate)
    #[arg(long, value_name = "KIND|DATA")]
    pub init: Option<String>,

    /// Add noise of the first level to the samples of --init: with --start-level, image to image
    #[arg(long, requires = "init")]
    pub init_noise: bool,

    /// Samples of which a part is known, to complete (as --data of validate)
    #[arg(long, value_name = "DATA", requires = "mask")]
    pub known: Option<PathBuf>,

    /// Which part: a picture, white where it is known and black where not, or numbers from 1 to 0
    #[arg(long, value_name = "DATA", requires = "known")]
    pub mask: Option<PathBuf>,

    /// Run each level R times, so that what is drawn fits what is known better (RePaint)
    #[arg(long, value_name = "R", requires = "known", default_value_t = 1)]
    pub resample: u32,

    /// Scale pictures to the model's height and width
    #[arg(long)]
    pub resize: bool,

    /// What the numbers in --init and --known mean; they are mapped to the model's range
    #[arg(long, value_name = "RANGE", value_enum, default_value_t = OwnRange::Auto)]
    #[arg(hide_short_help = true)]
    pub data_range: OwnRange,
}

/// What a class-conditional network is asked for.
#[derive(Debug, Args)]
#[command(next_help_heading = "Class")]
pub struct ClassArgs {
    /// The class of all samples; -1: none
    #[arg(long, value_name = "CLASS", allow_negative_numbers = true)]
    #[arg(conflicts_with_all = ["labels", "each_class"])]
    pub label: Option<i64>,

    /// The class of each sample, repeated as needed: 0,1,2 or a file (.npy, .idx)
    #[arg(long, value_name = "LIST|FILE", value_parser = values::labels)]
    #[arg(allow_hyphen_values = true, conflicts_with = "each_class")]
    pub labels: Option<Labels>,

    /// N samples of every class, one class per row
    #[arg(long, value_name = "N", conflicts_with = "count")]
    pub each_class: Option<u32>,

    /// Classifier-free guidance towards the class: s_u + W (s_c - s_u), at twice the evaluations
    #[arg(long, value_name = "W", allow_negative_numbers = true)]
    pub guidance: Option<f64>,
}
