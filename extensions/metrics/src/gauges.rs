//! The gauges of an actor: one table of names, help texts, and where each number is read.

use actors_core::observe::{ActorView, Level};
use prometheus_client::encoding::{EncodeGaugeValue, GaugeValueEncoder};
use prometheus_client::registry::Unit;
use std::fmt;
use std::time::Duration;

/// A number of a gauge. Whole numbers are written without a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Number {
    Whole(u64),
    Real(f64),
}

impl Number {
    fn as_f64(self) -> f64 {
        match self {
            Number::Whole(number) => number as f64,
            Number::Real(number) => number,
        }
    }
}

impl From<usize> for Number {
    fn from(number: usize) -> Self {
        Number::Whole(number as u64)
    }
}

impl From<Duration> for Number {
    fn from(time: Duration) -> Self {
        Number::Real(time.as_secs_f64())
    }
}

impl EncodeGaugeValue for Number {
    fn encode(&self, encoder: &mut GaugeValueEncoder<'_>) -> fmt::Result {
        match self {
            Number::Whole(number) => number.encode(encoder),
            Number::Real(number) => number.encode(encoder),
        }
    }
}

/// What stands for several actors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Merge {
    Sum,
    /// For ages and levels, whose sum means nothing.
    Max,
}

impl Merge {
    pub(crate) fn of(self, one: Number, other: Number) -> Number {
        match (self, one, other) {
            (Merge::Sum, Number::Whole(one), Number::Whole(other)) => Number::Whole(one + other),
            (Merge::Sum, ..) => Number::Real(one.as_f64() + other.as_f64()),
            (Merge::Max, ..) if one.as_f64() >= other.as_f64() => one,
            (Merge::Max, ..) => other,
        }
    }
}

/// The name of a metric without its unit, its help text, and its unit.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) name: &'static str,
    pub(crate) help: &'static str,
    pub(crate) unit: Option<&'static Unit>,
}

impl Head {
    pub(crate) const fn new(name: &'static str, help: &'static str) -> Head {
        Head { name, help, unit: None }
    }

    pub(crate) const fn seconds(name: &'static str, help: &'static str) -> Head {
        const SECONDS: &Unit = &Unit::Seconds;
        Head { name, help, unit: Some(SECONDS) }
    }
}

/// A gauge of an actor.
pub(crate) struct Gauge {
    pub(crate) head: Head,
    pub(crate) merge: Merge,
    pub(crate) read: fn(&ActorView<'_>) -> Number,
}

const fn gauge(head: Head, merge: Merge, read: fn(&ActorView<'_>) -> Number) -> Gauge {
    Gauge { head, merge, read }
}

/// The numbers of an actor, in the order of [`GAUGES`].
pub(crate) type Numbers = [Number; GAUGES.len()];

/// Every gauge that is exported per actor.
pub(crate) const GAUGES: [Gauge; 17] = [
    gauge(Head::new("actors_mailbox_depth", "Messages that are queued."), Merge::Sum, |actor| {
        actor.reading.depth.into()
    }),
    gauge(Head::new("actors_mailbox_capacity", "Slots of the mailbox."), Merge::Sum, |actor| {
        actor.reading.capacity.into()
    }),
    gauge(
        Head::new(
            "actors_mailbox_fill_ratio",
            "Part of the slots that is taken; of several actors, the largest.",
        ),
        Merge::Max,
        |actor| Number::Real(actor.reading.fill()),
    ),
    gauge(Head::new("actors_mailbox_waiting", "Senders in line for a slot."), Merge::Sum, |actor| {
        actor.reading.waiting.into()
    }),
    gauge(Head::new("actors_mailbox_permits", "Slots promised to messages to come."), Merge::Sum, |actor| {
        actor.reading.permits.into()
    }),
    gauge(Head::new("actors_mailbox_stored", "Messages in the mailbox's store."), Merge::Sum, |actor| {
        actor.reading.stored.into()
    }),
    gauge(
        Head::new(
            "actors_mailbox_weight",
            "Summed weight of the queued messages, where max_bytes is declared.",
        ),
        Merge::Sum,
        |actor| Number::Whole(actor.reading.bytes),
    ),
    gauge(
        Head::seconds("actors_mailbox_oldest_age", "Age of the oldest queued message."),
        Merge::Max,
        |actor| actor.reading.oldest_age.into(),
    ),
    gauge(
        Head::seconds("actors_stalled", "For how long messages have been queued without a turn beginning."),
        Merge::Max,
        |actor| actor.reading.stalled.into(),
    ),
    gauge(
        Head::seconds("actors_turn_age", "For how long the longest of the running turns has been running."),
        Merge::Max,
        |actor| actor.turns.iter().filter_map(|turn| turn.age).max().unwrap_or_default().into(),
    ),
    gauge(
        Head::new("actors_drain_rate", "Turns a second while there is a backlog; 0 while unknown."),
        Merge::Sum,
        |actor| Number::Real(actor.reading.drain_rate),
    ),
    gauge(Head::new("actors_workers", "Instances that share the mailbox."), Merge::Sum, |actor| {
        actor.reading.workers.into()
    }),
    gauge(Head::new("actors_workers_busy", "Instances that have a turn now."), Merge::Sum, |actor| {
        actor.reading.workers_busy.into()
    }),
    gauge(
        Head::new(
            "actors_level",
            "Pressure: 0 calm, 1 elevated, 2 overloaded; of several actors, the highest.",
        ),
        Merge::Max,
        |actor| Number::Whole(level(actor.reading.level)),
    ),
    gauge(
        Head::new("actors_restarts", "How often an instance was replaced by another one; live actors only."),
        Merge::Sum,
        |actor| Number::Whole(actor.restarts),
    ),
    gauge(Head::new("actors_jobs", "Timers, pipes and watches under way."), Merge::Sum, |actor| {
        actor.reading.jobs.into()
    }),
    gauge(Head::new("actors_jobs_max", "How many of them there may be."), Merge::Sum, |actor| {
        actor.reading.jobs_max.into()
    }),
];

fn level(level: Level) -> u64 {
    match level {
        Level::Calm => 0,
        Level::Elevated => 1,
        // A level to come is above these.
        _ => 2,
    }
}

/// Reads every gauge of an actor.
pub(crate) fn read(actor: &ActorView<'_>) -> Numbers {
    GAUGES.each_ref().map(|gauge| (gauge.read)(actor))
}

/// Returns what stands for two actors.
pub(crate) fn merged(one: &Numbers, other: &Numbers) -> Numbers {
    std::array::from_fn(|at| GAUGES[at].merge.of(one[at], other[at]))
}
