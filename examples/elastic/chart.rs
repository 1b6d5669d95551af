//! The run as a chart: five panels over one time axis, shaded where there was pressure, and the
//! decisions that changed something.

use crate::Run;
use crate::chart_file::finished;
use crate::pool::Kind;
use crate::watch::Sample;
use actors_core::config::ActorConfig;
use actors_core::observe::{Decision, DecisionKind, Level};
use actors_core::prelude::*;
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::path::Path;

/// Colours that most people can distinguish (Okabe, Ito: Color universal design, 2008), and that
/// stand out from white and from black.
const BLUE: RGBColor = RGBColor(0, 114, 178);
const SKY: RGBColor = RGBColor(86, 180, 233);
const RED: RGBColor = RGBColor(213, 94, 0);
const GREEN: RGBColor = RGBColor(0, 158, 115);
const PINK: RGBColor = RGBColor(204, 121, 167);
const YELLOW: RGBColor = RGBColor(230, 159, 0);
const GREY: RGBColor = RGBColor(128, 128, 128);

const WIDTH: u32 = 1120;
/// The title, the key of the shades, and the names of the phases.
const HEAD: u32 = 92;
/// A panel with its legend above the data.
const PANEL: u32 = 150;
const LEGEND: i32 = 22;
/// The room for the name of a panel, left of its legend.
const NAME: i32 = 140;
/// The time axis below the last panel.
const FOOT: u32 = 40;
/// The width of the axis beside a panel, the same for all panels, so that their times line up.
const AXIS: i32 = 64;
/// The margin at the other side.
const MARGIN: i32 = 24;
/// A line of the list of decisions.
const LINE: u32 = 19;
/// Decisions that are listed. The run has about ten that matter.
const LISTED_MAX: usize = 16;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// One panel.
struct Panel<'a> {
    name: &'static str,
    top: f64,
    lines: Vec<Line<'a>>,
    /// Levels that were declared: a name and a value.
    marks: Vec<(&'static str, f64)>,
}

/// A name, a colour, and the value that is shown of a sample.
type Line<'a> = (&'static str, RGBColor, Box<dyn Fn(&Sample) -> Option<f64> + 'a>);

/// Draws the run; `declared` has the marks that it is compared with.
///
/// # Errors
/// Returns an error when the file cannot be written.
pub(crate) fn draw(path: &Path, run: &Run, declared: &ActorConfig) -> Result<(), BoxError> {
    let decisive = decisive(run);
    let panels = panels(run, declared);
    let height = HEAD + PANEL * panels.len() as u32 + FOOT + LINE * (decisive.len() as u32 + 2);
    let mut drawing = String::new();
    {
        let root = SVGBackend::with_string(&mut drawing, (WIDTH, height)).into_drawing_area();
        let (head, body) = root.split_vertically(HEAD);
        let (body, list) = body.split_vertically(PANEL * panels.len() as u32 + FOOT);
        key(&head, run)?;
        let mut rest = body;
        for (at, of_panel) in panels.iter().enumerate() {
            let is_last = at + 1 == panels.len();
            let (area, below) = rest.split_vertically(if is_last { PANEL + FOOT } else { PANEL });
            panel(&area, run, of_panel, &decisive, is_last)?;
            rest = below;
        }
        write_list(&list, &decisive)?;
        root.present()?;
    }
    let description = describe(run, &decisive);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent)?;
    }
    std::fs::write(path, finished(&drawing, "A pool under pressure", &description))?;
    Ok(())
}

