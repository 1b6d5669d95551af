//! The run as a chart: three panels over one time axis, shaded where there was pressure.

use crate::Run;
use crate::pool::Kind;
use crate::watch::Sample;
use actors_core::observe::Level;
use actors_core::prelude::*;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use std::path::Path;

/// Colours that most people can distinguish (Okabe, Ito: Color universal design, 2008).
const BLUE: RGBColor = RGBColor(0, 114, 178);
const RED: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PINK: RGBColor = RGBColor(204, 121, 167);
const YELLOW: RGBColor = RGBColor(230, 159, 0);

/// The width of the axis beside a panel. It is the same for all panels, so that their times line
/// up.
const AXIS: i32 = 64;

/// The panel that names the phases.
const FIRST: &str = "messages";

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
/// A name, a colour, and the value that is shown of a sample.
type Line<'a> = (&'static str, RGBColor, &'a dyn Fn(&Sample) -> Option<f64>);

/// Draws depth, workers, and the admitted share over time.
///
/// # Errors
/// Returns an error when the file cannot be written.
pub(crate) fn draw(path: &Path, run: &Run) -> Result<(), BoxError> {
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    let root = SVGBackend::new(path, (960, 780)).into_drawing_area();
    root.fill(&WHITE)?;
    let (head, body) = root.split_vertically(44);
    key(&head)?;
    let areas = body.split_evenly((3, 1));
    let most = run.seen.samples.iter().map(|sample| sample.depth + sample.waiting).max().unwrap_or(1);
    panel(
        &areas[0],
        run,
        (FIRST, most as f64 * 1.25, SeriesLabelPosition::MiddleLeft),
        &[
            ("queued", BLUE, &|sample| Some(sample.depth as f64)),
            ("waiting in line", RED, &|sample| Some(sample.waiting as f64)),
        ],
    )?;
    panel(
        &areas[1],
        run,
        ("workers", 9.0, SeriesLabelPosition::UpperRight),
        &[
            ("in a turn", YELLOW, &|sample| Some(sample.busy as f64)),
            ("workers", BLUE, &|sample| Some(sample.workers as f64)),
        ],
    )?;
    let share = |kind: Kind| move |sample: &Sample| sample.admitted[kind as usize].map(|share| share * 100.0);
    panel(
        &areas[2],
        run,
        ("admitted, %", 110.0, SeriesLabelPosition::LowerLeft),
        &[
            ("reports (low)", RED, &share(Kind::Report)),
            ("thumbnails (normal)", PINK, &share(Kind::Thumbnail)),
            ("orders (high)", GREEN, &share(Kind::Order)),
        ],
    )?;
    root.present()?;
    Ok(())
}

fn shade(level: Level) -> RGBAColor {
    match level {
        Level::Calm => WHITE.mix(0.0),
        Level::Elevated => YELLOW.mix(0.15),
        _ => RED.mix(0.22),
    }
}

/// The legend of the shades.
fn key(head: &Area<'_>) -> Result<(), BoxError> {
    head.draw(&Text::new("A pool under pressure", (AXIS, 14), ("sans-serif", 18)))?;
    for (at, level) in [Level::Elevated, Level::Overloaded].into_iter().enumerate() {
        let x = 620 + 120 * at as i32;
        head.draw(&Rectangle::new([(x, 14), (x + 18, 28)], shade(level).filled()))?;
        head.draw(&Text::new(level.word(), (x + 24, 14), ("sans-serif", 14)))?;
    }
    Ok(())
}

/// `y` has the label of the axis, its upper end, and the position of the legend.
fn panel(
    area: &Area<'_>,
    run: &Run,
    y: (&str, f64, SeriesLabelPosition),
    lines: &[Line<'_>],
) -> Result<(), BoxError> {
    let (name, top, legend) = y;
    // Once is enough: the panels share one time axis.
    let is_first = name == FIRST;
    let end = run.seen.samples.last().map_or(1.0, |sample| sample.at);
    let mut chart = ChartBuilder::on(area)
        .margin_right(16)
        .margin_bottom(6)
        .x_label_area_size(34)
        .y_label_area_size(AXIS)
        .build_cartesian_2d(0.0..end, 0.0..top)?;
    shades(&mut chart, &run.seen.samples, top)?;
    chart
        .configure_mesh()
        .x_desc("seconds")
        .y_desc(name)
        .y_labels(6)
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .light_line_style(WHITE.mix(0.0))
        .draw()?;
    for (began, name) in &run.phases {
        chart.draw_series([PathElement::new([(*began, 0.0), (*began, top)], BLACK.mix(0.4))])?;
        if is_first {
            let label = Text::new(*name, (began + end * 0.004, top * 0.98), ("sans-serif", 11));
            chart.draw_series([label])?;
        }
    }
    for (name, colour, shown) in lines {
        let style = colour.stroke_width(2);
        let points = steps(&run.seen.samples, shown);
        chart
            .draw_series(LineSeries::new(points, style))?
            .label(*name)
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], style));
    }
    chart
        .configure_series_labels()
        .position(legend)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .draw()?;
    Ok(())
}

/// A rectangle for each stretch of one level.
fn shades(chart: &mut Chart<'_, '_>, samples: &[Sample], top: f64) -> Result<(), BoxError> {
    for stretch in samples.chunk_by(|one, next| one.level == next.level) {
        if let [first, .., last] = stretch
            && first.level > Level::Calm
        {
            let corners = [(first.at, 0.0), (last.at, top)];
            chart.draw_series([Rectangle::new(corners, shade(first.level).filled())])?;
        }
    }
    Ok(())
}

/// A line with a step where a value changes, and no points between.
fn steps(samples: &[Sample], shown: impl Fn(&Sample) -> Option<f64>) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = Vec::new();
    let seen = samples.iter().filter_map(|sample| Some((sample.at, shown(sample)?)));
    for (at, value) in seen {
        match points.last() {
            Some((_, last)) if *last == value => {}
            Some((_, last)) => points.extend([(at, *last), (at, value)]),
            None => points.push((at, value)),
        }
    }
    let ends = samples.last().zip(points.last().copied()).map(|(sample, (_, last))| (sample.at, last));
    points.extend(ends);
    points
}
