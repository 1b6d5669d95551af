//! `--once`: one table as text, or one object for scripts.

use crate::columns::{cells, layout, name_width, titles};
use crate::data::bottleneck::Bottleneck;
use crate::data::order::{Sort, places};
use crate::data::rates::Flow;
use crate::data::tree::Place;
use crate::data::watch::TypeTimes;
use crate::data::{Decision, Frame, Watch};
use crate::screen::{bottleneck, summary, wait};
use crate::text::cut;
use actors_core::observe::WaitSnapshot;
use serde::Serialize;
use std::collections::BTreeMap;
use std::time::Duration;

/// Decisions below the table: those of the last minutes. `/decisions.json` has all.
const DECISIONS_MAX: usize = 10;
/// Waits below the table.
const WAITS_MAX: usize = 20;

/// Which actors are printed, and how.
#[derive(Clone, Debug)]
pub(crate) struct Selection {
    pub(crate) sort: Sort,
    pub(crate) search: String,
    pub(crate) limit: Option<usize>,
}

impl Selection {
    fn places(&self, frame: &Frame) -> Vec<Place> {
        let mut places = places(frame, self.sort, &self.search);
        places.truncate(self.limit.unwrap_or(usize::MAX));
        places
    }
}

/// Returns the table as text, in lines of at most this width.
pub(crate) fn table(watch: &Watch, frame: &Frame, selection: &Selection, wide: usize) -> String {
    let places = selection.places(frame);
    let layout = layout(wide, name_width(frame, &places));
    let mut lines = vec![summary(frame)];
    lines.extend(bottleneck(frame));
    lines.extend([String::new(), titles(&layout)]);
    for place in &places {
        let cells: Vec<_> = cells(watch, frame, *place, &layout).into_iter().map(|(text, _)| text).collect();
        lines.push(cells.join(" "));
    }
    let left_out = frame.snapshot.actors.len() - places.len();
    if left_out > 0 {
        lines.push(format!("{left_out} more actors are not listed"));
    }
    if !frame.edges.is_empty() {
        lines.push(String::new());
        lines.extend(frame.edges.iter().take(WAITS_MAX).map(wait));
    }
    if !frame.decisions.is_empty() {
        lines.push(String::new());
        let latest = frame.decisions.iter().rev().take(DECISIONS_MAX);
        lines.extend(latest.map(|dated| dated.line(frame.snapshot.uptime)));
    }
    let lines: Vec<_> = lines.iter().map(|line| cut(line, wide).trim_end().to_owned() + "\n").collect();
    lines.concat()
}

/// What scripts read. Times are milliseconds, rates are per second; `null` where not known.
#[derive(Serialize)]
struct Report<'a> {
    system: &'a str,
    uptime_ms: f64,
    /// The time between the two samples.
    interval_ms: Option<f64>,
    /// How many actors there are; `actors` may list fewer.
    actor_count: usize,
    total: Option<Rates<'a>>,
    actors: Vec<Actor<'a>>,
    waits: &'a [WaitSnapshot],
    bottleneck: Option<&'a Bottleneck>,
    decisions: Vec<&'a Decision>,
}

#[derive(Serialize)]
struct Rates<'a> {
    offered: f64,
    handled: f64,
    refused: f64,
    lost: f64,
    /// Refusals and losses by their words.
    reasons: BTreeMap<&'a str, f64>,
}

#[derive(Serialize)]
struct Actor<'a> {
    name: &'a str,
    type_name: &'a str,
    parent: Option<&'a str>,
    restarts: u64,
    level: &'static str,
    depth: usize,
    capacity: usize,
    soft_limit: Option<usize>,
    waiting: usize,
    workers: usize,
    workers_busy: usize,
    oldest_age_ms: f64,
    rates: Option<Rates<'a>>,
    /// Those of the type's slowest message type.
    queued_p99_ms: Option<f64>,
    handled_p99_ms: Option<f64>,
}

/// Returns an object for scripts. It is ASCII, so no terminal takes a part of it for a command.
///
/// # Errors
/// None that is known: the numbers that JSON cannot write are left out before.
pub(crate) fn json(frame: &Frame, selection: &Selection) -> serde_json::Result<String> {
    let snapshot = &frame.snapshot;
    let report = Report {
        system: snapshot.system.as_str(),
        uptime_ms: ms(snapshot.uptime),
        interval_ms: frame.rates.as_ref().map(|rates| ms(rates.interval)),
        actor_count: snapshot.actors.len(),
        total: frame.rates.as_ref().map(|rates| Rates::from(&rates.total)),
        actors: selection.places(frame).into_iter().map(|place| Actor::new(frame, place.actor)).collect(),
        waits: &snapshot.waits,
        bottleneck: frame.bottleneck.as_ref(),
        decisions: frame.decisions.iter().map(|dated| &*dated.decision).collect(),
    };
    serde_json::to_string_pretty(&report).map(|text| ascii(&text) + "\n")
}

impl<'a> From<&'a Flow> for Rates<'a> {
    fn from(flow: &'a Flow) -> Self {
        let Flow { offered, handled, refused, lost, reasons } = flow;
        let reasons = reasons.iter().map(|(word, rate)| (word.as_str(), *rate)).collect();
        Rates { offered: *offered, handled: *handled, refused: *refused, lost: *lost, reasons }
    }
}

