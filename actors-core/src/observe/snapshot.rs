//! A picture of every actor of a system, as plain data.
//!
//! With the feature `serde` these types are also the wire format: a dashboard reads back exactly
//! what a service wrote. A reader ignores fields that it does not know.

use super::{ActorView, Decision, Histogram, Reading, RunningTurn, TypeTimes, WaitSnapshot};
use crate::error::ActorName;
use crate::mailbox::Row;
use crate::policy::{Cause, Decided, DecisionKind};
use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// All actors of a system that are alive, oldest first.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The system's name.
    pub system: ActorName,
    /// How long ago the system was made.
    #[cfg_attr(feature = "serde", serde(rename = "uptime_ms", with = "actors_policy::millis", default))]
    pub uptime: Duration,
    /// Its actors.
    pub actors: Vec<ActorSnapshot>,
    /// Which turns wait for which actors.
    #[cfg_attr(feature = "serde", serde(default))]
    pub waits: Vec<WaitSnapshot>,
    /// How long messages were queued and handled, by message type; empty in a system without
    /// [`histograms`](crate::system::SystemBuilder::histograms).
    #[cfg_attr(feature = "serde", serde(default))]
    pub times: Vec<TimesSnapshot>,
}

/// One actor.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ActorSnapshot {
    /// Its name.
    pub name: ActorName,
    /// The name of the actor's type.
    pub type_name: Cow<'static, str>,
    /// The name of its parent, if it is a child.
    #[cfg_attr(feature = "serde", serde(default))]
    pub parent: Option<ActorName>,
    /// How often another instance has replaced one that ended (F2).
    #[cfg_attr(feature = "serde", serde(default))]
    pub restarts: u64,
    /// Its mailbox's numbers.
    pub reading: Reading,
    /// The turns that run.
    #[cfg_attr(feature = "serde", serde(default))]
    pub turns: Vec<TurnSnapshot>,
    /// How long the actor has had no handle, where it has not ended yet (F6).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "unreferenced_ms", with = "actors_policy::millis::optional", default)
    )]
    pub unreferenced: Option<Duration>,
    /// How long the latest turn of an actor without a handle has been running; `None` where no turn
    /// runs.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "turn_ms", with = "actors_policy::millis::optional", default)
    )]
    pub turn: Option<Duration>,
    /// Its ledger: one row per message type. On a wire it is an object by the names of the types;
    /// where two types of an actor have one name, their counts are added there.
    #[cfg_attr(feature = "serde", serde(rename = "messages", with = "super::wire::rows"))]
    pub rows: Vec<RowSnapshot>,
}

/// A turn that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TurnSnapshot {
    /// The number of the worker that runs it; 0 in an actor with one worker.
    pub worker: u32,
    /// The name of the message type.
    pub message: Cow<'static, str>,
    /// For how long it has been running; `None` for a turn that a sender runs, whose beginning is
    /// not noted (S6).
    #[cfg_attr(
        feature = "serde",
        serde(rename = "age_ms", with = "actors_policy::millis::optional", default)
    )]
    pub age: Option<Duration>,
}

/// One message type: its name, and every ledger column that is not zero, by its word. Refusals are
/// `refused_full`, `refused_closed`, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowSnapshot {
    /// The name of the message type.
    pub message: Cow<'static, str>,
    /// Column and count.
    pub counts: Vec<(Cow<'static, str>, u64)>,
}

/// A [`Decision`] as data that can be sent. Its age replaces its instant, which means nothing in
/// another process.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct DecisionSnapshot {
    /// Its number in the system, from 1; a gap means that older decisions were discarded.
    pub serial: u64,
    /// How long before this snapshot it was made.
    #[cfg_attr(feature = "serde", serde(rename = "age_ms", with = "actors_policy::millis"))]
    pub age: Duration,
    /// The actor it is about.
    pub actor: ActorName,
    /// What was decided.
    pub kind: DecisionKind,
    /// What caused it.
    pub cause: Cause,
    /// Both as a sentence: `at 92 % for 300 ms: 3rd worker started`.
    pub sentence: String,
}

/// How long the messages of one type were queued and handled, as numbers: see [`TypeTimes`].
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimesSnapshot {
    /// The name of the actor type.
    pub type_name: Cow<'static, str>,
    /// The name of the message type.
    pub message: Cow<'static, str>,
    /// One turn in so many is sampled.
    pub every: u32,
    /// From the first poll of the send to the beginning of the turn.
    pub queued: TimesSummary,
    /// From the beginning of the turn to its end, its awaits included.
    pub handled: TimesSummary,
    /// The part of the sampled handling times in which the handler was being polled, 0 to 1. In the
    /// rest it waited. 1 where nothing was sampled.
    pub polled_share: f64,
    /// How many of the sampled turns did not return.
    pub failed: u64,
}

