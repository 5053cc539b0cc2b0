//! From a network's output to the score: what x is multiplied with on the way in, and what the
//! output means on the way out.

use super::contract::Contract;
use super::kinds::{InputScaling, Output};

impl Contract {
    /// c_in: what the network's x is multiplied with at noise level `sigma`.
    #[must_use]
    pub fn input_scale(&self, sigma: f64) -> f64 {
        match self.input_scaling {
            InputScaling::None => 1.0,
            InputScaling::Unit => 1.0 / sigma.hypot(1.0),
            InputScaling::SigmaData => 1.0 / sigma.hypot(self.sigma_data),
        }
    }

    /// Turns the network's output at (x, sigma) into the score s, in place. With D = x + sigma^2 s:
    ///
    /// | output | is |
    /// |---|---|
    /// | `score` | s |
    /// | `scaled_score` | sigma s |
    /// | `noise` | -sigma s |
    /// | `denoised` | D |
    /// | `edm_raw` | F, with D = c_skip x + c_out F |
    /// | `v` | v, with D = c_skip x - c_out v |
    ///
    /// c_skip = sigma_data^2 / (sigma^2 + sigma_data^2) and c_out = sigma sigma_data /
    /// sqrt(sigma^2 + sigma_data^2) (Karras et al. 2022, table 1). Solved for s,
    /// s = -x / (sigma^2 + sigma_data^2) +- sigma_data / (sigma sqrt(sigma^2 + sigma_data^2)) F,
    /// which loses nothing to cancellation, unlike (D - x) / sigma^2.
    pub fn output_to_score(&self, x: &[f32], sigma: f64, output: &mut [f32]) {
        let (from_x, from_output) = self.output.score_coefficients(sigma, self.sigma_data);
        let (from_x, from_output) = (from_x as f32, from_output as f32);
        match self.output {
            Output::Score => {}
            Output::ScaledScore | Output::Noise => {
                for o in output {
                    *o *= from_output;
                }
            }
            // The difference first: x and D agree in most of their digits.
            Output::Denoised => {
                for (o, x) in output.iter_mut().zip(x) {
                    *o = (*o - x) * from_output;
                }
            }
            Output::EdmRaw | Output::V => {
                for (o, x) in output.iter_mut().zip(x) {
                    *o = from_x * x + from_output * *o;
                }
            }
        }
    }
}

impl Output {
    /// (p, q) of s = p x + q o.
    pub(crate) fn score_coefficients(self, sigma: f64, sigma_data: f64) -> (f64, f64) {
        let total = sigma.hypot(sigma_data);
        match self {
            Self::Score => (0.0, 1.0),
            Self::ScaledScore => (0.0, 1.0 / sigma),
            Self::Noise => (0.0, -1.0 / sigma),
            Self::Denoised => (-1.0 / (sigma * sigma), 1.0 / (sigma * sigma)),
            Self::EdmRaw => (-1.0 / (total * total), sigma_data / (sigma * total)),
            Self::V => (-1.0 / (total * total), -sigma_data / (sigma * total)),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::{Contract, Facts, InputScaling, Output};

    fn contract(output: Output, sigma_data: Option<f64>) -> Contract {
        let facts = Facts {
            output: Some(output),
            sigmas: Some(vec![4.0, 2.0, 1.0]),
            sigma_data,
            ..Facts::default()
        };
        Contract::of(facts, vec![1], None).unwrap()
    }

    #[test]
    fn every_output_gives_the_same_score() {
        // One point, one sigma, the score -0.75 in six spellings: D = 1 - 4 * 0.75 = -2.
        let (x, sigma, sd) = ([1.0_f32], 2.0_f64, 0.5_f64);
        let skip = |sd: f64| sd * sd / (sigma * sigma + sd * sd);
        let out = |sd: f64| sigma * sd / sigma.hypot(sd);
        for (output, sigma_data, value) in [
            (Output::Score, None, -0.75),
            (Output::ScaledScore, None, -1.5),
            (Output::Noise, None, 1.5),
            (Output::Denoised, None, -2.0),
            (Output::EdmRaw, Some(sd), (-2.0 - skip(sd)) / out(sd)),
            (Output::V, Some(sd), -(-2.0 - skip(sd)) / out(sd)),
            (Output::V, None, -(-2.0 - skip(1.0)) / out(1.0)),
        ] {
            let mut o = [value as f32];
            contract(output, sigma_data).output_to_score(&x, sigma, &mut o);
            assert!((o[0] + 0.75).abs() < 1e-6, "{output:?} {o:?}");
        }
    }

    #[test]
    fn preconditioned_outputs_scale_their_input() {
        assert_eq!(contract(Output::Noise, None).input_scale(2.0), 1.0);
        let edm = contract(Output::EdmRaw, Some(0.5));
        assert_eq!(edm.input_scaling, InputScaling::SigmaData);
        assert!((edm.input_scale(2.0) - 4.25_f64.sqrt().recip()).abs() < 1e-15);
        let v = contract(Output::V, None);
        assert!((v.input_scale(2.0) - 5.0_f64.sqrt().recip()).abs() < 1e-15);
    }
}
