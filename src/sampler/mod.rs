//! The sampling algorithms. Each is written for one micro-batch of chains against a score model,
//! and knows neither what network is behind it nor how a run is cut up.
//!
//! A new sampler is a file here that implements [`Sampler`] and a line in [`build`].

mod adaptive;
mod annealed;
mod chains;
mod consistent;
mod corrector;
mod dpmpp;
mod edm;
mod langevin;
mod numeric;
mod own_levels;
mod predictor;
mod supply;
mod unipc;

pub(crate) use adaptive::CLOCK;
pub(crate) use chains::{Chains, Guidance, StepNorms};
pub(crate) use numeric::Noised;
pub(crate) use own_levels::Gathered;
pub(crate) use supply::supply_noise;

use crate::error::Result;
use crate::plan::{Algorithm, At, Plan};

/// Vectors that a sampler can remember of a chain.
pub(crate) const MEMORY_LIMIT: usize = 7;

/// One algorithm with its parameters.
pub(crate) trait Sampler: Send {
    /// One evaluation of the network by a micro-batch, and what follows from it: changes `chains.x`.
    fn step(&self, at: At, chains: &mut Chains<'_>) -> Result<()>;

    /// Vectors, each as long as its state, that a chain carries from one evaluation to the next: at most
    /// [`MEMORY_LIMIT`].
    fn memory(&self) -> usize {
        0
    }
}

/// The sampler of a plan.
pub(crate) fn build(plan: &Plan) -> Box<dyn Sampler> {
    let ladder = || plan.sigmas[plan.start_level as usize..].to_vec();
    match plan.algorithm {
        Algorithm::Langevin { c, a, .. } => Box::new(langevin::Langevin { c, a }),
        Algorithm::AnnealedLangevin { c, epsilon, .. } => {
            let sigma_last = plan.sigmas[plan.sigmas.len() - 1];
            Box::new(annealed::AnnealedLangevin { c, epsilon, sigma_last })
        }
        Algorithm::ConsistentAnnealed { eta } => Box::new(consistent::ConsistentAnnealed { eta }),
        Algorithm::Predictor { kind } => Box::new(predictor::Predictor { kind }),
        Algorithm::PredictorCorrector { predictor, steps, snr, norm } => {
            let predictor = predictor::Predictor { kind: predictor };
            Box::new(corrector::PredictorCorrector { predictor, steps, snr, norm })
        }
        Algorithm::Euler { churn } => Box::new(edm::Euler { churn: edm::Raise::new(churn, plan) }),
        Algorithm::Heun { churn } => Box::new(edm::Heun { churn: edm::Raise::new(churn, plan) }),
        Algorithm::Dpmpp2m | Algorithm::SdeDpmpp2m => Box::new(dpmpp::Dpmpp2m {
            sigmas: ladder(),
            start: plan.start_level,
            stochastic: plan.algorithm == Algorithm::SdeDpmpp2m,
        }),
        Algorithm::Unipc => Box::new(unipc::Unipc { sigmas: ladder(), start: plan.start_level }),
        Algorithm::Rk45 { rtol, atol } => {
            let sigma_last = plan.sigmas[plan.sigmas.len() - 1];
            Box::new(adaptive::Rk45 { rtol, atol, sigma_last, denoise: plan.denoise })
        }
    }
}
