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
use plotters::prelude::*;

const SIGMA_MAX: f64 = 10.0;
const SIGMA_MIN: f64 = 0.1;
/// Where the picture has sigma = 0, which has no place on a logarithmic axis.
const ZERO: f64 = 0.06;
const CHAINS: u32 = 14;
const SEED: u64 = 3;
const HEIGHT: f64 = 19.0;

/// A chain: its places (-ln sigma, x).
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
    let (exact, _) = follow(SamplerKind::Heun, 200, None)?;
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
    let mut record = |run: &Run, place: f64| {
        for (path, x) in paths.iter_mut().zip(run.array(Read::State)) {
            path.push((place, f64::from(*x)));
        }
    };
    record(&run, places[0]);
    let mut pending = true;
    for i in 1.. {
        if !pending {
            break;
        }
        pending = run.step(Some(update), None)? == RunState::Pending;
        record(&run, places[i.min(places.len() - 1)]);
    }
    Ok((paths, evaluations))
}

/// Where chains are drawn before and after each step: those at one level on their way to the next.
fn places(sigmas: &[f64], steps: u32) -> Vec<f64> {
    let ends = sigmas.iter().skip(1).chain([&ZERO]);
    let mut places = vec![-sigmas[0].ln()];
    for (from, to) in sigmas.iter().zip(ends) {
        places.extend((1..=steps).map(|step| {
            let part = f64::from(step) / f64::from(steps);
            -from.ln() + part * (from / to).ln()
        }));
    }
    places
}

fn draw(area: &plot::Area<'_>, panel: &Panel) -> Result<(), Box<dyn Error>> {
    let (start, end) = (-SIGMA_MAX.ln(), -ZERO.ln());
    let ticks = [10.0, 3.0, 1.0, 0.3, 0.1, ZERO].map(|sigma: f64| -sigma.ln()).to_vec();
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(14)
        .caption(&panel.title, (FONT, 17))
        .x_label_area_size(40)
        .y_label_area_size(32)
        .build_cartesian_2d((start..end + 0.05).with_key_points(ticks), -HEIGHT..HEIGHT)?;
    shade(&chart)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(TRANSPARENT)
        .label_style((FONT, 13))
        .axis_desc_style((FONT, 13))
        .x_desc("sigma")
        .y_labels(7)
        .x_label_formatter(&|place| match (-place).exp() {
            sigma if sigma < 0.99 * SIGMA_MIN => "0".to_owned(),
            sigma => format!("{}", (100.0 * sigma).round() / 100.0),
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
    chart: &ChartContext<
        '_,
        BitMapBackend<'_>,
        Cartesian2d<X, plotters::coord::types::RangedCoordf64>,
    >,
) -> Result<(), Box<dyn Error>>
where
    X: Ranged<ValueType = f64>,
{
    const COLUMNS: usize = 80;
    const ROWS: usize = 95;
    let (start, end) = (-SIGMA_MAX.ln(), -ZERO.ln());
    let (width, height) = ((end - start) / COLUMNS as f64, 2.0 * HEIGHT / ROWS as f64);
    for column in 0..COLUMNS {
        let left = start + column as f64 * width;
        let sigma = (-left - 0.5 * width).exp();
        let middle = |row: usize| -HEIGHT + (row as f64 + 0.5) * height;
        let densities: Vec<f64> =
            (0..ROWS).map(|row| mixture::density(middle(row), sigma)).collect();
        let most = densities.iter().copied().fold(0.0, f64::max);
        for (row, density) in densities.into_iter().enumerate() {
            // A few shades, which are small to store.
            let shade = (12.0 * density / most).round() / 12.0;
            let bottom = middle(row) - 0.5 * height;
            let cell = [(left, bottom), (left + width, bottom + height)];
            chart.plotting_area().draw(&Rectangle::new(cell, GRAY.mix(0.35 * shade).filled()))?;
        }
    }
    Ok(())
}
