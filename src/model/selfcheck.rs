//! Does this runtime compute what the exporter saw?

use super::{Model, SelfCheck};
use crate::error::{Result, bail};
use crate::philox::philox4x32;

impl Model {
    /// Compares the network's output with the one its exporter recorded.
    pub(crate) fn selfcheck(&self, check: &SelfCheck) -> Result<()> {
        let contract = self.contract();
        let elements = contract.elements();
        let count = check.expected.len();
        if count == 0 || count > elements || !(check.sigma > 0.0 && check.sigma.is_finite()) {
            bail!(
                Contract,
                "metadata ncsn.selfcheck has {count} expected values at sigma = {}, for samples \
                 of {elements} elements",
                check.sigma
            );
        }
        let x: Vec<f32> = (0..elements)
            .map(|e| {
                let word = philox4x32([(e / 4) as u32, 0, 0, 0], check.seed)[e % 4];
                let u = f64::from(word >> 8) / 16_777_216.0;
                (check.sigma * 3.0_f64.sqrt() * (2.0 * u - 1.0)) as f32
            })
            .collect();
        let default = contract.classes.is_some() && contract.null_class.is_none();
        let label = check.label.or(default.then_some(0)).map(|label| [label]);
        let labels = contract.resolve_labels(label.as_ref().map(|label| &label[..]), 1)?;
        let mut output = vec![0.0; x.len()];
        self.raw_output(&x, check.sigma, labels.as_deref(), &mut output)?;
        let rms = |sum: f64| (sum / count as f64).sqrt();
        let difference =
            rms(check.expected.iter().zip(&output).map(|(e, &o)| (e - f64::from(o)).powi(2)).sum());
        let scale = rms(check.expected.iter().map(|e| e * e).sum());
        // Written so that NaN fails.
        if difference <= check.tolerance * scale {
            return Ok(());
        }
        bail!(
            Model,
            "self-check failed: at sigma = {} the network's output differs from the exporter's by \
             {:.3e} (RMS, relative; tolerance {:.1e}). The file is damaged, or this runtime \
             computes something else; export it again, or try another ONNX Runtime",
            check.sigma,
            difference / scale,
            check.tolerance
        )
    }
}