/// A [`Histogram`] as a few numbers; all times are zero where nothing was sampled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct TimesSummary {
    /// How many turns were sampled.
    pub samples: u64,
    /// The mean.
    #[cfg_attr(feature = "serde", serde(rename = "mean_ms", with = "actors_policy::millis"))]
    pub mean: Duration,
    /// The median.
    #[cfg_attr(feature = "serde", serde(rename = "p50_ms", with = "actors_policy::millis"))]
    pub p50: Duration,
    /// What 99 % did not exceed.
    #[cfg_attr(feature = "serde", serde(rename = "p99_ms", with = "actors_policy::millis"))]
    pub p99: Duration,
    /// What 99.9 % did not exceed.
    #[cfg_attr(feature = "serde", serde(rename = "p999_ms", with = "actors_policy::millis"))]
    pub p999: Duration,
    /// The longest.
    #[cfg_attr(feature = "serde", serde(rename = "max_ms", with = "actors_policy::millis"))]
    pub max: Duration,
}

impl From<&Histogram> for TimesSummary {
    fn from(times: &Histogram) -> Self {
        let at = |q| times.quantile(q).unwrap_or_default();
        TimesSummary {
            samples: times.count(),
            mean: times.mean().unwrap_or_default(),
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: times.max(),
        }
    }
}

impl TimesSnapshot {
    /// The times of one message type, of which one turn in `every` was sampled.
    pub fn new(times: &TypeTimes, every: u32) -> Self {
        let TypeTimes { type_name, message, queued, handled, polled, failed } = times;
        let all = handled.sum().as_secs_f64();
        TimesSnapshot {
            type_name: (*type_name).into(),
            message: (*message).into(),
            every,
            queued: queued.into(),
            handled: handled.into(),
            polled_share: if all > 0.0 { (polled.as_secs_f64() / all).min(1.0) } else { 1.0 },
            failed: *failed,
        }
    }
}

impl RowSnapshot {
    /// Returns what became of the messages, by the words of [`Row::outcomes`]; outcomes that have
    /// not happened are left out.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, u64)> {
        let is_outcome =
            |word: &str| !["offered", "queued", "waiting", "in_service", "stored"].contains(&word);
        let counts = self.counts.iter().filter(move |(word, _)| is_outcome(word));
        counts.map(|(word, count)| (word.strip_prefix("refused_").unwrap_or(word), *count))
    }

    /// Returns the count of a column; 0 for a column that is not listed.
    pub fn count(&self, column: &str) -> u64 {
        self.counts.iter().find(|(word, _)| word == column).map_or(0, |(_, count)| *count)
    }
}

impl From<&Row> for RowSnapshot {
    fn from(row: &Row) -> Self {
        let counts = row.counts().filter(|(_, count)| *count > 0);
        RowSnapshot {
            message: row.message.into(),
            counts: counts.map(|(word, count)| (word.into(), count)).collect(),
        }
    }
}

impl From<&RunningTurn> for TurnSnapshot {
    fn from(turn: &RunningTurn) -> Self {
        TurnSnapshot { worker: turn.worker, message: turn.message.into(), age: turn.age }
    }
}

impl From<ActorView<'_>> for ActorSnapshot {
    fn from(actor: ActorView<'_>) -> Self {
        let ActorView { name, type_name, parent, restarts, reading, turns, unreferenced, turn, rows } = actor;
        ActorSnapshot {
            name: name.clone(),
            type_name: type_name.into(),
            parent: parent.cloned(),
            restarts,
            reading,
            turns: turns.iter().map(TurnSnapshot::from).collect(),
            unreferenced,
            turn,
            rows: rows.iter().map(RowSnapshot::from).collect(),
        }
    }
}

impl From<&Decision> for DecisionSnapshot {
    /// Takes the age by tokio's clock, now.
    fn from(decision: &Decision) -> Self {
        let Decision { serial, at, actor, kind, cause } = decision;
        let decided = Decided { kind: kind.clone(), cause: *cause };
        DecisionSnapshot {
            serial: *serial,
            age: at.elapsed(),
            actor: actor.clone(),
            kind: kind.clone(),
            cause: *cause,
            sentence: decided.to_string(),
        }
    }
}

impl fmt::Display for DecisionSnapshot {
    /// The actor and the sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.actor, self.sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l5_the_outcomes_of_a_row_on_a_wire_are_those_of_the_row() {
        let mut row = Row::empty("Charge");
        for count in [
            &mut row.offered,
            &mut row.handled,
            &mut row.queued,
            &mut row.waiting,
            &mut row.in_service,
            &mut row.stored,
            &mut row.dropped,
            &mut row.undelivered,
        ] {
            *count = 1;
        }
        let of_row: Vec<_> = row.outcomes().filter(|(_, count)| *count > 0).collect();
        let snapshot = RowSnapshot::from(&row);
        let mut on_wire: Vec<_> = snapshot.outcomes().collect();
        on_wire.sort_by_key(|(word, _)| of_row.iter().position(|(known, _)| known == word));
        assert_eq!(on_wire, of_row);
    }
}
