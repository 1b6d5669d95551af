//! The table of actors: which columns fit, and what is in them. The screen and the plain table of
//! `--once` share it.
//!
//! | width | columns |
//! |---|---|
//! | always | actor, level, fill |
//! | 80 | waiting senders, workers, turns and refusals a second, p99 of queue and handling time |
//! | 88 | age of the oldest message |
//! | 108 | the most frequent refusal or loss |
//! | 150 | type, losses a second, soft limit, restarts |
//! | 185 | the fill in the last half minute, or as much of a minute as fits |

use crate::data::order::fill;
use crate::data::tree::Place;
use crate::data::watch::HISTORY;
use crate::data::{Frame, Watch};
use crate::number::{UNKNOWN, count, rate, time};
use crate::text::{cut, left, right, width};
use actors_core::Reading;
use actors_core::observe::{ActorSnapshot, Level};

/// A name that is narrower cannot be read.
const NAME_MIN: usize = 12;
/// A name takes no more of a wide table.
const NAME_MAX: usize = 60;
/// Levels of a tree that are drawn; deeper actors stand at the last of them.
const INDENT_MAX: usize = 6;
/// Cells of the bar in a narrow and in a wide table.
const BARS: (usize, usize) = (5, 10);

/// How a text is coloured. Each tone is also told by words or by shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Title,
    Dim,
    Good,
    Warn,
    Bad,
}

/// A column of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Column {
    Name,
    Type,
    Level,
    Fill { bar: usize },
    Soft,
    History,
    Waiting,
    Workers,
    Handled,
    Refused,
    Lost,
    Reason,
    Oldest,
    Queue,
    Turn,
    Restarts,
}

/// Columns with their widths.
pub(crate) type Layout = Vec<(Column, usize)>;

/// Returns the columns that fit into a table of this width. One blank is between two of them. The
/// name takes what is left, up to `name_max`.
pub(crate) fn layout(width: usize, name_max: usize) -> Layout {
    let bar = if width >= 108 { BARS.1 } else { BARS.0 };
    let all = [
        (Column::Type, 150),
        (Column::Level, 0),
        (Column::Fill { bar }, 0),
        (Column::Soft, 150),
        (Column::History, 185),
        (Column::Waiting, 80),
        (Column::Workers, 80),
        (Column::Handled, 80),
        (Column::Refused, 80),
        (Column::Lost, 150),
        (Column::Reason, 108),
        (Column::Oldest, 88),
        (Column::Queue, 80),
        (Column::Turn, 80),
        (Column::Restarts, 150),
    ];
    let shown = all.into_iter().filter(|(_, from)| width >= *from);
    let mut layout: Layout = shown.map(|(column, _)| (column, column.width())).collect();
    let taken: usize = layout.iter().map(|(_, wide)| wide + 1).sum();
    let name = width.saturating_sub(taken).clamp(NAME_MIN, name_max.clamp(NAME_MIN, NAME_MAX));
    layout.insert(0, (Column::Name, name));
    let rest = width.saturating_sub(taken + name);
    if let Some((_, wide)) = layout.iter_mut().find(|(column, _)| *column == Column::History) {
        *wide += rest.min(HISTORY - *wide);
    }
    layout
}

/// Returns how wide the names of these actors are in the tree, for [`layout`].
pub(crate) fn name_width(frame: &Frame, places: &[Place]) -> usize {
    let names = places.iter().map(|place| {
        let name = frame.snapshot.actors[place.actor].name.as_str();
        width(&cut(name, NAME_MAX)) + 2 * place.depth.min(INDENT_MAX)
    });
    names.max().unwrap_or_default()
}

impl Column {
    fn width(self) -> usize {
        match self {
            Column::Name => NAME_MIN,
            Column::Type => 16,
            Column::Level => 10,
            Column::Fill { bar } => bar + 1 + 9,
            Column::Soft | Column::Handled => 6,
            Column::History => HISTORY / 2,
            Column::Waiting => 5,
            Column::Workers | Column::Refused | Column::Lost | Column::Queue | Column::Turn => 5,
            Column::Reason => 12,
            Column::Oldest => 6,
            Column::Restarts => 8,
        }
    }