fn panels<'a>(run: &Run, declared: &ActorConfig) -> Vec<Panel<'a>> {
    let samples = &run.seen.samples;
    let most = |shown: &dyn Fn(&Sample) -> f64| samples.iter().map(shown).fold(1.0, f64::max);
    let capacity = declared.capacity.unwrap_or(0) as f64;
    let pressure = declared.pressure.clone().unwrap_or_default();
    let fill = |part: Option<f64>| part.unwrap_or(0.0) * capacity;
    let target = pressure.target.map_or(0.0, |target| target.as_secs_f64() * 1000.0);
    let share = |kind: Kind| {
        let shown = move |sample: &Sample| sample.admitted[kind as usize].map(|share| share * 100.0);
        Box::new(shown) as Box<dyn Fn(&Sample) -> Option<f64> + 'a>
    };
    let depth = most(&|sample| (sample.depth + sample.waiting) as f64).max(capacity);
    let wait = |kind: Kind| move |sample: &Sample| sample.queued_ms[kind as usize];
    let late = [Kind::Order, Kind::Thumbnail]
        .map(|kind| most(&|sample| wait(kind)(sample).unwrap_or(0.0)))
        .into_iter()
        .fold(target, f64::max);
    vec![
        Panel {
            name: "jobs a second",
            top: most(&|sample| sample.offered.max(sample.handled)) * 1.1,
            lines: vec![
                ("offered", RED, Box::new(|sample| Some(sample.offered))),
                ("handled", BLUE, Box::new(|sample| Some(sample.handled))),
            ],
            marks: vec![],
        },
        Panel {
            name: "messages",
            top: depth * 1.1,
            lines: vec![
                ("queued", BLUE, Box::new(|sample| Some(sample.depth as f64))),
                ("waiting in line", RED, Box::new(|sample| Some(sample.waiting as f64))),
            ],
            marks: vec![("capacity", capacity), ("high", fill(pressure.high)), ("low", fill(pressure.low))],
        },
        Panel {
            // That of reports is seconds: hardly any is let in.
            name: "queue time p99, ms",
            top: late * 1.1,
            lines: vec![
                ("thumbnails", PINK, Box::new(wait(Kind::Thumbnail))),
                ("orders", GREEN, Box::new(wait(Kind::Order))),
            ],
            marks: vec![("target", target)],
        },
        Panel {
            name: "workers",
            top: 9.0,
            lines: vec![
                ("in a turn", YELLOW, Box::new(|sample| Some(sample.busy as f64))),
                ("workers", BLUE, Box::new(|sample| Some(sample.workers as f64))),
            ],
            marks: vec![],
        },
        Panel {
            name: "admitted, %",
            top: 112.0,
            lines: vec![
                ("reports (low)", RED, share(Kind::Report)),
                ("thumbnails (normal)", PINK, share(Kind::Thumbnail)),
                ("orders (high)", GREEN, share(Kind::Order)),
            ],
            marks: vec![],
        },
    ]
}

/// The decisions that changed what the pool does, apart from the steps of shedding.
fn decisive(run: &Run) -> Vec<(f64, &Decision)> {
    let is_decisive = |kind: &DecisionKind| {
        !matches!(kind, DecisionKind::SheddingMoved { .. } | DecisionKind::LevelChanged { .. })
    };
    let all = run.seen.decisions.iter().filter(|(_, decision)| is_decisive(&decision.kind));
    all.map(|(at, decision)| (*at, decision)).take(LISTED_MAX).collect()
}

/// For those who do not see it.
fn describe(run: &Run, decisive: &[(f64, &Decision)]) -> String {
    let phases: Vec<_> = run.phases.iter().map(|(at, name)| format!("{name} from {at:.0} s on")).collect();
    let decisions: Vec<_> = decisive.iter().map(|(at, decision)| format!("{at:.1} s: {decision}")).collect();
    format!(
        "Five panels over one time axis: jobs offered and handled a second, messages in the mailbox, queue times, \
         workers, and the share of messages that is admitted. Phases: {}. Decisions: {}.",
        phases.join(", "),
        decisions.join("; ")
    )
}

fn shade(level: Level) -> RGBAColor {
    match level {
        Level::Calm => GREY.mix(0.0),
        Level::Elevated => YELLOW.mix(0.18),
        _ => RED.mix(0.25),
    }
}

fn text(size: u32) -> TextStyle<'static> {
    ("sans-serif", size).into_font().color(&BLACK)
}

/// The title, the legend of the shades, and the names of the phases, each above its part of the
/// time axis.
fn key(head: &Area<'_>, run: &Run) -> Result<(), BoxError> {
    head.draw(&Text::new("A pool under pressure", (AXIS, 12), text(19)))?;
    for (at, level) in [Level::Elevated, Level::Overloaded].into_iter().enumerate() {
        let x = WIDTH as i32 - MARGIN - 250 + 125 * at as i32;
        head.draw(&Rectangle::new([(x, 14), (x + 18, 28)], shade(level).filled()))?;
        head.draw(&Text::new(level.word(), (x + 24, 14), text(14)))?;
    }
    let end = run.seen.samples.last().map_or(1.0, |sample| sample.at);
    let x = |at: f64| AXIS + (f64::from(WIDTH as i32 - AXIS - MARGIN) * at / end) as i32;
    for (at, (began, name)) in run.phases.iter().enumerate() {
        let from = x(*began);
        // Names of neighbours do not meet: every other one is a row lower.
        let y = if at % 2 == 0 { 48 } else { 68 };
        let style = BLACK.mix(0.5).stroke_width(1);
        head.draw(&PathElement::new([(from, y), (from, HEAD as i32)], style))?;
        head.draw(&Text::new(*name, (from + 5, y), text(13)))?;
    }
    Ok(())
}

