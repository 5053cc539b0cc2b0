//! What can be said on the command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use ncsn::ValueRange;

use crate::bench::BenchArgs;
use crate::chain_args::{ChainArgs, ClassArgs};
pub use crate::model_args::{ContractArgs, DataArgs, ModelArgs, RuntimeArgs};
use crate::values::{self, Ladder, kind};

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    the check failed: the model is not what it says, or says too little
  2    wrong usage or bad input
  3    the model or ONNX Runtime cannot be used
  130  interrupted (Ctrl-C)

Results go to stdout, everything else to stderr. `ncsn COMMAND --help` tells all options of a
command, `ncsn COMMAND -h` the usual ones.";

/// Look at a noise conditional score network (ONNX), check it, and draw samples from it.
#[derive(Debug, Parser)]
#[command(name = "ncsn", after_help = EXIT_CODES, max_term_width = 100)]
#[command(disable_version_flag = true, arg_required_else_help = true)]
#[command(disable_help_subcommand = true)]
pub struct Cli {
    /// Print the versions of the library, its C ABI, and the ONNX Runtime found
    #[arg(short = 'V', long, exclusive = true)]
    pub version: bool,

    /// Tell what is chosen and why, on stderr
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show what a model file holds, what is known about it, and what is missing
    Inspect(InspectArgs),
    /// Tell whether a model is what it says, from some samples of its data or none
    Validate(ValidateArgs),
    /// Evaluate a score-matching objective at each noise level
    Evaluate(EvaluateArgs),
    /// Recommend noise levels and a step size for data, or for a model's own levels
    Recommend(RecommendArgs),
    /// Draw samples: a grid of pictures, an animation, or numbers for NumPy
    Sample(Box<SampleArgs>),
    /// Find what runs a model fastest without losing accuracy: providers, threads, precisions
    Tune(TuneArgs),
    /// Compare samplers: how good their samples are for how many evaluations
    BenchQuality(Box<BenchArgs>),
    /// Write facts about a model into its file, as ncsn.* metadata
    Annotate(AnnotateArgs),
    /// Print a script that completes these commands in a shell
    Completions {
        /// Which shell
        shell: clap_complete::Shell,
    },
}

/// `ncsn inspect`
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// `ncsn validate`
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// At most this many levels, spread over the ladder; 0: all
    #[arg(long, value_name = "N", default_value_t = 12)]
    pub max_levels: usize,

    /// Samples evaluated at once [default: chosen]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u32>,

    /// Draw loss and slope per level (PNG)
    #[arg(long, value_name = "FILE", help_heading = "Output", requires = "data")]
    pub plot: Option<PathBuf>,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// `ncsn evaluate`
#[derive(Debug, Args)]
pub struct EvaluateArgs {
    /// The objective
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Wish::Dsm)]
    pub objective: Wish,

    /// The model whose score psm and esm compare with
    #[arg(long, value_name = "MODEL")]
    pub target: Option<PathBuf>,

    /// Seed of the noise and of the random directions
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Noise levels to evaluate at, largest first, instead of the model's
    #[arg(long, value_name = "LADDER|FILE", value_parser = values::ladder)]
    pub schedule: Option<Ladder>,

    /// At most this many of the model's levels, spread over the ladder; 0: all
    #[arg(long, value_name = "N", default_value_t = 0, conflicts_with = "schedule")]
    pub max_levels: usize,

    /// Random directions per sample
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub directions: u32,

    /// Step of the central differences, in units of the noise level
    #[arg(long, value_name = "H", default_value_t = 0.01)]
    pub difference: f64,

    /// Samples evaluated at once [default: chosen]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u32>,

    /// Draw the loss per level (PNG)
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub plot: Option<PathBuf>,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub data: DataArgs,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// An objective by the name that the literature uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Wish {
    /// Denoising score matching
    Dsm,
    /// The same, weighted by sigma^2 and averaged over the levels
    Mdsm,
    /// Implicit score matching
    Ism,
    /// Sliced score matching
    Ssm,
    /// Sliced score matching with reduced variance
    SsmVr,
    /// Projected, against the score of --target
    Psm,
    /// Explicit, against the score of --target
    Esm,
}

/// `ncsn recommend`
#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// A model: recommends for its levels' ends and its samples' size
    #[arg(value_name = "MODEL", conflicts_with_all = ["data", "dimension", "diameter"])]
    pub model: Option<PathBuf>,

    /// Samples that tell dimension and diameter (as --data of validate)
    #[arg(long, value_name = "PATH", conflicts_with_all = ["dimension", "diameter"])]
    pub data: Option<PathBuf>,

    /// Samples to use, spread evenly over the data; 0: all
    #[arg(long, value_name = "N", requires = "data", default_value_t = 0)]
    pub count: usize,

    /// Range that pixels are mapped to [default: unit]
    #[arg(long, value_name = "RANGE", value_parser = kind!(ValueRange), requires = "data")]
    pub range: Option<ValueRange>,

    /// D, floats in a sample
    #[arg(long, value_name = "D", requires = "diameter")]
    pub dimension: Option<usize>,

    /// Largest distance between two samples; becomes the largest level
    #[arg(long, value_name = "X", requires = "dimension")]
    pub diameter: Option<f64>,

    /// Smallest level [default: 0.01, or the model's]
    #[arg(long, value_name = "X")]
    pub sigma_min: Option<f64>,

    /// T, steps at each level [default: 5, or the model's]
    #[arg(long, value_name = "T")]
    pub steps: Option<u32>,

    /// How much of the shell of one level the next one covers
    #[arg(long, value_name = "C", default_value_t = 0.567)]
    pub coverage: f64,

    /// This many levels, instead of those that the coverage asks for
    #[arg(long, value_name = "L", conflicts_with = "coverage")]
    pub levels: Option<usize>,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// `ncsn tune`
