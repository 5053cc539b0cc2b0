//! The options that commands have in common: a model, how to understand it, what runs it, and data.

use std::path::PathBuf;

use clap::{ArgAction, Args};
use ncsn::{Conditioning, InputScaling, OffLadder, Output, Provider, ValueRange};

use crate::data::OwnRange;
use crate::values::{self, Ladder, List, Shape, kind};

/// A model and how to understand and run it.
#[derive(Debug, Args)]
pub struct ModelArgs {
    /// The ONNX file
    #[arg(value_name = "MODEL", help_heading = None)]
    pub path: PathBuf,

    #[command(flatten)]
    pub contract: ContractArgs,

    #[command(flatten)]
    pub runtime: RuntimeArgs,
}

/// What the file's metadata say, or should.
#[derive(Debug, Args)]
#[command(next_help_heading = "Contract (instead of what the file's metadata say)")]
pub struct ContractArgs {
    /// What the noise level input holds
    #[arg(long, value_name = "KIND", value_parser = kind!(Conditioning), hide_short_help = true)]
    pub conditioning: Option<Conditioning>,

    /// Scale of the kinds affine_log and time_scaled
    #[arg(long, value_name = "X", hide_short_help = true, allow_negative_numbers = true)]
    pub conditioning_scale: Option<f64>,

    /// Shift of the kind affine_log
    #[arg(long, value_name = "X", hide_short_help = true, allow_negative_numbers = true)]
    pub conditioning_shift: Option<f64>,

    /// One conditioning value per level, for the kind table
    #[arg(long, value_name = "LIST|FILE", value_parser = values::list, hide_short_help = true)]
    #[arg(allow_negative_numbers = true)]
    pub table: Option<List>,

    /// What the output means
    #[arg(long, value_name = "KIND", value_parser = kind!(Output), hide_short_help = true)]
    pub output_kind: Option<Output>,

    /// What x is multiplied with before the network sees it
    #[arg(long, value_name = "KIND", value_parser = kind!(InputScaling), hide_short_help = true)]
    pub input_scaling: Option<InputScaling>,

    /// The network's noise levels, largest first: 1,0.5,0.1 or MAX:MIN:LEVELS or a file
    #[arg(long, value_name = "LADDER|FILE", value_parser = values::ladder)]
    #[arg(hide_short_help = true)]
    pub sigmas: Option<Ladder>,

    /// Standard deviation of the data
    #[arg(long, value_name = "X", hide_short_help = true)]
    pub sigma_data: Option<f64>,

    /// Range of the data
    #[arg(long, value_name = "RANGE", value_parser = kind!(ValueRange), hide_short_help = true)]
    pub range: Option<ValueRange>,

    /// Shape of one sample, where the file leaves it open: C,H,W
    #[arg(long, value_name = "DIMS", value_parser = values::shape, hide_short_help = true)]
    pub shape: Option<Shape>,

    /// Number of classes; 0: unconditional
    #[arg(long, value_name = "K", hide_short_help = true)]
    pub classes: Option<u32>,

    /// The label that stands for no class
    #[arg(long, value_name = "LABEL", hide_short_help = true)]
    pub null_class: Option<i64>,

    /// What to do between the levels of a network that knows only those
    #[arg(long, value_name = "WHAT", value_parser = kind!(OffLadder), hide_short_help = true)]
    pub off_ladder: Option<OffLadder>,

    /// The input for x
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub input_name: Option<String>,

    /// The input for the noise level
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub conditioning_name: Option<String>,

    /// The input for the class
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub class_name: Option<String>,

    /// The output
    #[arg(long, value_name = "NAME", hide_short_help = true)]
    pub output_name: Option<String>,

    /// A further input that is filled with a constant; may be repeated
    #[arg(long, value_name = "NAME=X", value_parser = values::constant, hide_short_help = true)]
    pub aux: Vec<(String, f64)>,

    /// Whether only the first channels of the output are the estimate
    #[arg(long, value_name = "true|false", hide_short_help = true, action = ArgAction::Set)]
    pub first_channels: Option<bool>,
}

/// What runs the network.
#[derive(Debug, Args)]
#[command(next_help_heading = "Runtime")]
pub struct RuntimeArgs {
    /// Execution providers in order of preference [default: cpu]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = values::provider())]
    #[arg(hide_short_help = true)]
    pub provider: Vec<Provider>,

    /// An option for a provider, as ONNX Runtime documents it; may be repeated
    #[arg(long, value_name = "PROVIDER.KEY=VALUE", hide_short_help = true)]
    #[arg(value_parser = values::pair)]
    pub provider_option: Vec<(String, String)>,

    /// Device number for the provider
    #[arg(long, value_name = "N", default_value_t = 0, hide_short_help = true)]
    #[arg(allow_negative_numbers = true)]
    pub device: i32,

    /// End on the CPU when no provider of the list can be used
    #[arg(long, hide_short_help = true)]
    pub fallback: bool,

    /// Threads that one evaluation may use [default: all]
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub threads: Option<u32>,

    /// Let threads inside operators spin while they wait [default: on a machine that is not busy]
    #[arg(long, hide_short_help = true, conflicts_with = "no_spinning")]
    pub spinning: bool,

    /// Let threads inside operators sleep while they wait
    #[arg(long, hide_short_help = true)]
    pub no_spinning: bool,

    /// Pad evaluations to a multiple of N samples
    #[arg(long, value_name = "N", hide_short_help = true)]
    pub row_multiple: Option<u32>,

    /// Run the graph as the file has it, unedited
    #[arg(long, hide_short_help = true)]
    pub no_graph_help: bool,

    /// Keep graphs as ONNX Runtime has prepared them in this folder, to start faster the next time
    #[arg(long, value_name = "DIR", value_hint = clap::ValueHint::DirPath, hide_short_help = true)]
    pub graph_cache: Option<PathBuf>,

    /// ONNX Runtime's shared library
    #[arg(long, value_name = "FILE", hide_short_help = true)]
    pub runtime: Option<PathBuf>,

    /// Compare the network's output with the file's self-check first
    #[arg(long, hide_short_help = true)]
    pub selfcheck: bool,
}

/// The user's samples.
#[derive(Debug, Args)]
#[command(next_help_heading = "Data")]
pub struct DataArgs {
    /// A folder of pictures, an array (.npy: [samples, ...]), or an IDX file (MNIST; also .gz)
    #[arg(long, value_name = "PATH")]
    pub data: Option<PathBuf>,

    /// The class of each sample, for class-conditional models (.npy or .idx)
    #[arg(long, value_name = "FILE", requires = "data")]
    pub labels: Option<PathBuf>,

    /// Samples to use, spread evenly over the data; 0: all
    #[arg(long, value_name = "N", default_value_t = 256)]
    pub count: usize,

    /// Scale pictures to the model's height and width
    #[arg(long, requires = "data")]
    pub resize: bool,

    /// What the data's numbers mean; they are mapped to the model's range
    #[arg(long, value_name = "RANGE", value_enum, default_value_t = OwnRange::Auto)]
    #[arg(hide_short_help = true)]
    pub data_range: OwnRange,
}
