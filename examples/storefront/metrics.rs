//! A snapshot as text that Prometheus reads (text exposition format 0.0.4). It is written manually,
//! to show what a snapshot contains. A full exporter would add histograms.

use actors_core::{ActorSnapshot, Level, Snapshot};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The content type of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A gauge per actor: its name, its help text, and where it is read.
type Gauge = (&'static str, &'static str, fn(&ActorSnapshot) -> f64);

const GAUGES: [Gauge; 9] = [
    ("actors_mailbox_depth", "Messages that are queued.", |actor| actor.reading.depth as f64),
    ("actors_mailbox_capacity", "Slots of the mailbox.", |actor| actor.reading.capacity as f64),
    ("actors_mailbox_waiting", "Senders in line for a slot.", |actor| actor.reading.waiting as f64),
    ("actors_mailbox_oldest_age_seconds", "Age of the oldest queued message.", |actor| {
        actor.reading.oldest_age.as_secs_f64()
    }),
    ("actors_stuck_seconds", "For how long messages are queued and no turn has begun.", |actor| {
        actor.reading.stuck.as_secs_f64()
    }),
    ("actors_drain_rate", "Turns a second while there is a backlog; 0 while unknown.", |actor| {
        actor.reading.drain_rate
    }),
    ("actors_workers", "Instances that share the mailbox.", |actor| actor.reading.workers as f64),
    ("actors_workers_busy", "Instances that have a turn now.", |actor| actor.reading.workers_busy as f64),
    ("actors_level", "Pressure: 0 calm, 1 elevated, 2 overloaded.", |actor| match actor.reading.level {
        Level::Calm => 0.0,
        Level::Elevated => 1.0,
        Level::Overloaded => 2.0,
    }),
];

/// Columns of a ledger that are not outcomes: the message was offered, or is still in flight.
const NO_OUTCOMES: [&str; 4] = ["offered", "queued", "waiting", "in_service"];

/// Returns the whole page.
pub(crate) fn text(snapshot: &Snapshot) -> String {
    let mut page = String::new();
    for (name, help, number) in GAUGES {
        head(&mut page, name, help, "gauge");
        for actor in &snapshot.actors {
            line(&mut page, name, &[("actor", &actor.name)], number(actor));
        }
    }
    head(&mut page, "actors_messages_offered_total", "Messages that were sent to an actor.", "counter");
    each_count(snapshot, |actor, message, column, count| {
        if column == "offered" {
            let labels = [("actor", actor), ("message", message)];
            line(&mut page, "actors_messages_offered_total", &labels, count as f64);
        }
    });
    let help = "What became of messages: handled, a reason to refuse or lose them, or undelivered at an actor's end.";
    head(&mut page, "actors_messages_total", help, "counter");
    let mut outcomes = BTreeMap::new();
    each_count(snapshot, |actor, message, column, count| {
        if !NO_OUTCOMES.contains(&column) {
            // Refusals carry the reason's own word.
            let outcome = column.strip_prefix("refused_").unwrap_or(column).to_owned();
            *outcomes.entry((actor.to_owned(), message.to_owned(), outcome)).or_insert(0) += count;
        }
    });
    for ((actor, message, outcome), count) in &outcomes {
        let labels = [("actor", actor.as_str()), ("message", message), ("outcome", outcome)];
        line(&mut page, "actors_messages_total", &labels, *count as f64);
    }
    page
}

fn each_count(snapshot: &Snapshot, mut with: impl FnMut(&str, &str, &str, u64)) {
    for actor in &snapshot.actors {
        for row in &actor.rows {
            for (column, count) in &row.counts {
                with(&actor.name, row.message, column, *count);
            }
        }
    }
}

fn head(page: &mut String, name: &str, help: &str, kind: &str) {
    // Writing to a string cannot fail.
    let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn line(page: &mut String, name: &str, labels: &[(&str, &str)], number: f64) {
    let labels: Vec<_> =
        labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    let _ = writeln!(page, "{name}{{{}}} {number}", labels.join(","));
}

/// An actor's name can be any text.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn label_values_are_escaped() {
        let mut page = String::new();
        line(&mut page, "x", &[("actor", "a \"b\" \\ \n c")], 1.5);
        assert_eq!(page, "x{actor=\"a \\\"b\\\" \\\\ \\n c\"} 1.5\n");
    }
}
