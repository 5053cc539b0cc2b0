//! Which engine runs a network fastest without losing accuracy: by trying them.
//!
//! Providers, thread counts and precisions that this process has are opened one after another, their
//! scores are compared with those of the CPU provider, and the accurate ones are timed in turns. What
//! was found is kept in a file for the next process.

mod cache;
mod candidates;
mod choose;
mod inputs;
mod key;
mod measure;
mod report;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::error::{Result, bail};
use crate::model::{Model, kinds};
use crate::ort::{self, Fallback, GraphHelp, ModelOptions, Provider, ProviderOption};
use candidates::Candidate;
use inputs::Inputs;

/// Errors up to this are those of single precision: a lower one need not be tried.
const SINGLE: f64 = 1e-4;
/// A day.
const MOST_SECONDS: f64 = 86_400.0;

kinds! {
    /// What to do with the file of earlier results.
    #[derive(Default)]
    TuneCache {
        /// Take what it has, and write what it has not.
        #[default]
        Use = 1, "use";
        /// Measure anew, and write that.
        Renew = 2, "renew";
        /// Neither read nor write one.
        Off = 3, "off";
    }
}

kinds! {
    /// What became of a candidate.
    #[serde(rename_all = "snake_case")]
    TuneVerdict {
        /// The fastest of those that are accurate, or as fast and simpler.
        Chosen = 1, "chosen";
        /// As fast as the fastest, within the noise of the measurement, and less simple.
        AsFast = 2, "as_fast";
        /// Slower.
        Slower = 3, "slower";
        /// Its error exceeds the bound.
        Inexact = 4, "inexact";
        /// It cannot be used; the reason says why.
        Failed = 5, "failed";
        /// It was not tried; the reason says why.
        Untried = 6, "untried";
    }
}

/// How to tune.
#[derive(Debug, Clone, PartialEq)]
pub struct TuneParams {
    /// Samples evaluated at once; `None`: as many as a sampler takes unless it is told.
    pub batch_size: Option<u32>,
    /// The largest error that is accepted: of the score, relative, root mean square over the samples,
    /// at the worst level. Default 1e-4, which single precision keeps and no lower one does.
    pub max_error: f64,
    /// About how long it may take, in seconds. Default 20. An engine whose making has begun is
    /// finished.
    pub seconds: f64,
    /// At most this many of the model's levels, spread evenly, both ends among them; 0: all.
    /// Default 6.
    pub max_levels: usize,
    /// Seed of the noise.
    pub seed: u64,
    /// What to do with the file of earlier results.
    pub cache: TuneCache,
    /// The folder of such files; `None`: the environment variable NCSN_CACHE_DIR, or `ncsn` in the
    /// user's folder for caches.
    pub cache_dir: Option<PathBuf>,
}

impl Default for TuneParams {
    fn default() -> Self {
        Self {
            batch_size: None,
            max_error: SINGLE,
            seconds: 20.0,
            max_levels: 6,
            seed: 0,
            cache: TuneCache::Use,
            cache_dir: None,
        }
    }
}

/// One way to run the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TuneRow {
    /// What it is, e.g. "OpenVINO f32, 2 threads".
    pub candidate: String,
    /// What became of it.
    pub verdict: TuneVerdict,
    /// Seconds for one evaluation of the batch: the median over the rounds; of one that was given up
    /// before them, the least of a few. `None`: not measured.
    pub seconds: Option<f64>,
    /// The same relative to the first row, which is the model as it would be opened without tuning.
    pub ratio: Option<f64>,
    /// The error at the worst level, as [`TuneParams::max_error`] has it. `None`: not measured.
    pub error: Option<f64>,
    /// That level's sigma; `None` where there is no error at all.
    pub sigma: Option<f64>,
    /// Why it failed or was not tried, or empty.
    pub reason: String,
}

/// The options that were chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TuneChoice {
    /// Providers in order.
    pub providers: Vec<Provider>,
    /// Options passed through to them.
    pub provider_options: Vec<ProviderOption>,
    /// Threads inside one evaluation.
    pub intra_threads: u32,
    /// Whether the graph is edited at load.
    pub graph_help: GraphHelp,
}

/// What [`tune`] found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tuning {
    /// What was tried; the first row is the model as it would be opened without tuning.
    pub rows: Vec<TuneRow>,
    /// Index of the chosen row.
    pub chosen: usize,
    /// The options of the chosen row.
    pub choice: TuneChoice,
    /// The samples of a batch.
    pub batch_size: u32,
    /// The bound on the error.
    pub max_error: f64,
    /// How often each was timed; 0: the time was up before the rounds.
    pub rounds: u32,
    /// Whether the time sufficed to try all candidates, and for three rounds.
    pub complete: bool,
    /// The time that was given, in seconds.
    pub seconds: f64,
    /// Version of ONNX Runtime.
    pub runtime_version: String,
    /// Whether this is an earlier result.
    #[serde(skip)]
    pub from_cache: bool,
    /// The file that has the result; `None`: none has.
    #[serde(skip)]
    pub cache_file: Option<PathBuf>,
}

