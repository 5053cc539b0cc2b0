//! The samplers once more, from the formulas of their papers: in f64, one chain at a time, on an exact
//! score. `rk45.rs` beside this file has the adaptive one.

use ncsn::noise::{Draw, Purpose};
use ncsn::{Churn, NoiseNorm, SampleParams, SamplerKind};

use super::Score;

/// Standard normals for a draw.
pub type Noise<'a> = &'a mut dyn FnMut(Draw, &mut [f64]);

/// Where the chain that starts at `x` ends. `ladder` are all levels and `params` leave nothing open.
pub fn reference<T: Score>(
    params: &SampleParams,
    ladder: &[f64],
    target: &T,
    x: Vec<f64>,
    noise: Noise<'_>,
) -> Vec<f64> {
    let start = params.start_level as usize;
    let denoise = params.denoise.expect("said");
    let (z, score) = (vec![0.0; x.len()], vec![0.0; x.len()]);
    let mut chain = Chain { target, sigmas: &ladder[start..], start, denoise, noise, x, z, score };
    let last = ladder[ladder.len() - 1];
    let c = params.step_convention.c();
    let (steps, size) = (params.steps_per_level.unwrap_or(1), params.step_size.unwrap_or(0.0));
    match params.sampler {
        SamplerKind::Langevin => chain.langevin(steps, |_| c * size),
        SamplerKind::AnnealedLangevin => {
            chain.langevin(steps, |sigma| c * size * sigma * sigma / (last * last));
        }
        SamplerKind::ConsistentAnnealed => chain.consistent(size / (last * last)),
        SamplerKind::PredictorCorrector => chain.corrected(params),
        SamplerKind::Euler => chain.edm(params.churn, false),
        SamplerKind::Heun => chain.edm(params.churn, true),
        SamplerKind::Dpmpp2m => chain.dpmpp(false),
        SamplerKind::SdeDpmpp2m => chain.dpmpp(true),
        SamplerKind::Unipc => chain.unipc(),
        kind => chain.predict(kind),
    }
    chain.x
}

struct Chain<'a, T> {
    target: &'a T,
    /// The levels that are run, and the number of the first.
    sigmas: &'a [f64],
    start: usize,
    denoise: bool,
    noise: Noise<'a>,
    x: Vec<f64>,
    z: Vec<f64>,
    score: Vec<f64>,
}

