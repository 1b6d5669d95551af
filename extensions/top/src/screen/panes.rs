//! The lines of each pane.

use super::app::Pane;
use crate::columns::{Tone, sparkline};
use crate::data::rates::{Flow, row_flow};
use crate::data::watch::HISTORY;
use crate::data::{Frame, Watch};
use crate::number::{count, counted, rate, spaced_time, time};
use crate::text::{left, right, wrapped};
use actors_core::Reading;
use actors_core::observe::{ActorSnapshot, RowSnapshot, TimesSummary, WaitEdge};

/// A line of a pane.
pub(crate) type Line = (String, Tone);

/// Flows of an actor's messages that are named in a line; the rest is rare.
const REASONS_MAX: usize = 8;
/// Columns of a message type's name: what the numbers leave of 80.
const NAME: usize = 16;

/// Returns the lines of a pane that is `width` columns wide.
pub(crate) fn lines(
    pane: Pane,
    watch: &Watch,
    frame: &Frame,
    actor: Option<usize>,
    width: usize,
) -> Vec<Line> {
    match pane {
        Pane::Actor => match actor {
            Some(actor) => of_actor(watch, frame, actor, width),
            None => vec![("no actor is selected".to_owned(), Tone::Dim)],
        },
        Pane::Waits => waits(frame, width),
        Pane::Decisions => decisions(frame, None, width),
    }
}

/// Returns what the bottleneck is, as a sentence.
pub(crate) fn bottleneck(frame: &Frame) -> Option<String> {
    let found = frame.bottleneck.as_ref()?;
    Some(format!("bottleneck {}: {}", found.actor, found.why))
}

/// Returns a wait as a sentence.
pub(crate) fn wait(edge: &WaitEdge) -> String {
    let WaitEdge { actor, waits_for, what, turns, longest, .. } = edge;
    let longest = longest.map(|longest| format!(" up to {}", spaced_time(longest))).unwrap_or_default();
    let turns = match turns {
        0 => "not now".to_owned(),
        turns => counted(*turns, "turn"),
    };
    format!("{actor} waits for {waits_for} ({}){longest}, {turns}", what.word())
}

/// Returns refusals and losses as a list of rates: `full 12/s, expired 3/s`.
pub(crate) fn reasons(flow: &Flow) -> String {
    let shown = flow.reasons.iter().take(REASONS_MAX);
    let shown: Vec<_> = shown.map(|(word, number)| format!("{word} {}/s", rate(Some(*number)))).collect();
    shown.join(", ")
}

fn waits(frame: &Frame, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    match bottleneck(frame) {
        Some(sentence) => push(&mut lines, &sentence, Tone::Bad, width),
        None => push(&mut lines, "no bottleneck", Tone::Dim, width),
    }
    for edge in &frame.edges {
        let tone = if edge.turns > 0 { Tone::Plain } else { Tone::Dim };
        push(&mut lines, &wait(edge), tone, width);
    }
    if frame.edges.is_empty() {
        push(&mut lines, "no turn has waited for an actor in the last samples", Tone::Dim, width);
    }
    lines
}

/// The decisions about an actor, or all, the newest first.
fn decisions(frame: &Frame, actor: Option<&str>, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    let is_about = |of: &str| actor.is_none_or(|actor| actor == of);
    for dated in frame.decisions.iter().rev().filter(|dated| is_about(&dated.decision.actor)) {
        push(&mut lines, &dated.line(frame.snapshot.uptime), Tone::Plain, width);
    }
    if lines.is_empty() {
        lines.push(("no decisions".to_owned(), Tone::Dim));
    }
    lines
}

fn of_actor(watch: &Watch, frame: &Frame, index: usize, width: usize) -> Vec<Line> {
    let actor = &frame.snapshot.actors[index];
    let mut lines = Vec::new();
    for (text, tone) in summary(actor) {
        push(&mut lines, &text, tone, width);
    }
    lines.extend(messages(frame, index));
    for turn in &actor.turns {
        let age = turn.age.map(|age| format!(" for {}", spaced_time(age))).unwrap_or_default();
        push(&mut lines, &format!("worker {} runs {}{age}", turn.worker, turn.message), Tone::Plain, width);
    }
    let name = &actor.name;
    for edge in frame.edges.iter().filter(|edge| edge.actor == *name || edge.waits_for == *name) {
        push(&mut lines, &wait(edge), Tone::Plain, width);
    }
    let history = sparkline(watch, name.as_str(), HISTORY.min(width.saturating_sub(20)));
    lines.push((format!("fill, last minute   {}", history.trim_start()), Tone::Dim));
    lines.extend(decisions(frame, Some(name.as_str()), width));
    lines
}

