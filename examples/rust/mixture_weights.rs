//! Why noise is annealed: Langevin dynamics and annealed Langevin dynamics on a mixture of two
//! Gaussians of weights 1/5 and 4/5 with nothing between them, as a picture.
//!
//! `cargo run --release --features cli --example mixture_weights -- [PICTURE.png [SAMPLES]]`

mod mixture;
mod plot;

use std::error::Error;
use std::path::PathBuf;

use ncsn::{Init, PhiloxRng, SampleParams, SamplerKind, Schedule, StepConvention};
use plot::{BLUE, FONT, GRAY, ORANGE};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use rand_distr::{Distribution, StandardNormal, Uniform};

/// Points drawn in a panel; the shares are those of all samples.
const DRAWN: usize = 1000;

/// Samples, pairs one after another.
struct Panel {
    title: &'static str,
    samples: Vec<f32>,
}

impl Panel {
    fn heavy_share(&self) -> f64 {
        let heavy = self.samples.chunks_exact(2).filter(|x| x[0] + x[1] > 0.0).count();
        heavy as f64 / (self.samples.len() / 2) as f64
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let path = arguments.next().map_or("mixture_weights.png".into(), PathBuf::from);
    let count: u32 = match arguments.next() {
        Some(count) => count.to_str().ok_or("the number of samples is no number")?.parse()?,
        None => 65_536,
    };
    let panels = [
        Panel { title: "the mixture itself", samples: exact(count) },
        Panel { title: "Langevin dynamics", samples: langevin(count)? },
        Panel { title: "annealed Langevin dynamics", samples: annealed(count)? },
    ];
    println!("share of {count} samples in the component of weight 0.8:");
    for panel in &panels {
        println!("{:28}{:.3}", panel.title, panel.heavy_share());
    }
    plot::save(&path, (1080, 396), |area| {
        for (area, panel) in area.split_evenly((1, panels.len())).iter().zip(&panels) {
            draw(area, panel)?;
        }
        Ok(())
    })
}

fn exact(count: u32) -> Vec<f32> {
    let mut rng = PhiloxRng::new(4, 1);
    let mut samples = Vec::with_capacity(2 * count as usize);
    let uniform = Uniform::new(0.0_f32, 1.0).expect("an interval");
    for _ in 0..count {
        let mean = if uniform.sample(&mut rng) < 0.8 { 5.0 } else { -5.0 };
        for _ in 0..2 {
            let z: f32 = StandardNormal.sample(&mut rng);
            samples.push(mean + z);
        }
    }
    samples
}

/// From U[-8, 8]^2 at the smallest noise level alone: long enough for every chain to settle in a mode,
/// and none ever to leave it.
fn langevin(count: u32) -> Result<Vec<f32>, Box<dyn Error>> {
    let square = Uniform::new(-8.0_f32, 8.0)?;
    let mut rng = PhiloxRng::new(4, 0);
    let model = mixture::model(2, 20.0, 0.1, 20)?;
    let params = SampleParams {
        sampler: SamplerKind::Langevin,
        sample_count: count,
        seed: 12,
        schedule: Schedule::Given(vec![1e-3]),
        steps_per_level: Some(500),
        step_size: Some(0.1),
        step_convention: StepConvention::Half,
        init: Init::Given((0..2 * count).map(|_| square.sample(&mut rng)).collect()),
        ..model.params()
    };
    Ok(model.sample(params)?.into_raw_vec_and_offset().0)
}

fn annealed(count: u32) -> Result<Vec<f32>, Box<dyn Error>> {
    let model = mixture::model(2, 20.0, 0.1, 20)?;
    let params = SampleParams {
        sampler: SamplerKind::AnnealedLangevin,
        sample_count: count,
        seed: 11,
        steps_per_level: Some(200),
        step_size: Some(2e-3),
        step_convention: StepConvention::Full,
        denoise: Some(true),
        ..model.params()
    };
    Ok(model.sample(params)?.into_raw_vec_and_offset().0)
}

fn draw(area: &plot::Area<'_>, panel: &Panel) -> Result<(), Box<dyn Error>> {
    let mut chart = ChartBuilder::on(area)
        .margin(10)
        .margin_right(14)
        .caption(panel.title, (FONT, 17))
        .x_label_area_size(24)
        .y_label_area_size(32)
        .build_cartesian_2d(-9.5..9.5, -9.5..9.5)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .label_style((FONT, 13))
        .x_labels(5)
        .y_labels(5)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .draw()?;
    chart.draw_series(panel.samples.chunks_exact(2).take(DRAWN).map(|x| {
        let ink = if x[0] + x[1] > 0.0 { BLUE } else { ORANGE };
        Circle::new((f64::from(x[0]), f64::from(x[1])), 2, ink.mix(0.5).filled())
    }))?;
    let share = panel.heavy_share();
    let style = |ink: &RGBColor| {
        (FONT, 19).into_font().color(ink).pos(Pos::new(HPos::Center, VPos::Center))
    };
    chart.draw_series([
        Text::new(format!("{share:.3}"), (5.0, 0.0), style(&BLUE)),
        Text::new(format!("{:.3}", 1.0 - share), (-5.0, 0.0), style(&ORANGE)),
    ])?;
    chart.draw_series([PathElement::new([(-9.5, 9.5), (9.5, -9.5)], GRAY.mix(0.3))])?;
    Ok(())
}
