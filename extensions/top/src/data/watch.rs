//! Remembers what a single snapshot does not say: rates, the last minute, decisions.

use super::bottleneck::{self, Bottleneck};
use super::rates::{self, Flow, Rates, Step};
use super::tree::{self, Place};
use crate::number::spaced_time;
use actors_core::observe::{RecentWaits, Snapshot, TimesSnapshot, WaitEdge};
use serde::{Deserialize, Serialize};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::time::Duration;

/// Samples of an actor's history: a minute at the usual pace, one character each.
pub(crate) const HISTORY: usize = 60;
/// As many decisions as a system keeps.
const DECISIONS_MAX: usize = 1024;

/// A decision of the runtime, as `/decisions.json` tells it.
///
/// It reads fewer fields than `observe::DecisionSnapshot`: a service that is newer than this
/// program may decide things whose kind it does not know, and their sentences still read well.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Decision {
    /// Its number, from 1.
    pub(crate) serial: u64,
    /// How old it was when it was read, in milliseconds.
    pub(crate) age_ms: f64,
    pub(crate) actor: String,
    pub(crate) sentence: String,
}

/// A decision, and when it was made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Dated {
    /// On the system's clock, which began at zero.
    pub(crate) at: Duration,
    pub(crate) decision: Rc<Decision>,
}

/// The times of an actor type, as one number each: those of its slowest message type.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct TypeTimes {
    pub(crate) queued: Duration,
    pub(crate) handled: Duration,
}

/// Everything that is shown at a time.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) snapshot: Snapshot,
    /// The snapshot that the rates compare with.
    pub(crate) earlier: Option<Snapshot>,
    pub(crate) rates: Option<Rates>,
    pub(crate) tree: Vec<Place>,
    pub(crate) edges: Vec<WaitEdge>,
    pub(crate) bottleneck: Option<Bottleneck>,
    /// The newest last.
    pub(crate) decisions: VecDeque<Dated>,
    times: HashMap<String, TypeTimes>,
}

/// Takes snapshots, and makes a [`Frame`] of each.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    frame: Option<Frame>,
    recent: RecentWaits,
    /// The fill of each actor in the last samples, in percent; the newest last.
    history: HashMap<String, VecDeque<u8>>,
}

impl Watch {
    /// Adds a snapshot, and the decisions that were made since the last one.
    pub(crate) fn add(&mut self, snapshot: Snapshot, decisions: Vec<Decision>) {
        let before = self.frame.take();
        let step = before.as_ref().map(|before| rates::between(&before.snapshot, &snapshot));
        let (earlier, rates, mut dated) = match (before, step) {
            (Some(before), Some(Step::Forward(rates))) => {
                (Some(before.snapshot), Some(rates), before.decisions)
            }
            (Some(before), Some(Step::TooSoon)) => {
                // The same numbers again: only the decisions may be new.
                self.frame = Some(before.with_decisions(&snapshot, decisions));
                return;
            }
            _ => {
                self.recent.clear();
                self.history.clear();
                (None, None, VecDeque::new())
            }
        };
        append(&mut dated, snapshot.uptime, decisions);
        self.remember(&snapshot);
        let edges = self.recent.add(&snapshot.waits);
        self.frame = Some(Frame {
            tree: tree::of(&snapshot.actors),
            bottleneck: bottleneck::find(&snapshot, &edges),
            times: by_type(&snapshot.times),
            decisions: dated,
            snapshot,
            earlier,
            rates,
            edges,
        });
    }

    /// The latest frame; `None` before the first snapshot.
    pub(crate) fn frame(&self) -> Option<&Frame> {
        self.frame.as_ref()
    }

    /// The fill of an actor in the last samples, in percent; the newest last.
    pub(crate) fn history(&self, name: &str) -> impl DoubleEndedIterator<Item = u8> + ExactSizeIterator {
        self.history.get(name).map(VecDeque::iter).unwrap_or_default().copied()
    }

    fn remember(&mut self, snapshot: &Snapshot) {
        let mut kept = HashMap::with_capacity(snapshot.actors.len());
        for actor in &snapshot.actors {
            let fill = super::order::fill(&actor.reading) * 100.0;
            // A little is not nothing.
            let fill = if fill > 0.0 { fill.max(1.0) as u8 } else { 0 };
            let (name, mut samples) = self
                .history
                .remove_entry(actor.name.as_str())
                .unwrap_or_else(|| (actor.name.to_string(), VecDeque::new()));
            if samples.len() >= HISTORY {
                samples.pop_front();
            }
            samples.push_back(fill);
            kept.insert(name, samples);
        }
        // Actors that have ended are forgotten with the old map.
        self.history = kept;
    }
}

impl Frame {
    /// What happened to the messages of an actor; `None` where that is not known.
    pub(crate) fn flow(&self, actor: usize) -> Option<&Flow> {
        self.rates.as_ref()?.actors.get(actor)?.as_ref()
    }

    /// The times of an actor's type; `None` where nothing was sampled.
    pub(crate) fn times_of(&self, actor: usize) -> Option<&TypeTimes> {
        self.times.get(self.snapshot.actors[actor].type_name.as_ref())
    }

    fn with_decisions(mut self, snapshot: &Snapshot, decisions: Vec<Decision>) -> Frame {
        append(&mut self.decisions, snapshot.uptime, decisions);
        self
    }
}

impl Dated {
    /// The decision as a line: how long ago, the actor, the sentence.
    pub(crate) fn line(&self, uptime: Duration) -> String {
        let age = spaced_time(uptime.saturating_sub(self.at));
        format!("{age:>7} ago  {} {}", self.decision.actor, self.decision.sentence)
    }
}

