//! The numbers of every actor as text that Prometheus reads (text exposition format 0.0.4). It is
//! written manually, to show what a visit of the system contains. A full exporter would add
//! histograms.

use actors_core::{Reading, System, observe::Level};
use std::fmt::Write;

/// The content type of the format.
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A gauge per actor: its name, its help text, and where it is read.
type Gauge = (&'static str, &'static str, fn(&Reading) -> f64);

const GAUGES: [Gauge; 9] = [
    ("actors_mailbox_depth", "Messages that are queued.", |reading| reading.depth as f64),
    ("actors_mailbox_capacity", "Slots of the mailbox.", |reading| reading.capacity as f64),
    ("actors_mailbox_waiting", "Senders in line for a slot.", |reading| reading.waiting as f64),
    ("actors_mailbox_oldest_age_seconds", "Age of the oldest queued message.", |reading| {
        reading.oldest_age.as_secs_f64()
    }),
    ("actors_stalled_seconds", "For how long messages are queued and no turn has begun.", |reading| {
        reading.stalled.as_secs_f64()
    }),
    ("actors_drain_rate", "Turns a second while there is a backlog; 0 while unknown.", |reading| {
        reading.drain_rate
    }),
    ("actors_workers", "Instances that share the mailbox.", |reading| reading.workers as f64),
    ("actors_workers_busy", "Instances that have a turn now.", |reading| reading.workers_busy as f64),
    ("actors_level", "Pressure: 0 calm, 1 elevated, 2 overloaded.", |reading| match reading.level {
        Level::Calm => 0.0,
        Level::Elevated => 1.0,
        // A level to come is above these.
        _ => 2.0,
    }),
];

const OFFERED: &str = "actors_messages_offered_total";
const OUTCOMES: &str = "actors_messages_total";

const DECISIONS: &str = "actors_decisions_total";

/// Returns the whole page. The format wants the lines of a metric together, so each metric has a
/// page of its own until all actors are visited.
pub(crate) fn text(system: &System) -> String {
    let mut gauges = GAUGES.map(|(name, help, _)| head(name, help, "gauge"));
    let mut offered = head(OFFERED, "Messages that were sent to an actor.", "counter");
    let help = "What became of messages: handled, a reason to refuse or lose them, or undelivered at an actor's end.";
    let mut outcomes = head(OUTCOMES, help, "counter");
    system.visit(&mut |actor| {
        let name = actor.name.as_str();
        for (page, (gauge, _, number)) in gauges.iter_mut().zip(GAUGES) {
            line(page, gauge, &[("actor", name)], number(&actor.reading));
        }
        for row in actor.rows.iter().filter(|row| row.offered > 0) {
            line(&mut offered, OFFERED, &[("actor", name), ("message", row.message)], row.offered as f64);
            for (outcome, count) in row.outcomes().filter(|(_, count)| *count > 0) {
                let labels = [("actor", name), ("message", row.message), ("outcome", outcome)];
                line(&mut outcomes, OUTCOMES, &labels, count as f64);
            }
        }
    });
    let mut decisions = head(DECISIONS, "Decisions of the runtime, by kind.", "counter");
    for (kind, count) in system.decision_counts() {
        line(&mut decisions, DECISIONS, &[("kind", kind)], count as f64);
    }
    gauges.concat() + &offered + &outcomes + &decisions
}

fn head(name: &str, help: &str, kind: &str) -> String {
    format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
}

fn line(page: &mut String, name: &str, labels: &[(&str, &str)], number: f64) {
    let labels: Vec<_> =
        labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
    // Writing to a string cannot fail.
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
