//! How samplers get from noise to data: the same chains from the same noise, on a mixture in one
//! dimension, by annealed Langevin dynamics, ancestral sampling and the probability-flow ODE.
//!
//! `cargo run --release --features cli --example trajectories -- [PICTURE.png]`

mod mixture;
mod plot;

use std::error::Error;
use std::path::PathBuf;

use ncsn::{Hooks, Init, Model, Read, Run, RunState, SampleParams, SamplerKind};
use plot::{BLUE, FONT, GRAY, ORANGE};
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

const SIGMA_MAX: f64 = 10.0;
const SIGMA_MIN: f64 = 0.1;
/// Where the picture has sigma = 0, which has no place on a logarithmic axis.
const ZERO: f64 = 0.06;
const CHAINS: u32 = 12;
const SEED: u64 = 3;
const HEIGHT: f64 = 23.0;

/// A chain: its places (1/sigma, x).
type Path = Vec<(f64, f64)>;

struct Panel {
    title: String,
    lines: Vec<Path>,
    dots: Vec<Path>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).map_or("trajectories.png".into(), PathBuf::from);
    let (langevin, langevin_cost) = follow(SamplerKind::AnnealedLangevin, 20, Some(10))?;
    let (ancestral, ancestral_cost) = follow(SamplerKind::Ancestral, 60, None)?;
    let (exact, _) = follow(SamplerKind::Heun, 60, None)?;
    let (heun, heun_cost) = follow(SamplerKind::Heun, 10, None)?;
    let panels = [
        Panel {
            title: format!("annealed Langevin ({langevin_cost})"),
            lines: langevin,
            dots: Vec::new(),
        },
        Panel {
            title: format!("ancestral ({ancestral_cost})"),
            lines: ancestral,
            dots: Vec::new(),
        },
        Panel { title: format!("Heun ({heun_cost})"), lines: exact, dots: heun },
    ];
    plot::save(&path, (1080, 396), |area| {
        for (area, panel) in area.split_evenly((1, panels.len())).iter().zip(&panels) {
            draw(area, panel)?;
        }
        Ok(())
    })
}

/// The chains of a sampler on so many levels, and the evaluations each took.
fn follow(
    sampler: SamplerKind,
    levels: usize,
    steps: Option<u32>,
) -> Result<(Vec<Path>, u64), Box<dyn Error>> {
    let model: Model = mixture::model(1, SIGMA_MAX, SIGMA_MIN, levels)?;
    let params = SampleParams {
        sampler,
        sample_count: CHAINS,
        seed: SEED,
        steps_per_level: steps,
        init: Init::Normal,
        denoise: Some(true),
        ..model.params()
    };
    let settings = model.settings(&params)?;
    let evaluations = settings.evaluations.ok_or("the sampler is adaptive")?;
    let places = places(&settings.sigmas, steps.unwrap_or(1));
    // Heun's method is halfway through an update after every other evaluation.
    let update = if sampler == SamplerKind::Heun { 2 } else { 1 };
    let mut run = Run::begin(&model, params, Hooks::default())?;
    let mut paths = vec![Path::new(); CHAINS as usize];
    record(&run, places[0], &mut paths);
    let mut pending = true;
    for i in 1.. {
        if !pending {
            break;
        }
        pending = run.step(Some(update), None)? == RunState::Pending;
        record(&run, places[i.min(places.len() - 1)], &mut paths);
    }
    Ok((paths, evaluations))
}

fn record(run: &Run, place: f64, paths: &mut [Path]) {
    let state = run.array(Read::State).expect("a run has a state at any time");
    for (path, x) in paths.iter_mut().zip(&state) {
        path.push((place, f64::from(*x)));
    }
}

/// Where chains are drawn before and after each step: those at one level on their way to the next.
fn places(sigmas: &[f64], steps: u32) -> Vec<f64> {
    let ends = sigmas.iter().skip(1).chain([&ZERO]);
    let mut places = vec![1.0 / sigmas[0]];
    for (from, to) in sigmas.iter().zip(ends) {
        let part = |step: u32| f64::from(step) / f64::from(steps);
        places.extend((1..=steps).map(|step| (from / to).powf(part(step)) / from));
    }
    places
}

fn draw(area: &plot::Area<'_>, panel: &Panel) -> Result<(), Box<dyn Error>> {
    let ticks = [10.0, 3.0, 1.0, 0.3, 0.1, ZERO].map(|sigma| 1.0 / sigma).to_vec();
    let sigmas = (1.0 / SIGMA_MAX..1.03 / ZERO).log_scale().with_key_points(ticks);
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(14)
        .caption(&panel.title, (FONT, 17))
        .x_label_area_size(40)
        .y_label_area_size(32)
        .build_cartesian_2d(sigmas, -HEIGHT..HEIGHT)?;
    shade(&chart)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TRANSPARENT)
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 13))
        .x_desc("sigma")
        .y_labels(7)
        .x_label_formatter(&|place| match (100.0 / place).round() / 100.0 {
            sigma if sigma < SIGMA_MIN => "0".to_owned(),
            sigma => sigma.to_string(),
        })
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    let ink = |path: &Path| {
        if path.last().is_some_and(|end| end.1 > 0.0) { BLUE } else { ORANGE }
    };
    for path in &panel.lines {
        chart.draw_series(LineSeries::new(path.iter().copied(), ink(path).mix(0.75)))?;
    }
    for path in &panel.dots {
        let dots = path.iter().map(|&place| Circle::new(place, 3, ink(path).filled()));
        chart.draw_series(dots)?;
    }
    Ok(())
}

/// The density of each noise level, relative to its own largest value.
fn shade<X>(
    chart: &ChartContext<'_, BitMapBackend<'_>, Cartesian2d<X, RangedCoordf64>>,
) -> Result<(), Box<dyn Error>>
where
    X: Ranged<ValueType = f64>,
{
    const COLUMNS: i32 = 80;
    const ROWS: i32 = 95;
    let height = 2.0 * HEIGHT / f64::from(ROWS);
    let bottom = |row: i32| -HEIGHT + f64::from(row) * height;
    let sigma = |column: f64| SIGMA_MAX * (ZERO / SIGMA_MAX).powf(column / f64::from(COLUMNS));
    for column in (0..COLUMNS).map(f64::from) {
        let densities: Vec<f64> =
            (0..ROWS).map(|row| density(bottom(row) + 0.5 * height, sigma(column + 0.5))).collect();
        let most = densities.iter().copied().fold(0.0, f64::max);
        for (row, density) in (0..).zip(densities) {
            // A few shades, which are small to store.
            let shade = (12.0 * density / most).round() / 12.0;
            let cell = [
                (1.0 / sigma(column), bottom(row)),
                (1.0 / sigma(column + 1.0), bottom(row) + height),
            ];
            chart.plotting_area().draw(&Rectangle::new(cell, GRAY.mix(0.35 * shade).filled()))?;
        }
    }
    Ok(())
}

/// The density of the perturbed mixture, but for a factor.
fn density(x: f64, sigma: f64) -> f64 {
    let component = |mean: f64| (-0.5 * (x - mean).powi(2) / (1.0 + sigma * sigma)).exp();
    mixture::WEIGHT * component(mixture::MEAN) + (1.0 - mixture::WEIGHT) * component(-mixture::MEAN)
}
