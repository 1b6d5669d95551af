//! What a client gets about the one actor that it has selected.

use crate::boundaries::{self, Subject};
use crate::frame::ms;
use crate::hub::Published;
use crate::sample::{Actor, Sample};
use crate::source::MessageTimes;
use crate::window::{Counts, Outcomes, Window};
use actors_core::config::ActorConfig;
use actors_core::observe::{Row, WaitSnapshot, WaitsFor};
use actors_core::{ActorName, Reading, System};
use serde::Serialize;
use std::collections::BTreeMap;

/// Children, waits and turns of an actor that are listed; the counts are of all.
const LISTED_MAX: usize = 50;

#[derive(Serialize)]
struct Detail<'a> {
    name: &'a str,
    /// Whether the actor lives.
    found: bool,
    #[serde(flatten)]
    actor: Option<Known<'a>>,
}

#[derive(Serialize)]
struct Known<'a> {
    type_name: &'static str,
    parent: Option<&'a ActorName>,
    restarts: u64,
    reading: &'a Reading,
    unreferenced_ms: Option<f64>,
    turns: Vec<Turn>,
    rates: Rates,
    outcomes_s: Outcomes,
    messages: Vec<Message>,
    times: Vec<&'a MessageTimes>,
    children: usize,
    child_names: Vec<&'a ActorName>,
    waits_for: Vec<Waiting<'a>>,
    waited_for_by: Vec<Waiting<'a>>,
    high: Option<f64>,
    low: Option<f64>,
    boundaries: Option<boundaries::Boundary>,
    config: Option<ActorConfig>,
}

#[derive(Serialize)]
struct Turn {
    worker: u32,
    message: &'static str,
    age_ms: Option<f64>,
}

#[derive(Serialize)]
struct Rates {
    offered: f64,
    handled: f64,
    refused: f64,
    lost: f64,
}

#[derive(Serialize)]
struct Message {
    message: &'static str,
    queued: u64,
    waiting: u64,
    offered_s: f64,
    outcomes_s: Outcomes,
    /// Every column of the ledger that is not zero.
    counts: BTreeMap<&'static str, u64>,
}

#[derive(Serialize)]
struct Waiting<'a> {
    actor: &'a ActorName,
    worker: u32,
    what: WaitsFor,
    turn_ms: Option<f64>,
}

/// Returns the JSON about one actor.
pub(crate) fn json(system: &System, published: &Published, name: &str) -> String {
    let window = published.window();
    let actor = window.now.named(name).map(|actor| known(system, published, window, actor));
    let detail = Detail { name, found: actor.is_some(), actor };
    // The maps of a detail have keys of text, so it cannot fail.
    serde_json::to_string(&detail).unwrap_or_default()
}

fn known<'a>(system: &System, published: &'a Published, window: Window<'a>, actor: &'a Actor) -> Known<'a> {
    let (now, before) = (window.now.rows(actor), window.rows_before(actor));
    let mut outcomes = Outcomes::default();
    outcomes.add(before, now, window.seconds());
    let Counts { offered, handled, refused, lost } = window.counts(actor);
    let config = system.effective(actor.name.as_str());
    let subject =
        config.as_ref().map(|config| Subject { name: &actor.name, type_name: actor.type_name, config });
    let pressure = config.as_ref().and_then(|config| config.pressure.as_ref());
    let children = || window.now.actors.iter().filter(|child| child.parent.as_ref() == Some(&actor.name));
    let turns = window.now.turns(actor).iter().take(LISTED_MAX);
    Known {
        type_name: actor.type_name,
        parent: actor.parent.as_ref(),
        restarts: actor.restarts,
        reading: &actor.reading,
        unreferenced_ms: actor.unreferenced.map(ms),
        turns: turns
            .map(|turn| Turn { worker: turn.worker, message: turn.message, age_ms: turn.age.map(ms) })
            .collect(),
        rates: Rates {
            offered: window.rate(offered),
            handled: window.rate(handled),
            refused: window.rate(refused),
            lost: window.rate(lost),
        },
        outcomes_s: outcomes,
        messages: now.iter().enumerate().map(|(at, row)| message(window, before.get(at), row)).collect(),
        times: published.times.iter().filter(|times| times.type_name == actor.type_name).collect(),
        children: children().count(),
        child_names: children().take(LISTED_MAX).map(|child| &child.name).collect(),
        waits_for: waits(window.now, |wait| (wait.actor == actor.name).then_some(&wait.waits_for)),
        waited_for_by: waits(window.now, |wait| (wait.waits_for == actor.name).then_some(&wait.actor)),
        high: pressure.and_then(|pressure| pressure.high),
        low: pressure.and_then(|pressure| pressure.low),
        boundaries: subject.map(|subject| boundaries::of_one(&subject, &published.seen)),
        config,
    }
}

fn waits<'a>(
    sample: &'a Sample,
    other: impl Fn(&'a WaitSnapshot) -> Option<&'a ActorName>,
) -> Vec<Waiting<'a>> {
    let waiting = |wait: &'a WaitSnapshot| {
        let actor = other(wait)?;
        Some(Waiting { actor, worker: wait.worker, what: wait.what, turn_ms: wait.turn.map(ms) })
    };
    sample.waits.iter().filter_map(waiting).take(LISTED_MAX).collect()
}

fn message(window: Window<'_>, before: Option<&Row>, row: &Row) -> Message {
    let mut outcomes = Outcomes::default();
    let before = before.map(std::slice::from_ref).unwrap_or_default();
    outcomes.add(before, std::slice::from_ref(row), window.seconds());
    let offered = Counts::of(std::slice::from_ref(row)).since(Counts::of(before)).offered;
    Message {
        message: row.message,
        queued: row.queued,
        waiting: row.waiting,
        offered_s: window.rate(offered),
        outcomes_s: outcomes,
        counts: row.counts().filter(|(_, count)| *count > 0).collect(),
    }
}
