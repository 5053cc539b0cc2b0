//! Quality against evaluations, a line for each sampler.

use plotters::prelude::*;

use crate::failure::Failure;
use crate::grid::Picture;
use crate::number;
use crate::plot::{FONT, sheet, ticks};

/// A line of the chart.
pub struct Line {
    pub label: String,
    /// (evaluations, quality)
    pub points: Vec<(f64, f64)>,
}

/// Colours that stay apart, one for each row of the complete table; after the last one they begin again.
const COLORS: [RGBColor; 14] = [
    RGBColor(31, 90, 150),
    RGBColor(214, 39, 40),
    RGBColor(44, 140, 44),
    RGBColor(240, 130, 20),
    RGBColor(128, 70, 170),
    RGBColor(120, 75, 60),
    RGBColor(220, 100, 180),
    RGBColor(110, 110, 110),
    RGBColor(160, 160, 20),
    RGBColor(20, 170, 190),
    RGBColor(0, 0, 0),
    RGBColor(110, 200, 120),
    RGBColor(250, 190, 210),
    RGBColor(140, 170, 255),
];

/// Both axes are logarithmic: what counts are ratios.
pub fn draw(title: &str, quality: &str, lines: &[Line]) -> Result<Picture, Failure> {
    const SIZE: u32 = 14;
    let points = || lines.iter().flat_map(|line| &line.points);
    let x = ends(points().map(|point| point.0));
    let y = ends(points().map(|point| point.1));
    let colored = || lines.iter().zip(COLORS.iter().cycle());
    sheet(960, 640, |area| {
        let (left, legend) = area.split_horizontally(760);
        let mut chart = ChartBuilder::on(&left)
            .margin(SIZE)
            .caption(title, (FONT, SIZE + 1))
            .x_label_area_size(3 * SIZE)
            .y_label_area_size(5 * SIZE)
            .build_cartesian_2d(
                (x.0..x.1).log_scale().with_key_points(ticks(x.0, x.1)),
                (y.0..y.1).log_scale().with_key_points(ticks(y.0, y.1)),
            )?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .bold_line_style(BLACK.mix(0.08))
            .label_style((FONT, SIZE))
            .axis_desc_style((FONT, SIZE))
            .x_desc("network evaluations of a sample")
            .y_desc(quality)
            .x_label_formatter(&|value| number::short(*value))
            .y_label_formatter(&|value| number::short(*value))
            .draw()?;
        for (line, color) in colored() {
            let points = || line.points.iter().copied();
            chart.draw_series(LineSeries::new(points(), color.stroke_width(2)))?;
            chart.draw_series(points().map(|point| Circle::new(point, 4, color.filled())))?;
        }
        for (i, (line, color)) in colored().enumerate() {
            let y = (3 + 2 * i as i32) * SIZE as i32;
            legend.draw(&PathElement::new([(0, y), (20, y)], color.stroke_width(3)))?;
            let at = (28, y - SIZE as i32 / 2);
            legend.draw(&Text::new(line.label.as_str(), at, (FONT, SIZE)))?;
        }
        Ok(())
    })
}

/// The ends of an axis that shows positive values.
fn ends(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values
        .filter(|value| value.is_finite() && *value > 0.0)
        .fold((f64::INFINITY, 0.0_f64), |(low, high), value| (low.min(value), high.max(value)));
    if low > high { (1.0, 10.0) } else { (low / 1.3, high * 1.3) }
}