#[derive(Debug, Args)]
pub struct TuneArgs {
    /// Samples evaluated at once [default: as many as `ncsn sample` takes]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u32>,

    /// Largest error of the score: relative, root mean square, at the worst level
    #[arg(long, value_name = "E", default_value_t = 1e-4, allow_negative_numbers = true)]
    pub max_error: f64,

    /// About how long it may take
    #[arg(long, value_name = "S", default_value_t = 20.0, allow_negative_numbers = true)]
    pub seconds: f64,

    /// Compare at most at this many levels, spread over the ladder; 0: all
    #[arg(long, value_name = "N", default_value_t = 6)]
    pub max_levels: usize,

    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Measure anew where there is an earlier result
    #[arg(long, help_heading = "Cache")]
    pub again: bool,

    /// Neither take nor keep a result
    #[arg(long, help_heading = "Cache", conflicts_with = "again")]
    pub no_cache: bool,

    /// The folder of results [default: $NCSN_CACHE_DIR, or ncsn in the user's caches]
    #[arg(long, value_name = "DIR", help_heading = "Cache", conflicts_with = "no_cache")]
    pub cache_dir: Option<PathBuf>,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// When to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ShowProgress {
    /// On a terminal
    Auto,
    /// In lines where there is no terminal
    Always,
    /// Not at all
    Never,
}

/// `ncsn sample`
#[derive(Debug, Args)]
pub struct SampleArgs {
    /// Where to write: .png (grid or scatter plot), .npy (float32) or .gif; may be repeated
    #[arg(short, long, value_name = "FILE", required = true)]
    pub output: Vec<PathBuf>,

    /// Number of samples [default: 64, or as many as there are labels]
    #[arg(short = 'n', long)]
    pub count: Option<u32>,

    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// Index of the first sample: sample k of a job is the same however the job is cut
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub first_sample: u64,

    /// Samples evaluated at once [default: chosen]
    #[arg(long, value_name = "N")]
    pub batch_size: Option<u32>,

    /// Run on the engine that `ncsn tune` finds fastest, tuning first if that has not been done
    #[arg(long)]
    pub tuned: bool,

    /// With --tuned: largest error of the score that an engine may have [default: 1e-4]
    #[arg(long, value_name = "E", requires = "tuned", allow_negative_numbers = true)]
    pub max_error: Option<f64>,

    #[command(flatten)]
    pub chain: ChainArgs,

    #[command(flatten)]
    pub class: ClassArgs,

    #[command(flatten)]
    pub picture: PictureArgs,

    /// When to show progress
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ShowProgress::Auto)]
    #[arg(help_heading = "Output")]
    pub progress: ShowProgress,

    /// Print a JSON summary
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// Pictures.
#[derive(Debug, Args)]
#[command(next_help_heading = "Pictures")]
pub struct PictureArgs {
    /// Pictures in a row of the grid [default: about as many as rows]
    #[arg(long, value_name = "N")]
    pub columns: Option<u32>,

    /// Pixels a side for each pixel of a sample
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub zoom: u32,

    /// Frames of an animation, at most
    #[arg(long, value_name = "N", default_value_t = 48, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub frames: u32,

    /// Milliseconds a frame of an animation is shown
    #[arg(long, value_name = "MS", default_value_t = 80, value_parser = clap::value_parser!(u32).range(20..=60_000))]
    pub frame_time: u32,

    /// What an animation shows
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Show::Denoised)]
    pub show: Show,
}

/// What an animation shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Show {
    /// The denoised estimate
    Denoised,
    /// The chains as they are
    State,
}

/// `ncsn annotate`
#[derive(Debug, Args)]
pub struct AnnotateArgs {
    /// A metadata key (ncsn. may be left out) and its value; KEY= removes it; may be repeated
    #[arg(long, value_name = "KEY=VALUE", value_parser = values::pair)]
    pub set: Vec<(String, String)>,

    /// Where to write the annotated file
    #[arg(short, long, value_name = "FILE", required_unless_present = "in_place")]
    pub output: Option<PathBuf>,

    /// Change the file itself
    #[arg(long, conflicts_with = "output")]
    pub in_place: bool,

    /// Overwrite the output file if it is there
    #[arg(long)]
    pub force: bool,

    /// Write even what is not a complete contract yet
    #[arg(long)]
    pub incomplete: bool,

    /// Print JSON
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}
