//! A picture of every actor of a system, as plain data.

use super::Reading;
use crate::error::Reason;
use crate::mailbox::{Ledger, Row};
use std::time::Duration;

/// All actors of a system that are alive, oldest first. With the feature `serde` it can be written down.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Snapshot {
    /// The system's name.
    pub system: String,
    /// Its actors.
    pub actors: Vec<ActorSnapshot>,
}

/// One actor.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct ActorSnapshot {
    /// Its name.
    pub name: String,
    /// The actor's type.
    pub kind: &'static str,
    /// Its mailbox's numbers.
    pub reading: Reading,
    /// How long the actor has had no handle, where it has not ended yet (F6).
    pub unreferenced: Option<Duration>,
    /// How long the latest turn of an actor without a handle has been running; `None` where no turn runs.
    pub turn: Option<Duration>,
    /// Its ledger, a row a message type.
    pub rows: Vec<RowSnapshot>,
}

/// One message type: its name, and every ledger column that is not zero, by its word. Refusals are `refused_full`,
/// `refused_closed`, and so on.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct RowSnapshot {
    /// The message type's name.
    pub message: &'static str,
    /// Column and count.
    pub counts: Vec<(String, u64)>,
}

impl RowSnapshot {
    fn new(row: &Row) -> Self {
        let columns = [
            ("offered", row.offered),
            ("handled", row.handled),
            ("panicked", row.panicked),
            ("dropped", row.dropped),
            ("evicted", row.evicted),
            ("conflated", row.conflated),
            ("expired", row.expired),
            ("cancelled", row.cancelled),
            ("undelivered", row.undelivered),
            ("queued", row.queued),
            ("waiting", row.waiting),
            ("in_service", row.in_service),
        ];
        let columns = columns.map(|(word, count)| (word.to_owned(), count));
        let refused = Reason::ALL.map(|reason| (format!("refused_{}", reason.word()), row.refused(reason)));
        let counts = columns.into_iter().chain(refused).filter(|(_, count)| *count > 0).collect();
        RowSnapshot { message: row.message, counts }
    }
}

impl ActorSnapshot {
    /// `leaving`: for how long it has had no handle, and for how long its turn has been running.
    pub(crate) fn new(
        name: String,
        kind: &'static str,
        reading: Reading,
        leaving: Option<(Duration, Option<Duration>)>,
        ledger: &Ledger,
    ) -> Self {
        let rows = ledger.rows().iter().map(RowSnapshot::new).collect();
        let (unreferenced, turn) = (leaving.map(|(since, _)| since), leaving.and_then(|(_, turn)| turn));
        ActorSnapshot { name, kind, reading, unreferenced, turn, rows }
    }
}