    fn title(self) -> &'static str {
        match self {
            Column::Name => "ACTOR",
            Column::Type => "TYPE",
            Column::Level => "LEVEL",
            Column::Fill { .. } => "FILL",
            Column::Soft => "SOFT",
            Column::History => "HISTORY",
            Column::Waiting => "WAIT",
            Column::Workers => "WORK",
            Column::Handled => "DONE/S",
            Column::Refused => "REF/S",
            Column::Lost => "LOST",
            Column::Reason => "MOSTLY",
            Column::Oldest => "OLDEST",
            Column::Queue => "QUEUE",
            Column::Turn => "TURN",
            Column::Restarts => "RESTARTS",
        }
    }

    fn is_text(self) -> bool {
        matches!(
            self,
            Column::Name
                | Column::Type
                | Column::Level
                | Column::Fill { .. }
                | Column::History
                | Column::Reason
        )
    }

    fn fitted(self, text: &str, width: usize) -> String {
        if self.is_text() { left(text, width) } else { right(text, width) }
    }
}

/// Returns the titles of the columns.
pub(crate) fn titles(layout: &Layout) -> String {
    let titles: Vec<_> = layout.iter().map(|(column, width)| column.fitted(column.title(), *width)).collect();
    titles.join(" ")
}

/// Returns the cells of an actor, each exactly as wide as its column.
pub(crate) fn cells(watch: &Watch, frame: &Frame, place: Place, layout: &Layout) -> Vec<(String, Tone)> {
    let cell = |(column, width): &(Column, usize)| {
        let (text, tone) = cell(watch, frame, place, *column, *width);
        (column.fitted(&text, *width), tone)
    };
    layout.iter().map(cell).collect()
}

fn cell(watch: &Watch, frame: &Frame, place: Place, column: Column, width: usize) -> (String, Tone) {
    let actor = &frame.snapshot.actors[place.actor];
    let (reading, flow, times) = (&actor.reading, frame.flow(place.actor), frame.times_of(place.actor));
    let some = |number: usize| if number > 0 { Tone::Warn } else { Tone::Plain };
    let some_rate = |rate: Option<f64>| if rate > Some(0.0) { Tone::Warn } else { Tone::Plain };
    match column {
        Column::Name => (name(actor, place.depth), Tone::Plain),
        Column::Type => (actor.type_name.to_string(), Tone::Dim),
        Column::Level => (reading.level.word().to_owned(), level_tone(reading.level)),
        Column::Fill { bar } => {
            let slots = format!("{}/{}", count(reading.depth), count(reading.capacity));
            (format!("{} {slots:>9}", fill_bar(reading, bar)), fill_tone(reading))
        }
        Column::Soft => match reading.soft_limit {
            Some(limit) => (count(limit), Tone::Warn),
            None => (String::new(), Tone::Plain),
        },
        Column::History => (sparkline(watch, actor.name.as_str(), width), Tone::Dim),
        Column::Waiting => (count(reading.waiting), some(reading.waiting)),
        Column::Workers => {
            (format!("{}/{}", count(reading.workers_busy), count(reading.workers)), Tone::Plain)
        }
        Column::Handled => (rate(flow.map(|flow| flow.handled)), Tone::Plain),
        Column::Refused => {
            let refused = flow.map(|flow| flow.refused);
            (rate(refused), some_rate(refused))
        }
        Column::Lost => {
            let lost = flow.map(|flow| flow.lost);
            (rate(lost), some_rate(lost))
        }
        Column::Reason => (flow.and_then(|flow| flow.leading()).unwrap_or_default().to_owned(), Tone::Warn),
        Column::Oldest => (time(reading.oldest_age), Tone::Plain),
        Column::Queue => (times.map_or(UNKNOWN.to_owned(), |times| time(times.queued)), Tone::Plain),
        Column::Turn => (times.map_or(UNKNOWN.to_owned(), |times| time(times.handled)), Tone::Plain),
        Column::Restarts => {
            let restarts = usize::try_from(actor.restarts).unwrap_or(usize::MAX);
            (count(restarts), some(restarts))
        }
    }
}

/// The name below the names of its ancestors.
fn name(actor: &ActorSnapshot, depth: usize) -> String {
    match depth.min(INDENT_MAX) {
        0 => actor.name.to_string(),
        depth => format!("{}└ {}", "  ".repeat(depth - 1), actor.name),
    }
}

fn level_tone(level: Level) -> Tone {
    match level {
        Level::Calm => Tone::Good,
        Level::Elevated => Tone::Warn,
        _ => Tone::Bad,
    }
}

fn fill_tone(reading: &Reading) -> Tone {
    match fill(reading) {
        filled if filled >= 1.0 => Tone::Bad,
        filled if filled >= 0.8 => Tone::Warn,
        _ => Tone::Good,
    }
}

