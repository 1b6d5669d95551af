//! What every client of the stream gets once a second: a row of numbers per actor, and what is the
//! same for all of them.
//!
//! The text is made once and shared by all clients. Rows are arrays without names of columns, and
//! zeros at the end of a row are left out: an idle actor takes some 30 bytes, a busy one some 90.
//! [`COLUMNS`] is the order.

use crate::bottleneck::{self, Bottleneck, Load};
use crate::sample::{Actor, Sample};
use crate::source::MessageTimes;
use crate::window::{Outcomes, Window, rounded};
use actors_core::observe::{Level, WaitEdge};
use actors_core::{ActorName, System};
use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};
use std::collections::BTreeMap;
use std::time::Duration;

/// The actors of a frame: twice what the page is tested with, and at most two megabytes. Of more
/// actors, those with the highest level, the fullest and the busiest are in the frame.
const ROWS_MAX: usize = 20_000;

/// The waits of a frame: more lines than a person can follow, in some ten kilobytes.
const WAITS_MAX: usize = 200;

/// The columns of a row. `type` is a place in the frame's `types`; `parent` is the parent's place
/// in `rows` plus one, or 0; `level` is 0 for calm, 1 for elevated, 2 for overloaded.
pub(crate) const COLUMNS: [&str; 18] = [
    "name",
    "type",
    "parent",
    "capacity",
    "depth",
    "workers",
    "busy",
    "level",
    "offered_s",
    "handled_s",
    "refused_s",
    "lost_s",
    "waiting",
    "oldest_ms",
    "soft_limit",
    "restarts",
    "stalled_ms",
    "stored",
];

/// A time in milliseconds, with three digits after the point.
pub(crate) fn ms(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e6).round() / 1e3
}

/// The level as a number, for a row.
fn level(level: Level) -> f64 {
    match level {
        Level::Calm => 0.0,
        Level::Elevated => 1.0,
        // A level to come is above these.
        _ => 2.0,
    }
}

/// What a frame needs apart from the samples.
pub(crate) struct Surroundings<'a> {
    pub(crate) system: &'a System,
    pub(crate) serial: u64,
    /// When the dashboard was made, in milliseconds since 1970, by the clock of this machine.
    pub(crate) began_ms: u64,
    /// The time since then.
    pub(crate) at: Duration,
    pub(crate) edges: &'a [WaitEdge],
    pub(crate) times: &'a [MessageTimes],
    /// The number of the newest dead letter, and of the newest decision.
    pub(crate) letters: u64,
    pub(crate) decisions: u64,
    pub(crate) allows_changes: bool,
}

#[derive(Serialize)]
struct Frame<'a> {
    system: &'a ActorName,
    serial: u64,
    began_ms: u64,
    at_ms: f64,
    window_ms: f64,
    allows_changes: bool,
    actors: usize,
    left_out: usize,
    types: &'a [&'static str],
    columns: &'a [&'static str],
    rows: Rows<'a>,
    outcomes_s: Outcomes,
    times: &'a [MessageTimes],
    waits: &'a [WaitEdge],
    bottleneck: Option<Bottleneck>,
    decisions: u64,
    letters: u64,
}

/// Returns the JSON of a frame.
pub(crate) fn json(window: Window<'_>, around: &Surroundings<'_>) -> String {
    let places = chosen(window);
    let (mut types, mut type_places) = (Vec::new(), BTreeMap::new());
    for place in &places {
        let name = window.now.actors[*place].type_name;
        type_places.entry(name).or_insert_with(|| {
            types.push(name);
            types.len() - 1
        });
    }
    let fills = window.now.actors.iter().map(|actor| (&actor.name, actor.reading.fill()));
    let frame = Frame {
        system: around.system.name(),
        serial: around.serial,
        began_ms: around.began_ms,
        at_ms: ms(around.at),
        window_ms: rounded(window.seconds() * 1e3),
        allows_changes: around.allows_changes,
        actors: window.now.actors.len(),
        left_out: window.now.actors.len() - places.len(),
        types: &types,
        columns: &COLUMNS,
        rows: Rows { window, places: &places, types: &type_places },
        outcomes_s: window.outcomes(),
        times: around.times,
        waits: &around.edges[..around.edges.len().min(WAITS_MAX)],
        bottleneck: bottleneck::find(around.edges, fills, |name| load(window.now, name)),
        decisions: around.decisions,
        letters: around.letters,
    };
    // The maps of a frame have keys of text, so it cannot fail.
    serde_json::to_string(&frame).unwrap_or_default()
}

