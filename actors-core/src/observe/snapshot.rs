//! A picture of every actor of a system, as plain data.
//!
//! With the feature `serde` these types are also the wire format: a dashboard reads back exactly
//! what a service wrote. A reader ignores fields that it does not know.

use super::{ActorView, Decision, Reading, RunningTurn};
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
    /// Its actors.
    pub actors: Vec<ActorSnapshot>,
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
    /// Its mailbox's numbers.
    pub reading: Reading,
    /// The turns that run.
    #[cfg_attr(feature = "serde", serde(default))]
    pub turns: Vec<TurnSnapshot>,
    /// How long the actor has had no handle, where it has not ended yet (F6).
    pub unreferenced: Option<Duration>,
    /// How long the latest turn of an actor without a handle has been running; `None` where no turn
    /// runs.
    pub turn: Option<Duration>,
    /// Its ledger: one row per message type.
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
    pub age: Option<Duration>,
}

/// One message type: its name, and every ledger column that is not zero, by its word. Refusals are
/// `refused_full`, `refused_closed`, and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
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
    pub age: Duration,
    /// The actor it is about.
    pub actor: ActorName,
    /// What was decided.
    pub kind: DecisionKind,
    /// What caused it.
    pub cause: Cause,
}

impl RowSnapshot {
    /// Returns what became of the messages, by the words of [`Row::outcomes`]; outcomes that have
    /// not happened are left out.
    pub fn outcomes(&self) -> impl Iterator<Item = (&str, u64)> {
        let is_outcome = |word: &str| !["offered", "queued", "waiting", "in_service"].contains(&word);
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
        let ActorView { name, type_name, reading, turns, unreferenced, turn, rows } = actor;
        ActorSnapshot {
            name: name.clone(),
            type_name: type_name.into(),
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
        DecisionSnapshot {
            serial: *serial,
            age: at.elapsed(),
            actor: actor.clone(),
            kind: kind.clone(),
            cause: *cause,
        }
    }
}

impl fmt::Display for DecisionSnapshot {
    /// The sentence of the decision.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decided = Decided { kind: self.kind.clone(), cause: self.cause };
        write!(f, "{} {decided}", self.actor)
    }
}
