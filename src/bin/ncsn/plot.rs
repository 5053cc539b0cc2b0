//! Plots.

use plotters::prelude::*;
use plotters::style::{FontStyle, register_font};

use crate::failure::Failure;
use crate::grid::Picture;

/// The one typeface. Registered from memory: no font of the system is looked for.
pub const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(31, 90, 150);

/// Runs `paint` on a white sheet.
pub fn sheet(
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

/// A quantity over the noise levels.
pub struct Series {
    /// Its name.
    pub label: String,
    /// (sigma, value)
    pub points: Vec<(f64, f64)>,
    /// What to compare it with.
    pub reference: Option<Reference>,
}

/// A value that means something.
pub struct Reference {
    pub value: f64,
    pub label: String,
}

/// One panel for each series, one above the other, over a logarithmic axis of sigma.
pub fn levels(series: &[Series]) -> Result<Picture, Failure> {
    const PANEL: usize = 280;
    let (width, height) = (720, PANEL * series.len());
    sheet(width, height, |area| {
        let panels = area.split_evenly((series.len(), 1));
        for (i, (panel, series)) in panels.iter().zip(series).enumerate() {
            panel_of(panel, series, i + 1 == panels.len())?;
        }
        Ok(())
    })
}

/// 1, 2 and 5 times the powers of ten from `low` to `high`, or those powers alone if they are many.
pub fn ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
    let steps: &[f64] = if last - first > 4 { &[1.0] } else { &[1.0, 2.0, 5.0] };
    (first..=last)
        .flat_map(|power| steps.iter().map(move |step| step * 10_f64.powi(power)))
        .filter(|tick| (low..=high).contains(tick))
        .collect()
}

/// Round values between `low` and `high`, about five of them.
fn round_ticks(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|&step| step >= rough);
    let step = step.unwrap_or(rough);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|i| i as f64 * step).collect()
}

/// A vertical axis. The drawing library is always given a logarithmic one, whose ticks can be said;
/// a linear axis is the logarithm of [`place`](Self::place)d values.
struct Vertical {
    /// The values at its ends.
    ends: (f64, f64),
    /// The values that are labelled.
    ticks: Vec<f64>,
    log: bool,
}

impl Vertical {
    /// An axis for positive values over more than a decade, or for values around a reference.
    fn of(series: &Series) -> Self {
        let reference = series.reference.as_ref().map(|reference| reference.value);
        let values = || series.points.iter().map(|(_, value)| *value).chain(reference);
        let (least, most) = values()
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(v), h.max(v)));
        if least > 0.0 && most > 10.0 * least {
            let ends = (least / 2.0, most * 2.0);
            return Self { ends, ticks: ticks(ends.0, ends.1), log: true };
        }
        let (bottom, top) = bounds(values().map(|value| value as f32));
        // A deviation of a tenth of the reference fills the panel; noise does not look like one.
        let room = 0.1 * reference.unwrap_or(1.0).abs();
        let middle = reference.unwrap_or(0.5 * (bottom + top));
        let (bottom, top) = (bottom.min(middle - room), top.max(middle + room));
        Self { ends: (bottom, top), ticks: round_ticks(bottom, top), log: false }
    }

    fn place(&self, value: f64) -> f64 {
        let (bottom, top) = self.ends;
        if self.log { value } else { ((value - bottom) / (top - bottom)).exp() }
    }

    fn value(&self, place: f64) -> f64 {
        let (bottom, top) = self.ends;
        if self.log { place } else { bottom + (top - bottom) * place.ln() }
    }
}

fn panel_of(
    area: &DrawingArea<BitMapBackend<'_>, plotters::coord::Shift>,
    series: &Series,
    last: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    const SIZE: u32 = 14;
    let sigma = |(sigma, _): &(f64, f64)| *sigma;
    let low = series.points.iter().map(sigma).fold(f64::INFINITY, f64::min);
    let high = series.points.iter().map(sigma).fold(0.0, f64::max);
    let (low, high) = if low < high { (low / 1.1, high * 1.1) } else { (high / 2.0, high * 2.0) };
    let vertical = Vertical::of(series);
    let caption = match &series.reference {
        Some(reference) => format!("{}   (gray: {})", series.label, reference.label),
        None => series.label.clone(),
    };
    let mut chart = ChartBuilder::on(area)
        .margin(SIZE)
        .caption(caption, (FONT, SIZE + 1))
        .x_label_area_size(if last { 3 * SIZE } else { SIZE })
        .y_label_area_size(5 * SIZE)
        .build_cartesian_2d(
            (low..high).log_scale().with_key_points(ticks(low, high)),
            (vertical.place(vertical.ends.0)..vertical.place(vertical.ends.1))
                .log_scale()
                .with_key_points(vertical.ticks.iter().map(|&tick| vertical.place(tick)).collect()),
        )?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(BLACK.mix(0.08))
        .label_style((FONT, SIZE))
        .axis_desc_style((FONT, SIZE))
        .x_desc(if last { "sigma" } else { "" })
        .x_label_formatter(&|value| crate::number::short(*value))
        .y_label_formatter(&|place| crate::number::short(vertical.value(*place)))
        .draw()?;
    let point = |&(sigma, value): &(f64, f64)| (sigma, vertical.place(value));
    if let Some(reference) = &series.reference {
        let line = [low, high].map(|sigma| (sigma, vertical.place(reference.value)));
        chart.draw_series(LineSeries::new(line, BLACK.mix(0.5)))?;
    }
    chart.draw_series(LineSeries::new(series.points.iter().map(point), INK.stroke_width(2)))?;
    chart.draw_series(series.points.iter().map(|p| Circle::new(point(p), 4, INK.filled())))?;
    Ok(())
}
