//! Draws the screen. Only what is seen is built: rows of the table, lines of a pane.
//!
//! ```text
//!   shop  up 81 s  12 actors …        two lines: numbers; the bottleneck, or that the link is broken
//!   ACTOR   LEVEL  FILL …             the table
//!   ── Actor  Waits  Decisions ──     one pane, or three side by side; from 16 lines on
//!   q quit  ? help …                  keys, or the text to search for
//! ```

use super::app::{App, Focus, Link, Pane};
use super::keys::KEYS;
use super::panes::{self, Line};
use crate::columns::{Tone, cells, layout, titles};
use crate::data::Frame;
use crate::net::Failure;
use crate::number::{counted, rate, spaced_time};
use crate::text::{cut, left, width, wrapped};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use std::time::{Duration, Instant};

/// A lower screen shows either the table or a pane.
const HEIGHT_FOR_PANES: u16 = 16;
/// A narrower screen shows one pane at a time.
const WIDTH_FOR_ALL_PANES: u16 = 150;
/// A lower screen has one line at its top.
const HEIGHT_FOR_TWO_LINES: u16 = 8;

/// How tones look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Palette {
    has_colour: bool,
}

impl Palette {
    /// Colours, unless the environment asks for none (<https://no-color.org>).
    pub(super) fn from_environment() -> Palette {
        Palette { has_colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) }
    }

    fn style(self, tone: Tone) -> Style {
        let style = match tone {
            Tone::Title | Tone::Bad => Style::new().add_modifier(Modifier::BOLD),
            Tone::Dim => Style::new().add_modifier(Modifier::DIM),
            Tone::Plain | Tone::Good | Tone::Warn => Style::new(),
        };
        let colour = match tone {
            Tone::Good => Color::Green,
            Tone::Warn => Color::Yellow,
            Tone::Bad => Color::Red,
            Tone::Plain | Tone::Title | Tone::Dim => return style,
        };
        if self.has_colour { style.fg(colour) } else { style }
    }
}

/// Draws the screen, and keeps what is scrolled in range.
pub(super) fn draw(app: &mut App, palette: Palette, area: Rect, buffer: &mut Buffer, now: Instant) {
    let mut canvas = Canvas { palette, buffer };
    let head = area.height.min(if area.height < HEIGHT_FOR_TWO_LINES { 1 } else { 2 });
    let (top, rest) = split(area, head);
    header(app, &mut canvas, top, now);
    let (body, bottom) = split(rest, rest.height.saturating_sub(1));
    footer(app, &mut canvas, bottom);
    if app.is_help {
        let lines = help();
        app.page = canvas.lines(body, &lines, 0);
        return;
    }
    let Focus::Pane(pane) = app.focus else {
        if area.height < HEIGHT_FOR_PANES {
            return table(app, &mut canvas, body);
        }
        return both(app, &mut canvas, body);
    };
    if app.is_zoomed || area.height < HEIGHT_FOR_PANES {
        one_pane(app, &mut canvas, body, pane);
    } else {
        both(app, &mut canvas, body);
    }
}

/// The table above, panes below.
fn both(app: &mut App, canvas: &mut Canvas<'_>, body: Rect) {
    let (upper, lower) = split(body, body.height - body.height * 2 / 5);
    table(app, canvas, upper);
    if lower.width < WIDTH_FOR_ALL_PANES {
        one_pane(app, canvas, lower, app.pane);
        return;
    }
    // The table of message types needs the most, sentences the rest.
    let (actor, rest) = split_left(lower, 82);
    let (waits, decisions) = split_left(rest, rest.width * 2 / 5);
    for (pane, area) in Pane::ALL.into_iter().zip([actor, waits, decisions]) {
        let gap = u16::from(pane != Pane::Decisions) * 2;
        let area = Rect { width: area.width - gap, ..area };
        let (title, lines) = split(area, 1);
        canvas.rule(title, &[(pane.title(), app.focus == Focus::Pane(pane))]);
        pane_lines(app, canvas, lines, pane);
    }
}

/// A pane below the titles of all.
fn one_pane(app: &mut App, canvas: &mut Canvas<'_>, area: Rect, pane: Pane) {
    let (title, lines) = split(area, 1);
    let titles = Pane::ALL.map(|other| (other.title(), other == pane));
    canvas.rule(title, &titles);
    pane_lines(app, canvas, lines, pane);
}

