//! Charts as SVG: lines over a logarithmic axis for benches about growth, and bars for those about
//! the cost of many things.

use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::ops::Range;
use std::path::Path;

/// Colours that most people can distinguish (Okabe, Ito: Color universal design, 2008), and then
/// lighter ones.
const COLOURS: [RGBColor; 8] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(0, 0, 0),
    RGBColor(150, 150, 150),
];

/// One line: a name, and its points.
#[derive(Clone, Debug)]
pub struct Series {
    /// The text of the legend.
    pub name: String,
    /// Points (x, y).
    pub points: Vec<(f64, f64)>,
}

/// The content of one panel.
#[derive(Clone, Debug)]
pub struct Panel {
    /// The title above the panel.
    pub title: String,
    /// The label of the x axis.
    pub x: &'static str,
    /// The label of the y axis.
    pub y: &'static str,
    /// Its lines.
    pub series: Vec<Series>,
}

/// Draws panels next to each other, each with a logarithmic x axis and a y axis from 0.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(path: &Path, panels: &[Panel]) -> Result<(), Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let width = 720 * panels.len() as u32;
    let root = SVGBackend::new(path, (width, 520)).into_drawing_area();
    root.fill(&WHITE)?;
    let areas = root.split_evenly((1, panels.len()));
    for (panel, area) in panels.iter().zip(&areas) {
        draw_panel(panel, area)?;
    }
    root.present()?;
    Ok(())
}

fn bounds(values: impl Iterator<Item = f64>) -> Range<f64> {
    values.fold(f64::INFINITY..f64::NEG_INFINITY, |range, value| range.start.min(value)..range.end.max(value))
}

fn draw_panel<DB: DrawingBackend>(
    panel: &Panel,
    area: &DrawingArea<DB, plotters::coord::Shift>,
) -> Result<(), Box<dyn Error>>
where
    DB::ErrorType: 'static,
{
    let points = || panel.series.iter().flat_map(|series| series.points.iter());
    let x = bounds(points().map(|point| point.0));
    let y = 0.0..bounds(points().map(|point| point.1)).end * 1.1;
    lines(panel, area, (x.start..x.end * 1.05).log_scale(), y)
}

fn lines<DB, X>(
    panel: &Panel,
    area: &DrawingArea<DB, plotters::coord::Shift>,
    x: X,
    y: Range<f64>,
) -> Result<(), Box<dyn Error>>
where
    DB: DrawingBackend,
    DB::ErrorType: 'static,
    X: AsRangedCoord<Value = f64>,
    X::CoordDescType: ValueFormatter<f64>,
{
    let mut chart = ChartBuilder::on(area)
        .caption(&panel.title, ("sans-serif", 18))
        .margin(12)
        .x_label_area_size(42)
        .y_label_area_size(56)
        .build_cartesian_2d(x, y)?;
    chart
        .configure_mesh()
        .x_desc(panel.x)
        .y_desc(panel.y)
        .x_label_formatter(&|x| short(*x))
        .light_line_style(WHITE)
        .draw()?;
    for (at, series) in panel.series.iter().enumerate() {
        let colour = COLOURS[at % COLOURS.len()];
        let style = if at < COLOURS.len() { colour.stroke_width(2) } else { colour.mix(0.5).stroke_width(2) };
        chart
            .draw_series(LineSeries::new(series.points.iter().copied(), style).point_size(3))?
            .label(&series.name)
            .legend(move |(x, y)| PathElement::new(vec![(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperLeft)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    Ok(())
}

/// One bar.
#[derive(Clone, Copy, Debug)]
pub struct Bar {
    /// The heading above the first of several bars that have the same group.
    pub group: &'static str,
    /// The label left of the bar.
    pub name: &'static str,
    /// Its length.
    pub value: f64,
}

/// The height of a line of a bar chart.
const LINE: i32 = 19;
/// The width left of the bars.
const NAMES: i32 = 250;
/// Where the longest bar ends.
const ENDS: i32 = 800;

/// Draws bars below each other, in groups, and a line down through all of them at `reference`.
///
/// # Errors
/// When the file cannot be written.
pub fn bars(path: &Path, title: &str, reference: f64, bars: &[Bar]) -> Result<(), Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let is_new = |at: usize| at == 0 || bars[at - 1].group != bars[at].group;
    let groups = (0..bars.len()).filter(|at| is_new(*at)).count();
    let (top, size) = (44, (bars.len() + groups) as i32 * LINE);
    let root = SVGBackend::new(path, (ENDS as u32 + 60, (top + size + 16) as u32)).into_drawing_area();
    root.fill(&WHITE)?;
    root.draw(&Text::new(title, (16, 14), ("sans-serif", 18).into_font()))?;
    let most = bars.iter().fold(reference, |most, bar| most.max(bar.value));
    let x = |value: f64| NAMES + (value / most * f64::from(ENDS - NAMES)).round() as i32;
    let anchored = |h| TextStyle::from(("sans-serif", 12).into_font()).pos(Pos::new(h, VPos::Center));
    let (mut y, mut group) = (top, 0);
    for (at, bar) in bars.iter().enumerate() {
        if is_new(at) {
            let heading = ("sans-serif", 14).into_font();
            root.draw(&Text::new(bar.group, (16, y + LINE / 2 - 4), heading))?;
            y += LINE;
            group += 1;
        }
        let colour = COLOURS[(group - 1) % COLOURS.len()];
        root.draw(&Text::new(bar.name, (NAMES - 6, y + LINE / 2), anchored(HPos::Right)))?;
        root.draw(&Rectangle::new([(NAMES, y + 3), (x(bar.value), y + LINE - 3)], colour.filled()))?;
        let figure =
            Text::new(format!("{:.0}", bar.value), (x(bar.value) + 4, y + LINE / 2), anchored(HPos::Left));
        root.draw(&figure)?;
        y += LINE;
    }
    root.draw(&PathElement::new(vec![(x(reference), top), (x(reference), y)], BLACK.mix(0.6)))?;
    root.present()?;
    Ok(())
}

/// Writes 65536 as `64k` and 1000000 as `1M`.
fn short(number: f64) -> String {
    match number {
        n if n >= 1e6 => format!("{:.0}M", n / 1e6),
        n if n >= 1e3 => format!("{:.0}k", n / 1e3),
        n => format!("{n:.0}"),
    }
}