/// Appends decisions that are newer than the last one, and forgets the oldest of too many.
fn append(dated: &mut VecDeque<Dated>, uptime: Duration, decisions: Vec<Decision>) {
    for decision in decisions {
        if dated.back().is_some_and(|last| last.decision.serial >= decision.serial) {
            continue;
        }
        // Not a number and absurd ages are none: the text comes from another process.
        let age = Duration::try_from_secs_f64(decision.age_ms / 1e3).unwrap_or_default();
        if dated.len() >= DECISIONS_MAX {
            dated.pop_front();
        }
        dated.push_back(Dated { at: uptime.saturating_sub(age), decision: Rc::new(decision) });
    }
}

fn by_type(times: &[TimesSnapshot]) -> HashMap<String, TypeTimes> {
    let mut types = HashMap::<String, TypeTimes>::new();
    for of_message in times.iter().filter(|times| times.handled.samples > 0) {
        let slowest = types.entry(of_message.type_name.to_string()).or_default();
        slowest.queued = slowest.queued.max(of_message.queued.p99);
        slowest.handled = slowest.handled.max(of_message.handled.p99);
    }
    types
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, read, snapshot};
    use serde_json::json;

    fn decision(serial: u64, age_ms: f64) -> Decision {
        Decision { serial, age_ms, actor: "shop".to_owned(), sentence: "at 92 %: elevated".to_owned() }
    }

    fn at(ms: f64, depth: usize) -> Snapshot {
        snapshot(ms, &[actor("shop", None, depth, json!({ "offered": ms as u64 }))])
    }

    #[test]
    fn history_has_the_last_minute_of_actors_that_live() {
        let mut watch = Watch::default();
        for second in 0..70 {
            let depth = if second < 65 { 64 } else { 1 };
            watch.add(at(f64::from(second) * 1000.0, depth), Vec::new());
        }
        let history: Vec<_> = watch.history("shop").collect();
        assert_eq!((history.len(), history[54], history[55]), (HISTORY, 100, 1));
        watch.add(snapshot(80_000.0, &[]), Vec::new());
        assert_eq!((watch.history("shop").len(), watch.history.len()), (0, 0));
    }

    #[test]
    fn a_snapshot_that_came_twice_keeps_the_rates() {
        let mut watch = Watch::default();
        watch.add(at(1000.0, 1), Vec::new());
        watch.add(at(2000.0, 1), Vec::new());
        watch.add(at(2000.0, 1), vec![decision(1, 5.0)]);
        let frame = watch.frame().unwrap();
        assert_eq!((frame.flow(0).unwrap().offered, frame.decisions.len()), (1000.0, 1));
        watch.add(at(3000.0, 1), Vec::new());
        assert_eq!(watch.frame().unwrap().rates.as_ref().unwrap().interval, Duration::from_secs(1));
    }

    #[test]
    fn another_run_of_the_system_begins_without_history_and_decisions() {
        let mut watch = Watch::default();
        watch.add(at(9000.0, 1), vec![decision(7, 0.0)]);
        watch.add(at(10.0, 1), vec![decision(1, 0.0)]);
        let frame = watch.frame().unwrap();
        let serials: Vec<_> = frame.decisions.iter().map(|dated| dated.decision.serial).collect();
        assert_eq!((serials, watch.history("shop").len(), frame.rates.is_none()), (vec![1], 1, true));
    }

    #[test]
    fn decisions_are_kept_once_in_order_and_up_to_a_limit() {
        let mut watch = Watch::default();
        watch.add(at(60_000.0, 1), vec![decision(1, 1000.0), decision(1, 1000.0), decision(2, f64::NAN)]);
        let many = (2..2000).map(|serial| decision(serial, 0.0)).collect();
        watch.add(at(61_000.0, 1), many);
        let decisions = &watch.frame().unwrap().decisions;
        assert_eq!((decisions.len(), decisions[0].decision.serial), (DECISIONS_MAX, 976));
    }

    #[test]
    fn a_decision_reads_as_a_line_with_its_age() {
        let mut watch = Watch::default();
        watch.add(at(60_000.0, 1), vec![decision(1, 1000.0)]);
        let dated = watch.frame().unwrap().decisions[0].clone();
        let line = dated.line(Duration::from_millis(60_300));
        assert_eq!(line, "  1.3 s ago  shop at 92 %: elevated");
    }

    #[test]
    fn decisions_of_an_unknown_kind_are_read() {
        let newer = json!({ "serial": 1, "age_ms": 2, "actor": "a", "sentence": "s", "kind": { "new": 1 } });
        let decision: Decision = serde_json::from_value(newer).unwrap();
        assert_eq!(decision.sentence, "s");
    }

    #[test]
    fn the_times_of_a_type_are_those_of_its_slowest_message_type() {
        let summary = |p99: f64, samples: u64| json!({ "samples": samples, "mean_ms": 0, "p50_ms": 0, "p99_ms": p99, "p999_ms": 0, "max_ms": 0 });
        let times = |message: &str, queued, handled, samples| {
            json!({
                "type_name": "Type of shop", "message": message, "every": 1, "polled_share": 1.0, "failed": 0,
                "queued": summary(queued, samples), "handled": summary(handled, samples)
            })
        };
        let mut watch = Watch::default();
        watch.add(
            read(json!({
                "system": "s", "uptime_ms": 1, "actors": [actor("shop", None, 0, json!({}))],
                "times": [times("A", 1.0, 9.0, 1), times("B", 2.0, 3.0, 1), times("C", 50.0, 50.0, 0)]
            })),
            Vec::new(),
        );
        let expected = TypeTimes { queued: Duration::from_millis(2), handled: Duration::from_millis(9) };
        assert_eq!(watch.frame().unwrap().times_of(0), Some(&expected));
    }
}
