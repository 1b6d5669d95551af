//! One live actor, as a visitor of the system sees it.

use super::Reading;
use crate::error::ActorName;
use crate::mailbox::{Row, RunningClass};
use std::time::Duration;

/// The summed ledgers of the actors of one type, from
/// [`System::totals`](crate::System::totals).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TypeTotals {
    /// The name of the actor's type.
    pub type_name: &'static str,
    /// One row per message type. `queued`, `waiting` and `in_service` are those of the live actors.
    pub rows: Vec<Row>,
}

/// A turn that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningTurn {
    /// The number of the worker that runs it; 0 in an actor with one worker.
    pub worker: u32,
    /// The message type.
    pub message: &'static str,
    /// For how long it has been running; `None` for a turn that a sender runs, whose beginning is
    /// not noted (S6).
    pub age: Option<Duration>,
}

/// Room that the visits of several actors share.
#[derive(Default)]
pub(crate) struct VisitBuffers {
    pub(crate) rows: Vec<Row>,
    pub(crate) running: Vec<RunningClass>,
    pub(crate) turns: Vec<RunningTurn>,
}

/// One live actor in a [`System::visit`](crate::System::visit): plain numbers, and names that are
/// borrowed.
///
/// It is valid during the callback only. What is to be kept is copied out: [`ActorName`] is cheap
/// to clone, [`Reading`] and [`Row`] are `Copy`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ActorView<'a> {
    /// The actor's name.
    pub name: &'a ActorName,
    /// The name of the actor's type.
    pub type_name: &'static str,
    /// The name of its parent, if it is a child.
    pub parent: Option<&'a ActorName>,
    /// How often another instance has replaced one that ended (F2).
    pub restarts: u64,
    /// The numbers of its mailbox.
    pub reading: Reading,
    /// The turns that run. Where [`Reading::stalled`] is long, one of them usually does not end.
    pub turns: &'a [RunningTurn],
    /// How long the actor has had no handle, where it has not ended yet (F6).
    pub unreferenced: Option<Duration>,
    /// How long the latest turn of an actor without a handle has been running; `None` where no turn
    /// runs.
    pub turn: Option<Duration>,
    /// Its ledger: one row per message type, in the order of their declaration.
    pub rows: &'a [Row],
}