fn panel(
    area: &Area<'_>,
    run: &Run,
    of_panel: &Panel<'_>,
    decisive: &[(f64, &Decision)],
    is_last: bool,
) -> Result<(), BoxError> {
    let Panel { top, lines, marks, .. } = of_panel;
    legend(area, of_panel)?;
    let end = run.seen.samples.last().map_or(1.0, |sample| sample.at);
    let mut chart = ChartBuilder::on(area)
        .margin_top(LEGEND)
        .margin_right(MARGIN)
        .x_label_area_size(if is_last { FOOT } else { 4 })
        .y_label_area_size(AXIS)
        .build_cartesian_2d(0.0..end, 0.0..*top)?;
    shades(&mut chart, &run.seen.samples, *top)?;
    let mut mesh = chart.configure_mesh();
    mesh.y_labels(5)
        .x_labels(if is_last { 12 } else { 0 })
        .x_label_formatter(&|x| format!("{x:.0}"))
        .y_label_formatter(&|y| format!("{y:.0}"))
        .label_style(text(12))
        .axis_desc_style(text(13))
        .axis_style(BLACK.mix(0.6))
        .bold_line_style(GREY.mix(0.25))
        .light_line_style(GREY.mix(0.0));
    if is_last {
        mesh.x_desc("seconds");
    }
    mesh.draw()?;
    for (began, _) in &run.phases {
        chart.draw_series([PathElement::new([(*began, 0.0), (*began, *top)], BLACK.mix(0.5))])?;
    }
    for (at, _) in decisive {
        chart.draw_series([PathElement::new([(*at, 0.0), (*at, *top)], SKY.mix(0.7))])?;
    }
    for (_, level) in marks {
        let ends = [(0.0, *level), (end, *level)];
        chart.draw_series(DashedLineSeries::new(ends, 6, 4, GREY.stroke_width(1)))?;
    }
    for (_, colour, shown) in lines {
        let points = steps(&run.seen.samples, shown);
        chart.draw_series(LineSeries::new(points, colour.stroke_width(2)))?;
    }
    numbers(&mut chart, decisive, *top)?;
    Ok(())
}

/// The names of the panel, its lines and its marks, above the data.
fn legend(area: &Area<'_>, of_panel: &Panel<'_>) -> Result<(), BoxError> {
    area.draw(&Text::new(of_panel.name, (AXIS, 4), text(14)))?;
    let mut x = AXIS + NAME;
    for (name, colour, _) in &of_panel.lines {
        area.draw(&PathElement::new([(x, 12), (x + 18, 12)], colour.stroke_width(3)))?;
        area.draw(&Text::new(*name, (x + 24, 5), text(13)))?;
        x += 40 + 8 * name.len() as i32;
    }
    for (name, level) in &of_panel.marks {
        let name = format!("{name} {level:.0}");
        area.draw(&PathElement::new([(x, 12), (x + 6, 12)], GREY.stroke_width(1)))?;
        area.draw(&PathElement::new([(x + 10, 12), (x + 16, 12)], GREY.stroke_width(1)))?;
        area.draw(&Text::new(name.clone(), (x + 24, 5), text(13)))?;
        x += 40 + 8 * name.len() as i32;
    }
    Ok(())
}

/// The numbers of the decisions, as in the list.
fn numbers(chart: &mut Chart<'_, '_>, decisive: &[(f64, &Decision)], top: f64) -> Result<(), BoxError> {
    let style = text(11).pos(Pos::new(HPos::Left, VPos::Top));
    // Of several at one instant the numbers follow each other.
    let mut last: Option<(f64, String)> = None;
    for (number, (at, _)) in (1..).zip(decisive) {
        match &mut last {
            Some((before, numbers)) if at - *before < 0.4 => numbers.push_str(&format!(",{number}")),
            _ => {
                if let Some((at, numbers)) = last.replace((*at, number.to_string())) {
                    chart.draw_series([Text::new(numbers, (at + 0.1, top * 0.98), style.clone())])?;
                }
            }
        }
    }
    if let Some((at, numbers)) = last {
        chart.draw_series([Text::new(numbers, (at + 0.1, top * 0.98), style)])?;
    }
    Ok(())
}

fn write_list(area: &Area<'_>, decisive: &[(f64, &Decision)]) -> Result<(), BoxError> {
    for (line, (at, decision)) in (0..).zip(decisive) {
        let y = 8 + line * LINE as i32;
        area.draw(&Text::new(format!("{}", line + 1), (AXIS, y), text(13)))?;
        area.draw(&Text::new(format!("{at:.1} s"), (AXIS + 28, y), text(13)))?;
        area.draw(&Text::new(decision.to_string(), (AXIS + 90, y), text(13)))?;
    }
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