impl Tuning {
    /// `options` with what was chosen in the place of its providers, their options, its threads and
    /// its graph help.
    #[must_use]
    pub fn apply(&self, options: &ModelOptions) -> ModelOptions {
        ModelOptions {
            providers: self.choice.providers.clone(),
            provider_options: self.choice.provider_options.clone(),
            intra_threads: self.choice.intra_threads,
            graph_help: self.choice.graph_help,
            ..options.clone()
        }
    }
}

/// Tries the ways to run the network of an ONNX file, and chooses the fastest whose scores are as
/// accurate as asked.
///
/// `options` are those that the model is to be opened with. They bound the search: providers that
/// are listed are the only ones to be tried, alone and (where it is listed, too) with the CPU's help;
/// `intra_threads` is the most; without graph help there is none. Unsaid: everything that the ONNX Runtime
/// has, up to as many threads as this process may use.
///
/// # Errors
/// Those of [`Model::open`] with these options; [`Error::Argument`](crate::Error::Argument) for
/// parameters out of range and a model without noise levels;
/// [`Error::Unsupported`](crate::Error::Unsupported) when nothing that the options allow is accurate
/// enough. A cache that cannot be read or written is a warning in the log.
pub fn tune(path: impl AsRef<Path>, options: &ModelOptions, params: &TuneParams) -> Result<Tuning> {
    let path = path.as_ref();
    let bytes = ort::read(path)?;
    tune_source(&bytes, &|options| Model::open(path, options), options, params)
}

/// As [`tune`], for the bytes of an ONNX file.
///
/// # Errors
/// As [`tune`].
pub fn tune_bytes(bytes: &[u8], options: &ModelOptions, params: &TuneParams) -> Result<Tuning> {
    tune_source(bytes, &|options| Model::from_bytes(bytes, options), options, params)
}

/// Opens the network with other options.
type Open<'a> = &'a dyn Fn(&ModelOptions) -> Result<Model>;

fn tune_source(
    bytes: &[u8],
    open: Open<'_>,
    options: &ModelOptions,
    params: &TuneParams,
) -> Result<Tuning> {
    check(params)?;
    let runtime = ort::runtime(options.runtime_path.as_deref())?;
    let present = ort::providers(options.runtime_path.as_deref())?;
    let cores = ort::threads(options);
    let key = key::key(bytes, options, params, &runtime, cores);
    let file = match params.cache {
        TuneCache::Off => None,
        _ => cache::file(params.cache_dir.as_deref(), &key),
    };
    if let (TuneCache::Use, Some(file)) = (params.cache, &file)
        && let Some(found) = cache::load(file, &key, params)
    {
        return Ok(found);
    }
    let candidates = candidates::candidates(options, &present, cores, params.max_error);
    let start = Instant::now();
    let now = || start.elapsed().as_secs_f64();
    let mut found = run(&candidates, open, params, &now)?;
    found.runtime_version = runtime.version;
    if let Some(file) = file
        && cache::store(&file, &key, &found)
    {
        found.cache_file = Some(file);
    }
    Ok(found)
}

fn check(params: &TuneParams) -> Result<()> {
    if !(params.max_error.is_finite() && params.max_error >= 0.0) {
        bail!(Argument, "max_error = {} is no bound on an error", params.max_error);
    }
    if !(params.seconds > 0.0 && params.seconds <= MOST_SECONDS) {
        bail!(Argument, "seconds = {} is not in (0, {MOST_SECONDS}]", params.seconds);
    }
    if params.batch_size == Some(0) {
        bail!(Argument, "batch_size = 0: an evaluation needs a sample");
    }
    Ok(())
}

/// Measures and chooses. `now` tells the seconds since the start.
fn run(
    candidates: &[Candidate],
    open: Open<'_>,
    params: &TuneParams,
    now: &dyn Fn() -> f64,
) -> Result<Tuning> {
    let inputs = Inputs::new(&open(&reference(&candidates[0].options))?, params)?;
    let measured = measure::measure(candidates, open, &inputs, params, now)?;
    let Some(chosen) = choose::choose(&measured.results, params.max_error) else {
        bail!(Unsupported, "{}", report::nothing(candidates, &measured.results, params.max_error));
    };
    let options = &candidates[chosen].options;
    Ok(Tuning {
        rows: report::rows(candidates, &measured.results, chosen, params.max_error),
        chosen,
        choice: TuneChoice {
            providers: options.providers.clone(),
            provider_options: options.provider_options.clone(),
            intra_threads: options.intra_threads,
            graph_help: options.graph_help,
        },
        batch_size: inputs.batch_size(),
        max_error: params.max_error,
        rounds: measured.rounds,
        complete: measured.complete,
        seconds: params.seconds,
        runtime_version: String::new(),
        from_cache: false,
        cache_file: None,
    })
}

/// What scores are compared with: the graph as the file has it, on the CPU.
fn reference(options: &ModelOptions) -> ModelOptions {
    ModelOptions {
        providers: Vec::new(),
        provider_options: Vec::new(),
        fallback: Fallback::Error,
        graph_help: GraphHelp::Off,
        ..options.clone()
    }
}
