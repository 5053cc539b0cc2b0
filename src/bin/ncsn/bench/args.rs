//! The options of `ncsn bench-quality`.

use std::path::PathBuf;

use clap::Args;
use ncsn::SamplerKind;

use super::rows::{self, Spacing};
use crate::args::ShowProgress;
use crate::model_args::ModelArgs;
use crate::values::{self, Labels};

/// `ncsn bench-quality`
#[derive(Debug, Args)]
pub struct BenchArgs {
    /// The classifier (ONNX) that judges: input in [0, 1], outputs features and logits
    #[arg(long, value_name = "FILE")]
    pub judge: PathBuf,

    /// Real samples to compare with (as --data of validate) [default: what the judge's file tells]
    #[arg(long, value_name = "DATA")]
    pub reference: Option<PathBuf>,

    /// Number of samples of each row
    #[arg(long, value_name = "N", default_value_t = 2000)]
    #[arg(value_parser = clap::value_parser!(u32).range(2..=1_000_000))]
    pub samples: u32,

    /// Seed of the noise
    #[arg(long, default_value_t = 0)]
    pub seed: u64,

    /// The class of each sample, for class-conditional models, repeated as needed: 0,1,2 or a file
    #[arg(long, value_name = "LIST|FILE", value_parser = values::labels)]
    #[arg(allow_hyphen_values = true)]
    pub labels: Option<Labels>,

    #[command(flatten)]
    pub levels: LevelArgs,

    /// Networks that are evaluated at once, each with --threads threads, or 1; the samples are the
    /// same for any number
    #[arg(long, value_name = "J", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=256))]
    pub jobs: u32,

    /// Where to write table.md, quality.json and quality.png
    #[arg(short, long, value_name = "DIR", help_heading = "Output")]
    pub output: PathBuf,

    /// Keep the samples of each row here, and go on from those that are here
    #[arg(long, value_name = "DIR", help_heading = "Output")]
    pub keep: Option<PathBuf>,

    /// When to show progress
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = ShowProgress::Auto)]
    #[arg(help_heading = "Output")]
    pub progress: ShowProgress,

    /// Print the contents of quality.json instead of the table
    #[arg(long, help_heading = "Output")]
    pub json: bool,

    #[command(flatten)]
    pub model: ModelArgs,
}

/// Which rows there are.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rows")]
pub struct LevelArgs {
    /// The samplers [default: all]
    #[arg(long, value_name = "LIST", value_delimiter = ',', value_parser = rows::sampler())]
    pub samplers: Vec<SamplerKind>,

    /// Numbers of network evaluations that a sample may take
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "5,10,20,50,100,300")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub nfe: Vec<u32>,

    /// Tolerances, relative and absolute, of samplers that choose their steps
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "0.1,0.01,0.001")]
    pub tolerances: Vec<f64>,

    /// How all samplers space their levels [default: each its own way]
    #[arg(long, value_name = "HOW", value_enum)]
    pub schedule: Option<Spacing>,

    /// Largest level of all samplers [default: each its own]
    #[arg(long, value_name = "X")]
    pub sigma_max: Option<f64>,

    /// Smallest level of all samplers [default: each its own]
    #[arg(long, value_name = "X")]
    pub sigma_min: Option<f64>,

    /// rho of the spacing karras [default: 7]
    #[arg(long, value_name = "RHO")]
    pub rho: Option<f64>,
}
