//! What a run will hold, told before it begins.

use super::state::{ChainState, Scratch};
use crate::error::Result;
use crate::image::OutputFormat;
use crate::model::Model;
use crate::params::SampleParams;
use crate::plan::Plan;

/// Memory for sampling, in bytes. See [`Model::estimate_memory`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// The network's weights, as often as they are held.
    pub weights: u64,
    /// What the network's evaluations use at a time beside them.
    pub evaluation: u64,
    /// The run: its chains, what the sampler remembers of them, previews.
    pub run: u64,
    /// Samples that are evaluated at a time, on all threads.
    pub rows_at_once: u64,
}

impl Memory {
    /// All of it.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.weights + self.evaluation + self.run
    }
}

impl Model {
    /// What a run with these parameters will hold: an upper bound for what is known exactly (the chains)
    /// or was measured (the network, which is evaluated a few times for it), in which the code of the
    /// libraries and the buffer for the samples have no part. Packed copies of weights that ONNX Runtime may
    /// keep are not known, nor is what a GPU holds.
    ///
    /// # Errors
    /// Those of [`Run::begin`](crate::Run::begin) for the parameters, and of the network.
    pub fn estimate_memory(&self, params: &SampleParams) -> Result<Memory> {
        let plan = Plan::resolve(self, params)?;
        let elements = self.contract().elements();
        let footprint = self.footprint(plan.batch_size as usize, &plan)?;
        let pixels = match plan.output_format {
            OutputFormat::F32 => 0,
            _ if plan.preview_every == 0 => 0,
            _ => plan.output_bytes(self.contract())? as u64,
        };
        let run = ChainState::bytes(&plan, elements) + Scratch::bytes(&plan, elements) + pixels;
        Ok(Memory {
            weights: footprint.weights,
            evaluation: footprint.evaluation,
            run,
            // A function of the host's own gets a whole batch.
            rows_at_once: match footprint.rows_at_once {
                0 => u64::from(plan.batch_size),
                rows => rows as u64,
            },
        })
    }

    fn footprint(&self, rows: usize, plan: &Plan) -> Result<crate::model::Footprint> {
        let x = crate::error::zeroed(rows * self.contract().elements(), "one micro-batch")?;
        let labels = plan.labels.as_ref().map(|labels| {
            // Any labels will do; a batch may be as long as the run.
            labels.iter().copied().cycle().take(rows).collect::<Vec<_>>()
        });
        let sigma = plan.sigmas[plan.start_level as usize];
        self.measure(&x, sigma, labels.as_deref())
    }
}
