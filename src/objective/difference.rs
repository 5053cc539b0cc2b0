//! Derivatives of the score along directions, by central differences.

use super::perturbed::Batch;
use super::{EvaluateParams, Objective};
use crate::error::{Result, zeroed};
use crate::model::Model;
use crate::noise::{self, Draw, Purpose};

/// The derivatives of one level.
pub(super) struct Differences<'a> {
    model: &'a Model,
    params: &'a EvaluateParams,
    level: usize,
    exact: bool,
    directions: u64,
    /// Sums of squares of v'Jv with step h, and of its difference to that with 2h.
    check: (f64, f64),
}

impl<'a> Differences<'a> {
    pub fn new(model: &'a Model, params: &'a EvaluateParams, level: usize, exact: bool) -> Self {
        let directions = match params.objective {
            Objective::Dsm | Objective::Esm | Objective::Psm => 0,
            _ if exact => model.contract().elements() as u64,
            _ => u64::from(params.directions),
        };
        Self { model, params, level, exact, directions, check: (0.0, 0.0) }
    }

    pub fn evaluations_per_sample(&self) -> u64 {
        2 * self.directions
    }

    /// See [`LevelLoss::difference_error`](super::LevelLoss::difference_error).
    pub fn error(&self) -> Option<f64> {
        let (size, apart) = self.check;
        (self.directions > 0).then(|| if apart == 0.0 { 0.0 } else { (apart / size).sqrt() })
    }

    /// ISM, SSM or SSM-VR of each sample.
    pub fn add(&mut self, batch: &Batch<'_>, score: &[f32], losses: &mut [f64]) -> Result<()> {
        let mut v: Vec<f32> = zeroed(batch.x.len(), "the directions")?;
        let mut traces: Vec<f64> = zeroed(batch.count, "the traces")?;
        let mut squares: Vec<f64> = zeroed(batch.count, "the squares")?;
        for direction in 0..self.directions {
            self.fill_direction(batch, direction, &mut v);
            let derivatives = self.along(batch, &v)?;
            let weight = if self.exact { 1.0 } else { 1.0 / self.directions as f64 };
            for (i, derivative) in derivatives.iter().enumerate() {
                traces[i] += weight * derivative;
                if self.params.objective == Objective::Ssm {
                    let range = i * batch.elements..(i + 1) * batch.elements;
                    squares[i] += weight * dot(&v[range.clone()], &score[range]).powi(2);
                }
            }
        }
        if self.params.objective != Objective::Ssm {
            batch.each(&mut squares, |range| dot(&score[range.clone()], &score[range]));
        }
        for ((loss, trace), square) in losses.iter_mut().zip(traces).zip(squares) {
            *loss = trace + 0.5 * square;
        }
        Ok(())
    }

    /// 1/2 (v'a)^2 of each sample's a, mean over the directions.
    pub fn projections(&self, batch: &Batch<'_>, a: &[f32], losses: &mut [f64]) {
        let mut v = vec![0.0; a.len()];
        for direction in 0..self.params.directions {
            self.fill_direction(batch, u64::from(direction), &mut v);
            for (i, loss) in losses.iter_mut().enumerate() {
                let range = i * batch.elements..(i + 1) * batch.elements;
                *loss += 0.5 * dot(&v[range.clone()], &a[range]).powi(2)
                    / f64::from(self.params.directions);
            }
        }
    }

    /// Random signs, or the unit vector of an element for the exact trace.
    fn fill_direction(&self, batch: &Batch<'_>, direction: u64, v: &mut [f32]) {
        if self.exact {
            v.fill(0.0);
            v.iter_mut().skip(direction as usize).step_by(batch.elements).for_each(|e| *e = 1.0);
        } else {
            let (level, step) = (self.level as u32, direction as u32);
            let draw = Draw { purpose: Purpose::Direction, level, step };
            noise::fill_signs(self.params.seed, draw, batch.first as u64, batch.elements, v);
        }
    }

    /// v'Jv of each sample.
    fn along(&mut self, batch: &Batch<'_>, v: &[f32]) -> Result<Vec<f64>> {
        let derivatives = self.central(batch, v, 1.0)?;
        if batch.first == 0 {
            for (fine, coarse) in derivatives.iter().zip(self.central(batch, v, 2.0)?) {
                self.check.0 += fine * fine;
                self.check.1 += (fine - coarse).powi(2);
            }
        }
        Ok(derivatives)
    }

    fn central(&self, batch: &Batch<'_>, v: &[f32], times: f64) -> Result<Vec<f64>> {
        let h = times * self.params.difference * batch.sigma;
        let side = |h: f64| -> Result<(Vec<f32>, Vec<f32>)> {
            let x: Vec<f32> = batch
                .x
                .iter()
                .zip(v)
                .map(|(x, v)| (f64::from(*x) + h * f64::from(*v)) as f32)
                .collect();
            let mut score = zeroed(x.len(), "the scores")?;
            batch.score_at(self.model, &x, &mut score)?;
            Ok((x, score))
        };
        let (ahead, behind) = (side(h)?, side(-h)?);
        let apart = |a: &[f32], b: &[f32], e: usize| f64::from(a[e]) - f64::from(b[e]);
        let mut derivatives = zeroed(batch.count, "the derivatives")?;
        batch.each(&mut derivatives, |range| {
            range
                .filter(|&e| v[e] != 0.0)
                .map(|e| {
                    // The step that was taken: x + h rounds to the next float.
                    let step = apart(&ahead.0, &behind.0, e);
                    let step = if step == 0.0 { 2.0 * h * f64::from(v[e]) } else { step };
                    apart(&ahead.1, &behind.1, e) / step
                })
                .sum()
        });
        Ok(derivatives)
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}