fn pane_lines(app: &mut App, canvas: &mut Canvas<'_>, area: Rect, pane: Pane) {
    let has_focus = app.focus == Focus::Pane(pane);
    let Some(frame) = app.watch.frame() else { return };
    let actor = app.selected_actor().map(|(_, actor)| actor);
    let lines = panes::lines(pane, &app.watch, frame, actor, area.width.into());
    let last = lines.len().saturating_sub(area.height.into());
    let from = if has_focus { app.scroll.min(last) } else { 0 };
    let page = canvas.lines(area, &lines, from);
    if has_focus {
        (app.scroll, app.page) = (from, page);
    }
}

fn header(app: &App, canvas: &mut Canvas<'_>, area: Rect, now: Instant) {
    let (numbers, second) = split(area, 1);
    let (state, tone) = match (&app.link, app.is_paused) {
        (Link::Connecting, _) => ("connecting", Tone::Warn),
        (Link::Broken { .. }, _) if app.answered.is_some() => ("STALE", Tone::Bad),
        (Link::Broken { .. }, _) => ("no answer", Tone::Bad),
        (Link::Live, true) => ("paused", Tone::Warn),
        (Link::Live, false) => ("live", Tone::Good),
    };
    let text = app.watch.frame().map_or_else(|| app.address.clone(), summary);
    let room = usize::from(numbers.width).saturating_sub(state.len() + 2);
    canvas.text(numbers, &left(&text, room), Tone::Title);
    let (_, right) = split_left(numbers, (room + 2) as u16);
    canvas.text(right, state, tone);
    let frame = app.watch.frame();
    match (&app.link, frame) {
        (Link::Broken { failure, retry }, _) => {
            canvas.text(second, &outage(app, failure, *retry, now), Tone::Bad);
        }
        (_, Some(frame)) => match panes::bottleneck(frame) {
            Some(sentence) => canvas.text(second, &sentence, Tone::Bad),
            None => canvas.text(second, "no bottleneck", Tone::Dim),
        },
        (Link::Connecting | Link::Live, None) => {}
    }
}

/// What is known about an outage, the short things first.
fn outage(app: &App, failure: &Failure, retry: Duration, now: Instant) -> String {
    let last = app.answered.map(|at| {
        let age = spaced_time(now.saturating_duration_since(at));
        format!("last answer {age} ago, ")
    });
    let last = last.unwrap_or_default();
    format!("{last}tries every {}: the dashboard {}", spaced_time(retry), failure.why)
}

/// Returns the numbers of a system in one line.
pub(crate) fn summary(frame: &Frame) -> String {
    let snapshot = &frame.snapshot;
    let flow = frame.rates.as_ref().map(|rates| &rates.total);
    let leading = flow.and_then(|flow| flow.leading()).map(|word| format!(" ({word})")).unwrap_or_default();
    format!(
        "{}  up {}  {}  {}/s done  {}/s refused  {}/s lost{leading}",
        cut(snapshot.system.as_str(), 24),
        spaced_time(snapshot.uptime),
        counted(snapshot.actors.len(), "actor"),
        rate(flow.map(|flow| flow.handled)),
        rate(flow.map(|flow| flow.refused)),
        rate(flow.map(|flow| flow.lost)),
    )
}

fn table(app: &mut App, canvas: &mut Canvas<'_>, area: Rect) {
    let (title, rows) = split(area, 1);
    let height = usize::from(rows.height);
    if app.focus == Focus::Table {
        app.page = height;
    }
    // The selected row is seen, and no row is left out below the last.
    let last = app.places.len().saturating_sub(height);
    app.top = app.top.max((app.selected + 1).saturating_sub(height)).min(app.selected).min(last);
    let layout = layout(area.width.into(), app.name_width);
    let Some(frame) = app.watch.frame() else { return without_frame(app, canvas, area) };
    canvas.text(title, &titles(&layout), Tone::Title);
    for (at, place) in app.places.iter().skip(app.top).take(height).enumerate() {
        let (mut x, y) = (rows.x, rows.y + at as u16);
        for (text, tone) in cells(&app.watch, frame, *place, &layout) {
            let wide = width(&text) as u16;
            canvas.text(
                Rect { x, y, width: (rows.right() - x.min(rows.right())).min(wide), height: 1 },
                &text,
                tone,
            );
            x = x.saturating_add(wide + 1);
        }
        if app.top + at == app.selected {
            canvas.mark(Rect { y, height: 1, ..rows });
        }
    }
    if app.places.is_empty() {
        let why = if app.search.is_empty() { "no actors" } else { "no actor matches: Esc clears the search" };
        canvas.text(rows, why, Tone::Dim);
    }
}

