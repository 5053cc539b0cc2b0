//! Evaluations in which every chain is at a noise level of its own.

use super::Chains;
use super::chains::guide_away;
use crate::error::Result;
use crate::hooks::{GuideRequest, ScoreUse};
use crate::noise::Purpose;
use crate::plan::At;

/// As [`Chains::evaluate_score`], for chains at `levels`, 0 for those that are left out. The scores of
/// these are 0; their denoised estimates stay.
pub(super) fn evaluate(chains: &mut Chains<'_>, at: At, levels: &[f64]) -> Result<()> {
    let elements = chains.elements;
    let rows: Vec<usize> = (0..chains.count()).filter(|&row| levels[row] > 0.0).collect();
    let sigmas: Vec<f64> = rows.iter().map(|&row| levels[row]).collect();
    let at = At { sigma: sigmas.iter().copied().fold(0.0, f64::max), ..at };
    let gather = |from: &[i64]| rows.iter().map(|&row| from[row]).collect::<Vec<i64>>();
    let labels = chains.labels.map(gather);
    let mut x = Vec::with_capacity(rows.len() * elements);
    for &row in &rows {
        x.extend_from_slice(&chains.x[row * elements..(row + 1) * elements]);
    }
    let mut score = vec![0.0; x.len()];
    let model = chains.model;
    model.score_each(&x, &sigmas, labels.as_deref(), &mut score).map_err(|error| error.at(at))?;
    if let Some(guidance) = chains.guidance {
        chains.stop_if_cancelled()?;
        let mut unconditional = vec![0.0; x.len()];
        model
            .score_each(&x, &sigmas, Some(&guidance.null[..rows.len()]), &mut unconditional)
            .map_err(|error| error.at(at))?;
        guide_away(&mut score, &unconditional, guidance.scale);
    }
    chains.score.fill(0.0);
    for (&row, score) in rows.iter().zip(score.chunks(elements)) {
        chains.score[row * elements..(row + 1) * elements].copy_from_slice(score);
    }
    chains.check_finite(at, "the network's score")?;
    guide(chains, at, levels)?;
    for (&row, sigma) in rows.iter().zip(sigmas) {
        let range = row * elements..(row + 1) * elements;
        let variance = (sigma * sigma) as f32;
        let terms = chains.x[range.clone()].iter().zip(&chains.score[range.clone()]);
        for (d, (x, s)) in chains.denoised[range].iter_mut().zip(terms) {
            *d = x + variance * s;
        }
    }
    Ok(())
}

/// The guide hook, one chain at a time: a request has one noise level.
fn guide(chains: &mut Chains<'_>, at: At, levels: &[f64]) -> Result<()> {
    let elements = chains.elements;
    let Some(guide) = &mut chains.hooks.guide else { return Ok(()) };
    for (row, &sigma) in levels.iter().enumerate().filter(|(_, sigma)| **sigma > 0.0) {
        let range = row * elements..(row + 1) * elements;
        let request = GuideRequest {
            score_use: ScoreUse::Update(Purpose::Predictor),
            level: at.level,
            step: at.stage,
            first_sample: chains.first_sample + row as u64,
            sample_count: 1,
            elements_per_sample: elements,
            sigma,
            x: &chains.x[range.clone()],
        };
        guide(&request, &mut chains.score[range])?;
    }
    chains.check_finite(at, "the score after the guide callback")
}