impl<T: Score> Chain<'_, T> {
    fn evaluate(&mut self, sigma: f64) {
        self.target.score(&self.x, sigma, &mut self.score);
    }

    fn draw(&mut self, purpose: Purpose, i: usize, step: u32) {
        let level = (self.start + i) as u32;
        (self.noise)(Draw { purpose, level, step }, &mut self.z);
    }

    /// x + drift s + diffusion z.
    fn go(&mut self, drift: f64, diffusion: f64) {
        for ((x, s), z) in self.x.iter_mut().zip(&self.score).zip(&self.z) {
            *x += drift * s + diffusion * z;
        }
    }

    /// D(x, sigma) = x + sigma^2 s.
    fn denoised(&mut self, sigma: f64) -> Vec<f64> {
        self.evaluate(sigma);
        self.x.iter().zip(&self.score).map(|(x, s)| x + sigma * sigma * s).collect()
    }

    fn finish(&mut self) {
        if self.denoise {
            self.x = self.denoised(self.sigmas[self.sigmas.len() - 1]);
        }
    }

    /// `ca` is c a of a level.
    fn langevin(&mut self, steps: u32, ca: impl Fn(f64) -> f64) {
        for (i, &sigma) in self.sigmas.iter().enumerate() {
            for step in 0..steps {
                self.evaluate(sigma);
                self.draw(Purpose::Langevin, i, step);
                self.go(ca(sigma), (2.0 * ca(sigma)).sqrt());
            }
        }
        self.finish();
    }

    /// Jolicoeur-Martineau et al. 2020, algorithm 2.
    fn consistent(&mut self, eta: f64) {
        for (i, &sigma) in self.sigmas.iter().enumerate() {
            self.evaluate(sigma);
            let mut diffusion = 0.0;
            if let Some(next) = self.sigmas.get(i + 1) {
                self.draw(Purpose::Langevin, i, 0);
                diffusion = next * (1.0 - ((1.0 - eta) / (next / sigma)).powi(2)).sqrt();
            }
            self.go(eta * sigma * sigma, diffusion);
        }
        self.finish();
    }

    fn predict(&mut self, kind: SamplerKind) {
        for i in 0..self.sigmas.len() - 1 {
            self.predict_from(kind, i, 0);
        }
        self.finish();
    }

    /// Song et al. 2021, appendix E (reverse diffusion, probability flow) and F (ancestral).
    fn predict_from(&mut self, kind: SamplerKind, i: usize, step: u32) {
        let (from, to) = (self.sigmas[i], self.sigmas[i + 1]);
        self.evaluate(from);
        let fall = from * from - to * to;
        let (drift, diffusion) = match kind {
            SamplerKind::ReverseDiffusion => (fall, fall.sqrt()),
            SamplerKind::Ancestral => (fall, to / from * fall.sqrt()),
            SamplerKind::ProbabilityFlow => (fall / 2.0, 0.0),
            SamplerKind::EulerMaruyama => {
                // g^2 dt of sigma(t) = sigma_min (sigma_max/sigma_min)^t, whose g^2 = d sigma^2/dt.
                let g2_dt = 2.0 * from * from * (from / to).ln();
                (g2_dt, g2_dt.sqrt())
            }
            other => unreachable!("{other:?}"),
        };
        if diffusion > 0.0 {
            self.draw(Purpose::Predictor, i, step);
        }
        self.go(drift, diffusion);
    }

    /// Song et al. 2021, algorithm 2 with the corrector of algorithm 4.
    fn corrected(&mut self, params: &SampleParams) {
        let snr = params.snr.expect("said");
        for (i, &sigma) in self.sigmas.iter().enumerate() {
            for step in 0..params.corrector_steps {
                self.evaluate(sigma);
                self.draw(Purpose::Langevin, i, step);
                let norm = |v: &[f64]| v.iter().map(|v| v * v).sum::<f64>().sqrt();
                let noise = match params.corrector_norm {
                    NoiseNorm::Drawn => norm(&self.z),
                    NoiseNorm::Expected => (self.z.len() as f64).sqrt(),
                };
                let a = 2.0 * (snr * noise / norm(&self.score)).powi(2);
                self.go(a, (2.0 * a).sqrt());
            }
            if i + 1 < self.sigmas.len() {
                self.predict_from(params.predictor, i, params.corrector_steps);
            }
        }
        self.finish();
    }

    /// Karras et al. 2022, algorithm 2; without its lines 7 and 8, Euler's method.
    fn edm(&mut self, churn: Churn, second_order: bool) {
        let n = self.sigmas.len();
        for (i, &sigma) in self.sigmas.iter().enumerate() {
            let next = match self.sigmas.get(i + 1) {
                Some(&next) => next,
                None if self.denoise => 0.0,
                None => break,
            };
            let churned = sigma >= churn.min && churn.max.is_none_or(|max| sigma <= max);
            let most = std::f64::consts::SQRT_2 - 1.0;
            let gamma = if churned { (churn.churn / n as f64).min(most) } else { 0.0 };
            let hat = sigma + gamma * sigma;
            if gamma > 0.0 {
                self.draw(Purpose::Churn, i, 0);
                let extra = (hat * hat - sigma * sigma).sqrt();
                self.x.iter_mut().zip(&self.z).for_each(|(x, z)| *x += extra * churn.noise * z);
            }
            let slope = |x: &[f64], d: &[f64], sigma: f64| -> Vec<f64> {
                x.iter().zip(d).map(|(x, d)| (x - d) / sigma).collect()
            };
            let start = self.x.clone();
            let d = self.denoised(hat);
            let first = slope(&start, &d, hat);
            for (x, d) in self.x.iter_mut().zip(&first) {
                *x += (next - hat) * d;
            }
            if second_order && next > 0.0 {
                let d = self.denoised(next);
                let second = slope(&self.x, &d, next);
                for (k, x) in self.x.iter_mut().enumerate() {
                    *x = start[k] + (next - hat) * (first[k] + second[k]) / 2.0;
                }
            }
        }
    }

    /// lambda = ln(alpha/sigma), alpha = 1.
    fn lambda(&self, i: usize) -> f64 {
        -self.sigmas[i].ln()
    }

    /// Lu et al. 2022 (DPM-Solver++), algorithm 2.
    fn dpmpp(&mut self, stochastic: bool) {
        let mut before: Option<Vec<f64>> = None;
        for i in 0..self.sigmas.len() - 1 {
            let h = self.lambda(i + 1) - self.lambda(i);
            let d = self.denoised(self.sigmas[i]);
            let ratio = self.sigmas[i + 1] / self.sigmas[i];
            for (k, x) in self.x.iter_mut().enumerate() {
                let estimate = match &before {
                    None => d[k],
                    Some(before) => {
                        let r = (self.sigmas[i - 1] / self.sigmas[i]).ln() / h;
                        (1.0 + 1.0 / (2.0 * r)) * d[k] - before[k] / (2.0 * r)
                    }
                };
                let kept = if stochastic { ratio * ratio } else { ratio };
                *x = kept * *x + (1.0 - kept) * estimate;
            }
            if stochastic {
                self.draw(Purpose::Predictor, i, 0);
                let spread = self.sigmas[i + 1] * (1.0 - (-2.0 * h).exp()).sqrt();
                for (x, z) in self.x.iter_mut().zip(&self.z) {
                    *x += spread * z;
                }
            }
            before = Some(d);
        }
        self.finish();
    }

    /// Zhao et al. 2023, algorithms 1 and 2 with data prediction (appendix), p = 2 and B(h) = e^h - 1
    /// of h -> -h; the first step has p = 1.
    fn unipc(&mut self) {
        let last = self.sigmas.len() - 1;
        if last == 0 {
            return self.finish();
        }
        let mut d = self.denoised(self.sigmas[0]);
        let mut before: Option<Vec<f64>> = None;
        for i in 0..last {
            let h = self.lambda(i + 1) - self.lambda(i);
            let b_h = (-h).exp() - 1.0;
            let base: Vec<f64> = (self.x.iter().zip(&d))
                .map(|(x, d)| self.sigmas[i + 1] / self.sigmas[i] * x - b_h * d)
                .collect();
            // (r_1, D_1 / r_1) of the level before.
            let old = before.as_ref().map(|before| {
                let r = (self.lambda(i - 1) - self.lambda(i)) / h;
                (r, before.iter().zip(&d).map(|(b, d)| (b - d) / r).collect::<Vec<f64>>())
            });
            self.x.clone_from(&base);
            if let Some((_, old)) = &old {
                // R_1 a = b_1 has the solution 1/2 for this B(h), to the order that is needed.
                self.x.iter_mut().zip(old).for_each(|(x, old)| *x -= b_h * 0.5 * old);
            }
            if i + 1 == last {
                break;
            }
            let new = self.denoised(self.sigmas[i + 1]);
            // Row j of R a = b: sum_m a_m r_m^(j-1) = j! phi_{j+1}(-h) (-h) / B(h), r_p = 1.
            let right = |j: usize| (j as f64) * phi(j + 1, -h) * -h / b_h;
            let (a_old, a_new) = match &old {
                None => (0.0, 0.5),
                Some((r, _)) => {
                    let determinant = 1.0 - r;
                    ((right(1) - right(2)) / determinant, (right(2) - r * right(1)) / determinant)
                }
            };
            for (k, x) in self.x.iter_mut().enumerate() {
                let old = old.as_ref().map_or(0.0, |(_, old)| old[k]);
                *x = base[k] - b_h * (a_old * old + a_new * (new[k] - d[k]));
            }
            before = Some(std::mem::replace(&mut d, new));
        }
        self.finish();
    }
}

/// `phi_k(z)`, the integral of e^((1-t) z) t^(k-1) / (k-1)! over [0, 1], by Simpson's rule.
fn phi(k: usize, z: f64) -> f64 {
    const PARTS: usize = 200;
    let value = |i: usize| {
        let t = i as f64 / PARTS as f64;
        let factorial: f64 = (1..k).map(|n| n as f64).product();
        ((1.0 - t) * z).exp() * t.powi(k as i32 - 1) / factorial
    };
    let weight = |i: usize| match i {
        0 | PARTS => 1.0,
        i if i % 2 == 1 => 4.0,
        _ => 2.0,
    };
    (0..=PARTS).map(|i| weight(i) * value(i)).sum::<f64>() / (3 * PARTS) as f64
}
