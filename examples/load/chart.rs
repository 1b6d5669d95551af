//! Two panels over one time axis: messages a second, and the mailbox.

use crate::scraped::Sample;
use actors_core::prelude::*;
use plotters::prelude::*;
use std::path::Path;

/// Colours that most people can distinguish (Okabe, Ito: Color universal design, 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const RED: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);

/// A name, a colour, and the value that is shown of a sample.
type Line = (&'static str, RGBColor, fn(&Sample) -> f64);

const RATES: [Line; 3] = [
    ("offered to the actor", BLUE, |sample| sample.offered),
    ("refused or lost", RED, |sample| sample.lost),
    ("handled", GREEN, |sample| sample.handled),
];
const MAILBOX: [Line; 2] =
    [("queued", BLUE, |sample| sample.depth), ("waiting in line", RED, |sample| sample.waiting)];

/// Draws the chart.
///
/// # Errors
/// Returns an error when the file cannot be written.
pub(crate) fn draw(path: &Path, title: &str, samples: &[Sample]) -> Result<(), BoxError> {
    let root = SVGBackend::new(path, (960, 560)).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.titled(title, ("sans-serif", 18))?.split_evenly((2, 1));
    for ((area, name), lines) in
        areas.iter().zip(["messages a second", "messages"]).zip([&RATES[..], &MAILBOX])
    {
        let most = samples.iter().flat_map(|sample| lines.iter().map(|(_, _, shown)| shown(sample)));
        // Room above the highest line for the legend.
        let top = most.fold(1.0, f64::max) * 1.3;
        let end = samples.last().map_or(1.0, |sample| sample.at);
        let mut chart = ChartBuilder::on(area)
            .margin_right(16)
            .x_label_area_size(34)
            .y_label_area_size(72)
            .build_cartesian_2d(0.0..end, 0.0..top)?;
        chart
            .configure_mesh()
            .x_desc("seconds")
            .y_desc(name)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .light_line_style(WHITE.mix(0.0))
            .draw()?;
        for (name, colour, shown) in lines {
            let style = colour.stroke_width(2);
            let points = samples.iter().map(|sample| (sample.at, shown(sample)));
            chart
                .draw_series(LineSeries::new(points, style))?
                .label(*name)
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
        }
        let mut key = chart.configure_series_labels();
        key.position(SeriesLabelPosition::UpperRight).background_style(WHITE.mix(0.85)).draw()?;
    }
    root.present()?;
    Ok(())
}