/// Returns a bar. Only an empty mailbox has an empty one, and only a full mailbox a full one. `┃`
/// marks the soft limit where it is not reached.
fn fill_bar(reading: &Reading, cells: usize) -> String {
    let filled = (fill(reading) * cells as f64).ceil() as usize;
    let filled = if reading.depth < reading.capacity { filled.min(cells - 1) } else { cells };
    let soft = reading.soft_limit.map(|limit| limit.saturating_mul(cells) / reading.capacity.max(1));
    let cell = |at| match () {
        () if at < filled => '█',
        () if soft == Some(at) => '┃',
        () => '░',
    };
    (0..cells).map(cell).collect()
}

/// Returns the fill in the last samples, the newest at the right.
pub(crate) fn sparkline(watch: &Watch, name: &str, width: usize) -> String {
    const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let history = watch.history(name);
    let blank = width.saturating_sub(history.len());
    let step = |percent: u8| match usize::from(percent) {
        0 => '·',
        percent => STEPS[(percent * STEPS.len() / 101).min(STEPS.len() - 1)],
    };
    let shown = history.rev().take(width).collect::<Vec<_>>();
    " ".repeat(blank) + &shown.into_iter().rev().map(step).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, snapshot};
    use serde_json::json;

    fn watch_of(actors: &[serde_json::Value]) -> Watch {
        let mut watch = Watch::default();
        watch.add(snapshot(1000.0, actors), Vec::new());
        watch
    }

    fn reading(depth: usize, soft: Option<usize>) -> Reading {
        let mut one = actor("a", None, depth, json!({}));
        one["reading"]["soft_limit"] = json!(soft);
        watch_of(&[one]).frame().unwrap().snapshot.actors[0].reading
    }

    #[test]
    fn a_bar_is_empty_or_full_only_where_the_mailbox_is() {
        for (depth, bar) in
            [(0, "░░░░░"), (1, "█░░░░"), (32, "███░░"), (63, "████░"), (64, "█████"), (99, "█████")]
        {
            assert_eq!(fill_bar(&reading(depth, None), 5), bar, "{depth} of 64");
        }
        assert_eq!(fill_bar(&reading(10, Some(48)), 8), "██░░░░┃░");
        assert_eq!(fill_bar(&reading(60, Some(usize::MAX)), 5), "████░", "an absurd limit");
    }

    #[test]
    fn the_columns_fill_the_width_and_never_more() {
        for wide in 40..300 {
            let layout = layout(wide, usize::MAX);
            let sum: usize = layout.iter().map(|(_, width)| width + 1).sum::<usize>() - 1;
            assert!(sum <= wide, "{sum} columns of {wide}");
            assert_eq!(width(&titles(&layout)), sum);
            assert!(sum == wide || layout[0].1 == NAME_MAX, "{sum} columns of {wide}");
        }
        let at_80: Vec<_> = layout(80, usize::MAX).into_iter().map(|(column, _)| column.title()).collect();
        let expected = ["ACTOR", "LEVEL", "FILL", "WAIT", "WORK", "DONE/S", "REF/S", "QUEUE", "TURN"];
        assert_eq!(at_80, expected);
    }

    #[test]
    fn every_cell_is_as_wide_as_its_column_whatever_is_in_it() {
        let mut absurd = actor("\u{1b}[2J注文\u{202e}", Some("gone"), usize::MAX, json!({}));
        for field in ["capacity", "waiting", "workers", "workers_busy", "soft_limit"] {
            absurd["reading"][field] = json!(usize::MAX);
        }
        absurd["restarts"] = json!(u64::MAX);
        absurd["reading"]["oldest_age_ms"] = json!(1e12);
        let watch = watch_of(&[absurd]);
        let frame = watch.frame().unwrap();
        for wide in [0, 40, 80, 200] {
            let layout = layout(wide, 60);
            for depth in [0, 1, usize::MAX] {
                let cells = cells(&watch, frame, Place { actor: 0, depth }, &layout);
                for ((column, wide), (text, _)) in layout.iter().zip(&cells) {
                    assert_eq!((width(text), text.contains('\u{1b}')), (*wide, false), "{column:?} {text}");
                }
            }
        }
    }

    #[test]
    fn a_sparkline_has_the_newest_at_the_right() {
        let mut watch = Watch::default();
        for (second, depth) in [0, 1, 32, 64].into_iter().enumerate() {
            let actors = [actor("a", None, depth, json!({}))];
            watch.add(snapshot(second as f64 * 1000.0, &actors), Vec::new());
        }
        assert_eq!(
            (sparkline(&watch, "a", 6), sparkline(&watch, "a", 2)),
            ("  ·▁▄█".to_owned(), "▄█".to_owned())
        );
        assert_eq!(sparkline(&watch, "unknown", 2), "  ");
    }
}