/// Before the first answer there is room for why it does not come.
fn without_frame(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    if let Link::Broken { failure, .. } = &app.link {
        let lines = wrapped(&failure.to_string(), usize::from(area.width).max(1));
        let lines: Vec<_> = lines.into_iter().map(|line| (line, Tone::Plain)).collect();
        canvas.lines(area, &lines, 0);
    }
}

fn footer(app: &App, canvas: &mut Canvas<'_>, area: Rect) {
    let rows = format!("{}/{}", (app.selected + 1).min(app.places.len()), app.places.len());
    let text = match (app.is_typing, app.search.is_empty()) {
        (true, _) => format!("search: {}▏  Enter keeps it, Esc clears it", app.search),
        (false, false) => format!("search \"{}\"  Esc clears it  s sort: {}", app.search, app.sort.word()),
        (false, true) => {
            format!("q quit  ? help  / search  s sort: {}  Tab pane  Enter detail  p pause", app.sort.word())
        }
    };
    let room = usize::from(area.width).saturating_sub(rows.len() + 1);
    canvas.text(area, &format!("{} {rows}", left(&text, room)), Tone::Dim);
}

fn help() -> Vec<Line> {
    let mut lines = vec![("Keys".to_owned(), Tone::Title)];
    lines.extend(KEYS.iter().map(|(key, what)| (format!("  {} {what}", left(key, 18)), Tone::Plain)));
    lines.push(("Columns".to_owned(), Tone::Title));
    for (column, what) in [
        ("FILL", "messages in the mailbox / its slots; ┃ is the soft limit"),
        ("WAIT", "senders in line for a slot"),
        ("WORK", "workers with a turn / workers"),
        ("DONE/S REF/S LOST", "a second: turns, refusals, losses; MOSTLY: leading reason"),
        ("OLDEST", "how long the oldest message has been queued"),
        ("QUEUE TURN", "p99 of the times of the type's slowest message, in all"),
    ] {
        lines.push((format!("  {} {what}", left(column, 18)), Tone::Plain));
    }
    lines
}

/// Where the screen is drawn. Every text goes through [`cut`], which makes it harmless.
struct Canvas<'a> {
    palette: Palette,
    buffer: &'a mut Buffer,
}

impl Canvas<'_> {
    /// Draws a text into the first line of an area.
    fn text(&mut self, area: Rect, text: &str, tone: Tone) {
        self.styled(area, text, self.palette.style(tone));
    }

    fn styled(&mut self, area: Rect, text: &str, style: Style) {
        let area = area.intersection(self.buffer.area);
        if !area.is_empty() {
            let wide = usize::from(area.width);
            self.buffer.set_stringn(area.x, area.y, cut(text, wide), wide, style);
        }
    }

    /// Draws lines from the one with this index on; returns how many fit.
    fn lines(&mut self, area: Rect, lines: &[Line], from: usize) -> usize {
        for (line, y) in lines.iter().skip(from).zip(area.y..area.bottom()) {
            self.text(Rect { y, height: 1, ..area }, &line.0, line.1);
        }
        area.height.into()
    }

    /// Draws a horizontal rule with titles, of which one may be marked.
    fn rule(&mut self, area: Rect, titles: &[(&str, bool)]) {
        let dim = self.palette.style(Tone::Dim);
        self.styled(area, &"─".repeat(area.width.into()), dim);
        let mut x = area.x.saturating_add(2);
        for (title, is_marked) in titles {
            let text = if *is_marked { format!("[{title}]") } else { format!(" {title} ") };
            let style = if *is_marked { self.palette.style(Tone::Title) } else { dim };
            let wide = text.len() as u16;
            self.styled(Rect { x, width: wide, ..area }.intersection(area), &text, style);
            x = x.saturating_add(wide + 1);
        }
    }

    /// Marks a row as selected, without colours.
    fn mark(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, Style::new().add_modifier(Modifier::REVERSED));
    }
}

/// Splits off the first lines.
fn split(area: Rect, lines: u16) -> (Rect, Rect) {
    let lines = lines.min(area.height);
    let upper = Rect { height: lines, ..area };
    (upper, Rect { y: area.y + lines, height: area.height - lines, ..area })
}

/// Splits off the first columns.
fn split_left(area: Rect, columns: u16) -> (Rect, Rect) {
    let columns = columns.min(area.width);
    let left = Rect { width: columns, ..area };
    (left, Rect { x: area.x + columns, width: area.width - columns, ..area })
}

#[cfg(test)]
mod tests;
