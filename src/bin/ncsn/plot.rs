//! Plots.

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::failure::Failure;
use crate::grid::Picture;

/// The one typeface. Registered from memory: no font of the system is looked for.
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(31, 90, 150);

/// Runs `paint` on a white sheet.
fn sheet(
    width: usize,
    height: usize,
    paint: impl Fn(
        &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    ) -> Result<(), Box<dyn std::error::Error>>,
) -> Result<Picture, Failure> {
    let failed = |why: String| Failure::Input(format!("the plot cannot be drawn: {why}"));
    register_font(FONT, FontStyle::Normal, epaint_default_fonts::HACK_REGULAR)
        .map_err(|_| failed("its font is unreadable".to_owned()))?;
    let mut pixels = vec![0; width * height * 3];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, (width as u32, height as u32))
            .into_drawing_area();
        area.fill(&WHITE)
            .map_err(|error| error.to_string())
            .and_then(|()| paint(&area).map_err(|error| error.to_string()))
            .and_then(|()| area.present().map_err(|error| error.to_string()))
            .map_err(failed)?;
    }
    Ok(Picture { width, height, channels: 3, pixels })
}

/// The smallest and largest of `values`, with a margin.
pub fn bounds(values: impl Iterator<Item = f32>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .map(f64::from)
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| {
            (low.min(value), high.max(value))
        });
    if low > high {
        return (-1.0, 1.0);
    }
    let margin = ((high - low) * 0.06).max(1e-3);
    (low - margin, high + margin)
}

/// Where a scatter plot's axes end.
#[derive(Debug, Clone, Copy)]
pub struct Axes {
    pub x: (f64, f64),
    pub y: (f64, f64),
}

impl Axes {
    /// Axes that show all of `points`, pairs one after another.
    pub fn around(points: &[f32]) -> Self {
        let axis = |first: usize| bounds(points.iter().skip(first).step_by(2).copied());
        Self { x: axis(0), y: axis(1) }
    }
}

/// Points in the plane; those beyond the axes are left out.
pub fn scatter(points: &[f32], axes: Axes, zoom: usize) -> Result<Picture, Failure> {
    let side = 480 * zoom;
    let size = (14 * zoom) as u32;
    sheet(side, side, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(size)
            .x_label_area_size(2 * size)
            .y_label_area_size(4 * size)
            .build_cartesian_2d(axes.x.0..axes.x.1, axes.y.0..axes.y.1)?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.08))
            .label_style((FONT, size))
            .x_labels(6)
            .y_labels(6)
            .draw()?;
        let inside = |x: f64, y: f64| {
            (axes.x.0..=axes.x.1).contains(&x) && (axes.y.0..=axes.y.1).contains(&y)
        };
        let radius = 2 * zoom as i32;
        chart.draw_series(
            points
                .chunks_exact(2)
                .map(|point| (f64::from(point[0]), f64::from(point[1])))
                .filter(|&(x, y)| inside(x, y))
                .map(|point| Circle::new(point, radius, INK.mix(0.5).filled())),
        )?;
        Ok(())
    })
}