fn load(sample: &Sample, name: &ActorName) -> Option<Load> {
    let actor = sample.actor(name)?;
    let longest = sample.turns(actor).iter().max_by_key(|turn| turn.age);
    Some(Load {
        depth: actor.reading.depth,
        capacity: actor.reading.capacity,
        workers: actor.reading.workers,
        workers_busy: actor.reading.workers_busy,
        turn: longest.map(|turn| (turn.message.to_owned(), turn.age.map(ms))),
    })
}

/// The places of the actors of a frame, in the order of the sample.
fn chosen(window: Window<'_>) -> Vec<usize> {
    let actors = &window.now.actors;
    let mut places: Vec<_> = (0..actors.len()).collect();
    if places.len() > ROWS_MAX {
        let interest = |place: &usize| {
            let actor = &actors[*place];
            let per_mille = (actor.reading.fill() * 1e3) as u64;
            std::cmp::Reverse((actor.reading.level, per_mille, window.counts(actor).offered))
        };
        places.sort_by_cached_key(interest);
        places.truncate(ROWS_MAX);
        places.sort_unstable();
    }
    places
}

struct Rows<'a> {
    window: Window<'a>,
    places: &'a [usize],
    types: &'a BTreeMap<&'static str, usize>,
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut rows = serializer.serialize_seq(Some(self.places.len()))?;
        for place in self.places {
            let actor = &self.window.now.actors[*place];
            rows.serialize_element(&RowOf { name: &actor.name, numbers: self.numbers(actor) })?;
        }
        rows.end()
    }
}

impl Rows<'_> {
    /// The numbers of an actor, in the order of [`COLUMNS`], without its name.
    fn numbers(&self, actor: &Actor) -> [f64; COLUMNS.len() - 1] {
        let counts = self.window.counts(actor);
        let rate = |count| self.window.rate(count);
        let parent = actor.parent.as_ref().and_then(|name| self.window.now.place(name));
        let parent = parent.and_then(|place| self.places.binary_search(&place).ok());
        let reading = &actor.reading;
        [
            self.types[actor.type_name] as f64,
            parent.map_or(0, |place| place + 1) as f64,
            reading.capacity as f64,
            reading.depth as f64,
            reading.workers as f64,
            reading.workers_busy as f64,
            level(reading.level),
            rate(counts.offered),
            rate(counts.handled),
            rate(counts.refused),
            rate(counts.lost),
            reading.waiting as f64,
            rounded(ms(reading.oldest_age)),
            reading.soft_limit.unwrap_or_default() as f64,
            actor.restarts as f64,
            rounded(ms(reading.stalled)),
            reading.stored as f64,
        ]
    }
}

struct RowOf<'a> {
    name: &'a ActorName,
    numbers: [f64; COLUMNS.len() - 1],
}

impl Serialize for RowOf<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let len = self.numbers.iter().rposition(|number| *number != 0.0).map_or(0, |last| last + 1);
        let mut row = serializer.serialize_seq(Some(len + 1))?;
        row.serialize_element(self.name)?;
        for number in &self.numbers[..len] {
            // Whole numbers without `.0`: most of them are.
            match number.fract() == 0.0 {
                true => row.serialize_element(&(*number as u64))?,
                false => row.serialize_element(number)?,
            }
        }
        row.end()
    }
}

/// Returns an event of the stream.
pub(crate) fn event(kind: &str, serial: u64, json: &str) -> String {
    // JSON on one line has no line break, which would end the event's data.
    format!("event: {kind}\nid: {serial}\ndata: {json}\n\n")
}
