//! How well a reading of the network's output fits at one noise level.

/// Statistical decisions are taken at this many standard errors.
const ERRORS: f64 = 5.0;
/// Slopes of a score that is learnt well.
pub(super) const GOOD: (f64, f64) = (0.8, 1.25);
/// Slopes of a score that is better than none: below 1/2 the loss is above that of a zero score, and
/// above 2 twice the score would be better than the score.
pub(super) const FAIR: (f64, f64) = (0.5, 2.0);

/// Second moments of one sample: sums over its elements, means over its draws of noise. Whatever the
/// output means, s = p x + q o, so that these are enough for every reading.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    oo: f64,
    ox: f64,
    oz: f64,
    xx: f64,
    xz: f64,
    zz: f64,
}

impl Moments {
    /// Adds `weight` times the sums of one draw.
    pub fn add(&mut self, weight: f64, output: &[f32], x: &[f32], z: &[f32]) {
        for ((&o, &x), &z) in output.iter().zip(x).zip(z) {
            let (o, x, z) = (f64::from(o), f64::from(x), f64::from(z));
            self.oo += weight * o * o;
            self.ox += weight * o * x;
            self.oz += weight * o * z;
            self.xx += weight * x * x;
            self.xz += weight * x * z;
            self.zz += weight * z * z;
        }
    }
}

/// The statistics of a reading s = p x + q o.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Fit {
    /// E[s.(-z/sigma)] / E||s||^2.
    pub slope: f64,
    pub slope_error: f64,
    /// Share of -z/sigma that slope * s explains.
    pub r2: f64,
    /// sigma^2 DSM.
    pub loss: f64,
    pub loss_error: f64,
    /// The loss of a zero score on the same noise.
    pub zero_loss: f64,
}

impl Fit {
    pub fn of(moments: &[Moments], sigma: f64, (p, q): (f64, f64)) -> Self {
        let n = moments.len() as f64;
        let parts: Vec<(f64, f64, f64)> = moments
            .iter()
            .map(|m| {
                let square = p * p * m.xx + 2.0 * p * q * m.ox + q * q * m.oo;
                let along = -(p * m.xz + q * m.oz) / sigma;
                (along, square, 0.5 * (sigma * sigma * (square - 2.0 * along) + m.zz))
            })
            .collect();
        let mean = |part: &dyn Fn(&(f64, f64, f64)) -> f64| parts.iter().map(part).sum::<f64>() / n;
        let (along, square, loss) = (mean(&|p| p.0), mean(&|p| p.1), mean(&|p| p.2));
        let noise = moments.iter().map(|m| m.zz).sum::<f64>() / n;
        let slope = if square == 0.0 { 0.0 } else { along / square };
        // The delta method: a ratio of means varies as the mean of a - slope b does.
        let few = n * (n - 1.0).max(1.0);
        let spread = |part: &dyn Fn(&(f64, f64, f64)) -> f64| {
            (parts.iter().map(|p| part(p).powi(2)).sum::<f64>() / few).sqrt()
        };
        let rest = spread(&|p| p.0 - slope * p.1);
        Self {
            slope,
            slope_error: if square == 0.0 { 0.0 } else { rest / square },
            r2: (slope * along * sigma * sigma / noise).clamp(0.0, 1.0),
            loss,
            loss_error: spread(&|p| p.2 - loss),
            zero_loss: 0.5 * noise,
        }
    }

    /// Whether the slope is in that range, as far as can be told.
    pub fn may_be(&self, (low, high): (f64, f64)) -> bool {
        let slack = ERRORS * self.slope_error;
        self.slope + slack >= low && self.slope - slack <= high
    }

    /// Whether the slope is known well enough to tell a useful score from a useless one.
    pub fn is_decided(&self) -> bool {
        ERRORS * self.slope_error <= 0.5 * self.slope.abs().max(1.0)
    }

    /// Distance of the slope from 1, in ln.
    pub fn misfit(&self) -> f64 {
        const FAR: f64 = 7.0;
        if self.slope > 0.0 { self.slope.ln().abs().min(FAR) } else { FAR }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exact_score_has_slope_one() {
        // Point masses at 3: s = -(x - 3) / sigma^2 = -z / sigma.
        let (sigma, z) = (2.0, [0.5_f32, -1.5, 0.25]);
        let moments: Vec<Moments> = z
            .iter()
            .map(|&z| {
                let mut moments = Moments::default();
                moments.add(1.0, &[-z / 2.0], &[3.0 + 2.0 * z], &[z]);
                moments
            })
            .collect();
        let fit = Fit::of(&moments, sigma, (0.0, 1.0));
        assert!((fit.slope - 1.0).abs() < 1e-12 && fit.slope_error < 1e-12, "{fit:?}");
        assert!((fit.r2 - 1.0).abs() < 1e-12 && fit.loss.abs() < 1e-12, "{fit:?}");
        let half = Fit::of(&moments, sigma, (0.0, 2.0));
        assert!((half.slope - 0.5).abs() < 1e-12 && (half.loss - half.zero_loss).abs() < 1e-12);
        let none = Fit::of(&moments, sigma, (0.0, 0.0));
        assert_eq!((none.slope, none.r2), (0.0, 0.0));
    }
}
