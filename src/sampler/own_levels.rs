//! Evaluations in which every chain is at a noise level of its own.

use super::Chains;
use super::chains::guide_away;
use super::numeric::estimate;
use crate::error::Result;
use crate::hooks::ScoreUse;
use crate::model::LevelValues;
use crate::noise::Purpose;
use crate::plan::At;

/// The chains of a micro-batch that have not arrived, side by side. Kept from one evaluation to the
/// next, so that none but the first allocates.
#[derive(Default)]
pub(crate) struct Gathered {
    /// Their numbers in the micro-batch.
    pub(super) rows: Vec<usize>,
    /// The level of each.
    pub(super) sigmas: Vec<f64>,
    labels: Vec<i64>,
    x: Vec<f32>,
    values: LevelValues,
}

impl Gathered {
    /// Those of the chains at `levels` that are not at 0.
    pub(super) fn set_levels(&mut self, levels: impl Iterator<Item = f64>) {
        self.rows.clear();
        self.sigmas.clear();
        for (row, sigma) in levels.enumerate().filter(|(_, sigma)| *sigma > 0.0) {
            self.rows.push(row);
            self.sigmas.push(sigma);
        }
    }

    fn set_chains(&mut self, x: &[f32], elements: usize, labels: Option<&[i64]>) {
        self.x.clear();
        self.labels.clear();
        for &row in &self.rows {
            self.x.extend_from_slice(&x[row * elements..(row + 1) * elements]);
            self.labels.extend(labels.map(|labels| labels[row]));
        }
    }

    /// From side by side to the places of the chains, and zeros between.
    fn spread(&self, values: &mut [f32], elements: usize) {
        let mut free = values.len();
        // The last first: no chain's place is before where it lies.
        for (k, row) in self.rows.iter().enumerate().rev() {
            let (start, end) = (row * elements, (row + 1) * elements);
            values[end..free].fill(0.0);
            values.copy_within(k * elements..(k + 1) * elements, start);
            free = start;
        }
        values[..free].fill(0.0);
    }
}

/// As [`Chains::evaluate_score`], for the chains of [`Gathered::set_levels`]. The scores of the others
/// are 0; their denoised estimates stay.
pub(super) fn evaluate(chains: &mut Chains<'_>, at: At) -> Result<()> {
    let elements = chains.elements;
    let gathered = &mut *chains.gathered;
    let at = At { sigma: gathered.sigmas.iter().copied().fold(0.0, f64::max), ..at };
    gathered.set_chains(chains.x, elements, chains.labels);
    let Gathered { sigmas, labels, x, values, .. } = gathered;
    let labels = chains.labels.map(|_| &labels[..]);
    let (model, len, count) = (chains.model, x.len(), sigmas.len());
    let score = &mut chains.score[..len];
    model.score_at_levels(x, sigmas, labels, score, values).map_err(|error| error.at(at))?;
    if let Some(guidance) = chains.guidance {
        chains.stop_if_cancelled()?;
        let Gathered { sigmas, x, values, .. } = &mut *chains.gathered;
        let (null, free) = (Some(&guidance.null[..count]), &mut chains.noise[..len]);
        model.score_at_levels(x, sigmas, null, free, values).map_err(|error| error.at(at))?;
        guide_away(&mut chains.score[..len], free, guidance.scale);
    }
    chains.gathered.spread(chains.score, elements);
    chains.check_finite(at, "the network's score")?;
    guide(chains, at)?;
    let Gathered { rows, sigmas, .. } = &*chains.gathered;
    for (&row, sigma) in rows.iter().zip(sigmas) {
        let range = row * elements..(row + 1) * elements;
        let (x, score) = (&chains.x[range.clone()], &chains.score[range.clone()]);
        estimate(x, score, (sigma * sigma) as f32, &mut chains.denoised[range]);
    }
    Ok(())
}

/// The guide hook, one chain at a time: a request has one noise level.
fn guide(chains: &mut Chains<'_>, at: At) -> Result<()> {
    if chains.hooks.guide.is_none() {
        return Ok(());
    }
    for k in 0..chains.gathered.rows.len() {
        let (row, sigma) = (chains.gathered.rows[k], chains.gathered.sigmas[k]);
        let at = At { sigma, step: at.stage, ..at };
        chains.guide(ScoreUse::Update(Purpose::Predictor), at, row..row + 1)?;
    }
    chains.check_finite(at, "the score after the guide callback")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gathers_and_spreads() {
        let mut gathered = Gathered::default();
        for levels in [[0.0, 2.0, 0.0, 0.0, 1.0, 0.0], [1.0; 6], [0.0; 6]] {
            gathered.set_levels(levels.into_iter());
            let x: Vec<f32> = (1..=12_u8).map(f32::from).collect();
            gathered.set_chains(&x, 2, Some(&[0, 1, 2, 3, 4, 5]));
            let active = |row: &usize| levels[*row] > 0.0;
            let rows: Vec<usize> = (0..6).filter(active).collect();
            assert_eq!(gathered.rows, rows);
            assert_eq!(gathered.labels, rows.iter().map(|&row| row as i64).collect::<Vec<_>>());
            let mut values = vec![9.0; 12];
            values[..gathered.x.len()].copy_from_slice(&gathered.x);
            gathered.spread(&mut values, 2);
            for (i, value) in values.into_iter().enumerate() {
                assert_eq!(value, if active(&(i / 2)) { x[i] } else { 0.0 });
            }
        }
    }
}