/// The actor's names, and the numbers of its mailbox.
fn summary(actor: &ActorSnapshot) -> [Line; 3] {
    let Reading { depth, capacity, depth_peak, waiting, stored, permits, workers, workers_busy, .. } =
        actor.reading;
    let reading = &actor.reading;
    let parent = actor.parent.as_ref().map(|parent| format!(", child of {parent}")).unwrap_or_default();
    let unreferenced = actor.unreferenced.map(|since| format!(", no handle for {}", spaced_time(since)));
    let restarts = match usize::try_from(actor.restarts).unwrap_or(usize::MAX) {
        0 => String::new(),
        restarts => format!(", {} restart{}", count(restarts), if restarts == 1 { "" } else { "s" }),
    };
    let stalled = match reading.stalled {
        time if time.as_millis() >= 100 => format!(", no turn began for {}", spaced_time(time)),
        _ => String::new(),
    };
    let soft = reading.soft_limit.map(|limit| format!(", soft limit {}", count(limit))).unwrap_or_default();
    let bytes = if reading.bytes > 0 { format!(", {} bytes", reading.bytes) } else { String::new() };
    let retry = reading.retry_after.map(|after| format!(", retry after {}", spaced_time(after)));
    [
        (
            format!(
                "{}, type {}{parent}: {}{restarts}{stalled}{}",
                actor.name,
                actor.type_name,
                reading.level.word(),
                unreferenced.unwrap_or_default()
            ),
            Tone::Title,
        ),
        (
            format!(
                "{}/{} slots (peak {}{soft}{bytes}){}; {} waiting, {} stored, {} permits",
                count(depth),
                count(capacity),
                count(depth_peak),
                lanes(reading),
                count(waiting),
                count(stored),
                count(permits)
            ),
            Tone::Plain,
        ),
        (
            format!(
                "{}/{} workers busy, oldest message {}, arrivals {}/s, drains {}/s, jobs {}/{}{}",
                count(workers_busy),
                count(workers),
                spaced_time(reading.oldest_age),
                rate(Some(reading.arrival_rate)),
                rate(Some(reading.drain_rate)),
                count(reading.jobs),
                count(reading.jobs_max),
                retry.unwrap_or_default()
            ),
            Tone::Plain,
        ),
    ]
}

/// How many messages of each priority are queued, of those that have any.
fn lanes(reading: &Reading) -> String {
    let lanes = &reading.lanes;
    let all = [("urgent", lanes.urgent), ("high", lanes.high), ("normal", lanes.normal), ("low", lanes.low)];
    let some = all.iter().filter(|(_, depth)| *depth > 0);
    let some: Vec<_> = some.map(|(lane, depth)| format!("{lane} {}", count(*depth))).collect();
    if some.is_empty() { String::new() } else { format!(": {}", some.join(", ")) }
}

/// A table of message types: rates, and queue time beside handling time.
fn messages(frame: &Frame, index: usize) -> Vec<Line> {
    let actor = &frame.snapshot.actors[index];
    let title = format!(
        "{} {} {}  {}  {}",
        left("MESSAGE", NAME),
        right("OFFER/S", 7),
        right("DONE/S", 6),
        right("QUEUE p50   p99  p99.9", 22),
        right("TURN p50   p99  p99.9", 22)
    );
    let mut lines = vec![(title, Tone::Title)];
    for row in &actor.rows {
        let flow = flow_of(frame, index, row);
        let times = frame.snapshot.times.iter();
        let mut times =
            times.filter(|times| times.type_name == actor.type_name && times.message == row.message);
        let (queued, handled) = match times.next().filter(|times| times.handled.samples > 0) {
            Some(times) => (three(&times.queued), three(&times.handled)),
            None => ("–".to_owned(), "–".to_owned()),
        };
        let line = format!(
            "{} {} {}  {}  {}",
            left(&row.message, NAME),
            right(&rate(flow.as_ref().map(|flow| flow.offered)), 7),
            right(&rate(flow.as_ref().map(|flow| flow.handled)), 6),
            right(&queued, 22),
            right(&handled, 22)
        );
        lines.push((line, Tone::Plain));
        if let Some(flow) = flow.filter(|flow| !flow.reasons.is_empty()) {
            lines.push((format!("  {}", reasons(&flow)), Tone::Warn));
        }
    }
    lines
}

/// The flow of one message type; `None` where that is not known.
fn flow_of(frame: &Frame, index: usize, row: &RowSnapshot) -> Option<Flow> {
    // Only an actor that has a flow is the same one in the earlier snapshot.
    frame.flow(index)?;
    let name = &frame.snapshot.actors[index].name;
    let before = frame.earlier.as_ref()?.actors.iter().find(|actor| actor.name == *name)?;
    let before = before.rows.iter().find(|other| other.message == row.message);
    row_flow(before, row, frame.rates.as_ref()?.interval.as_secs_f64())
}

fn three(times: &TimesSummary) -> String {
    let [p50, p99, p999] = [times.p50, times.p99, times.p999].map(|at| right(&time(at), 6));
    format!("{p50} {p99} {p999}")
}

/// Appends a text as lines of this width. What follows the first is indented.
fn push(lines: &mut Vec<Line>, text: &str, tone: Tone, width: usize) {
    let texts = wrapped(text, width.saturating_sub(2).max(1)).into_iter().enumerate();
    lines.extend(texts.map(|(at, text)| (if at == 0 { text } else { format!("  {text}") }, tone)));
}