impl<'a> Actor<'a> {
    fn new(frame: &'a Frame, index: usize) -> Self {
        let actor = &frame.snapshot.actors[index];
        let times = frame.times_of(index);
        let p99 = |of: fn(&TypeTimes) -> Duration| times.map(|times| ms(of(times)));
        Actor {
            name: actor.name.as_str(),
            type_name: &actor.type_name,
            parent: actor.parent.as_ref().map(|parent| parent.as_str()),
            restarts: actor.restarts,
            level: actor.reading.level.word(),
            depth: actor.reading.depth,
            capacity: actor.reading.capacity,
            soft_limit: actor.reading.soft_limit,
            waiting: actor.reading.waiting,
            workers: actor.reading.workers,
            workers_busy: actor.reading.workers_busy,
            oldest_age_ms: ms(actor.reading.oldest_age),
            rates: frame.flow(index).map(Rates::from),
            queued_p99_ms: p99(|times| times.queued),
            handled_p99_ms: p99(|times| times.handled),
        }
    }
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Returns the same JSON without characters that are not ASCII, or that a terminal obeys. They are
/// only in strings, where an escape means the same.
fn ascii(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if c == '\n' || (' '..='~').contains(&c) {
            text.push(c);
        } else {
            text.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::tests::{actor, read, snapshot};
    use serde_json::{Value, json};

    const ALL: Selection = Selection { sort: Sort::Tree, search: String::new(), limit: None };

    fn watch() -> Watch {
        let mut watch = Watch::default();
        let counts = |handled: u64, full: u64| json!({ "offered": handled + full, "handled": handled, "refused_full": full });
        let actors = |handled, full| {
            [
                actor("shop", None, 3, counts(handled, 0)),
                actor("orders", Some("shop"), 64, counts(handled, full)),
            ]
        };
        watch.add(snapshot(80_000.0, &actors(0, 0)), Vec::new());
        let mut later = snapshot(81_000.0, &actors(40, 9));
        let waits = json!([{ "actor": "shop", "worker": 0, "waits_for": "orders", "what": "answer", "turn_ms": 120.0 }]);
        later.waits = serde_json::from_value(waits).unwrap();
        let decision =
            json!({ "serial": 3, "age_ms": 2000.0, "actor": "orders", "sentence": "at 92 %: elevated" });
        watch.add(later, vec![serde_json::from_value(decision).unwrap()]);
        watch
    }

    #[test]
    fn the_table_has_the_tree_the_waits_and_the_decisions() {
        let watch = watch();
        let table = table(&watch, watch.frame().unwrap(), &ALL, 80);
        let expected = "\
shop  up 81 s  2 actors  80/s done  9/s refused  0/s lost (full)
bottleneck orders: shop waits for it; 1 of 1 worker busy; 64 of 64 slots taken

ACTOR        LEVEL      FILL             WAIT  WORK DONE/S REF/S QUEUE  TURN
shop         calm       █░░░░      3/64     0   1/1     40     0     –     –
└ orders     calm       █████     64/64     0   1/1     40     9     –     –

shop waits for orders (answer) up to 120 ms, 1 turn

    2 s ago  orders at 92 %: elevated
";
        assert_eq!(table, expected);
    }

    #[test]
    fn a_table_lists_what_was_asked_for_and_says_what_is_left_out() {
        let watch = watch();
        let selection = Selection { sort: Sort::Fill, limit: Some(1), ..ALL };
        let table = table(&watch, watch.frame().unwrap(), &selection, 200);
        assert!(table.contains("\norders ") && table.contains("\n1 more actors are not listed\n"), "{table}");
    }

    #[test]
    fn json_has_rates_actors_waits_bottleneck_and_decisions() {
        let watch = watch();
        let json: Value = serde_json::from_str(&json(watch.frame().unwrap(), &ALL).unwrap()).unwrap();
        assert_eq!((&json["interval_ms"], &json["total"]["reasons"]["full"]), (&json!(1000.0), &json!(9.0)));
        assert_eq!(
            (&json["actors"][1]["name"], &json["actors"][1]["rates"]["handled"]),
            (&json!("orders"), &json!(40.0))
        );
        assert_eq!(
            (&json["bottleneck"]["actor"], &json["waits"][0]["turn_ms"]),
            (&json!("orders"), &json!(120.0))
        );
        assert_eq!(json["decisions"][0]["sentence"], "at 92 %: elevated");
    }

    #[test]
    fn one_sample_has_no_rates_and_says_so() {
        let mut watch = Watch::default();
        watch.add(snapshot(1000.0, &[actor("a", None, 0, json!({ "handled": 7 }))]), Vec::new());
        let frame = watch.frame().unwrap();
        let report: Value = serde_json::from_str(&json(frame, &ALL).unwrap()).unwrap();
        assert_eq!((&report["total"], &report["actors"][0]["rates"]), (&Value::Null, &Value::Null));
        assert!(table(&watch, frame, &ALL, 80).contains("–/s done"));
    }

    #[test]
    fn hostile_names_are_ascii_in_json_and_harmless_in_the_table() {
        let name = "\u{1b}[2J\u{9b}31m\u{202e}\u{7f}注文🦀";
        let mut watch = Watch::default();
        watch.add(
            read(json!({ "system": name, "uptime_ms": 1, "actors": [actor(name, None, 0, json!({}))] })),
            Vec::new(),
        );
        let frame = watch.frame().unwrap();
        let report = json(frame, &ALL).unwrap();
        assert!(report.chars().all(|c| c == '\n' || (' '..='~').contains(&c)), "{report:?}");
        let read: Value = serde_json::from_str(&report).unwrap();
        assert_eq!(read["actors"][0]["name"], name, "and it is the same name");
        let table = table(&watch, frame, &ALL, 80);
        assert!(
            table.chars().all(|c| c == '\n' || !c.is_control()) && !table.contains('\u{202e}'),
            "{table:?}"
        );
    }
}
