//! The chart: a panel per workload, a bar per contestant, on one logarithmic axis of ratios.

use crate::figures::{Row, spread};
use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use std::error::Error;
use std::path::Path;

/// Panels per row.
const COLUMNS: usize = 4;
/// The width of a panel.
const WIDTH: i32 = 420;
/// The height of a bar.
const BAR: i32 = 17;
/// The space above the bars of a panel.
const HEAD: i32 = 44;
/// The space below them.
const FOOT: i32 = 30;
/// The space left of the bars.
const NAMES: i32 = 172;
/// The space right of them, for the figure of the longest.
const RIGHT: i32 = 40;

/// Ratios below this are cut off.
const LEAST: f64 = 0.03;
/// Ratios above this are cut off.
const MOST: f64 = 30.0;

const OURS: RGBColor = RGBColor(0, 114, 178);
const BY_HAND: RGBColor = RGBColor(150, 150, 150);
const FRAMEWORK: RGBColor = RGBColor(230, 159, 0);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// Draws all workloads that have ratios.
///
/// # Errors
/// When the file cannot be written.
pub fn draw(path: &Path, rows: &[Row]) -> Result<(), Box<dyn Error>> {
    let rows: Vec<_> = rows.iter().filter(|row| row.has_ratios()).collect();
    let bars = rows.iter().map(|row| row.entries().count()).max().unwrap_or(0) as i32;
    let columns = COLUMNS.min(rows.len().max(1));
    let (height, lines) = (HEAD + FOOT + bars * BAR, rows.len().div_ceil(columns) as i32);
    let title = 60;
    let size = ((columns as i32 * WIDTH) as u32, (title + lines * height) as u32);
    let root = SVGBackend::new(path, size).into_drawing_area();
    root.fill(&WHITE)?;
    let text = "Cost as a ratio to the actor written by hand over tokio's mpsc; left of the line is cheaper";
    root.draw(&Text::new(text, (16, 12), ("sans-serif", 19).into_font()))?;
    let legend = [(OURS, "this runtime"), (BY_HAND, "by hand"), (FRAMEWORK, "other frameworks")];
    for (at, (colour, name)) in legend.into_iter().enumerate() {
        let x = 16 + at as i32 * 130;
        root.draw(&Rectangle::new([(x, 40), (x + 12, 52)], colour.filled()))?;
        root.draw(&Text::new(name, (x + 17, 39), ("sans-serif", 13).into_font()))?;
    }
    let range = range(&rows);
    for (at, row) in rows.iter().enumerate() {
        let corner = ((at % columns) as i32 * WIDTH, title + (at / columns) as i32 * height);
        panel(&root, corner, row, bars, range)?;
    }
    root.present()?;
    Ok(())
}

/// The ends of the axis, as powers of ten. They are the same in all panels so that the panels
/// compare. A bar beyond them is cut off and labelled: one outlier must not make all other bars too
/// short to compare.
fn range(rows: &[&Row]) -> (f64, f64) {
    let ratios = rows.iter().flat_map(|row| row.entries()).filter_map(|(_, cell)| spread(&cell.ratios));
    let ends = ratios.fold((0.5_f64, 2.0_f64), |ends, [ratio, ..]| (ends.0.min(ratio), ends.1.max(ratio)));
    (ends.0.max(LEAST).log10(), ends.1.min(MOST).log10())
}

fn panel(
    root: &Area<'_>,
    corner: (i32, i32),
    row: &Row,
    bars: i32,
    range: (f64, f64),
) -> Result<(), Box<dyn Error>> {
    let (left, top) = corner;
    let (from, to) = (left + NAMES, left + WIDTH - RIGHT);
    let x = |ratio: f64| {
        let part = (ratio.log10().clamp(range.0, range.1) - range.0) / (range.1 - range.0);
        from + (part * f64::from(to - from)).round() as i32
    };
    let bottom = top + HEAD + bars * BAR;
    let heading = format!("{}, {}", row.info.title, row.info.unit);
    root.draw(&Text::new(heading, (left + 16, top + 18), ("sans-serif", 15).into_font()))?;
    for tick in [0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0] {
        let log = f64::log10(tick);
        if log < range.0 - 1e-9 || log > range.1 + 1e-9 {
            continue;
        }
        let shade = if tick == 1.0 { BLACK.mix(0.8) } else { BLACK.mix(0.15) };
        root.draw(&PathElement::new(vec![(x(tick), top + HEAD - 2), (x(tick), bottom)], shade))?;
        let style = anchored(11, HPos::Center, VPos::Top);
        root.draw(&Text::new(format!("{tick}"), (x(tick), bottom + 4), style))?;
    }
    for (at, (entry, cell)) in row.entries().enumerate() {
        let y = top + HEAD + at as i32 * BAR;
        let name = anchored(12, HPos::Right, VPos::Center);
        root.draw(&Text::new(entry.name, (from - 6, y + BAR / 2), name))?;
        let Some([ratio, ..]) = spread(&cell.ratios) else {
            let style = anchored(11, HPos::Left, VPos::Center);
            let why = if cell.failed.is_some() { "failed" } else { "–" };
            root.draw(&Text::new(why, (x(1.0) + 4, y + BAR / 2), style))?;
            continue;
        };
        let colour = match entry {
            entry if entry.is_ours() => OURS,
            entry if entry.is_by_hand() => BY_HAND,
            _ => FRAMEWORK,
        };
        let (a, b) = (x(1.0).min(x(ratio)), x(1.0).max(x(ratio)));
        root.draw(&Rectangle::new([(a, y + 2), (b, y + BAR - 3)], colour.filled()))?;
        let style = anchored(11, HPos::Left, VPos::Center);
        root.draw(&Text::new(format!("{ratio:.2}"), (b + 4, y + BAR / 2), style))?;
    }
    Ok(())
}

fn anchored(size: i32, h: HPos, v: VPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", size).into_font()).pos(Pos::new(h, v))
}
