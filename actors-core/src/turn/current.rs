//! Which turn this thread is polling.

use crate::clock::Tick;
use std::cell::Cell;

/// The running turn, as far as a send inside it must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which actor's.
    pub(crate) cell: usize,
    /// What its sends inherit; `NEVER` when nobody waits for this turn.
    pub(crate) deadline: Tick,
}

thread_local! {
    static CURRENT: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// The turn that is being polled on this thread, if any. A task that was spawned from a turn has none.
#[inline]
pub(crate) fn get() -> Option<Turn> {
    CURRENT.get()
}

/// Until the guard is dropped, this thread polls `turn`.
#[inline]
pub(crate) fn enter(turn: Turn) -> Inside {
    Inside { before: CURRENT.replace(Some(turn)) }
}

/// Ends the poll of a turn when dropped, by a panic too.
pub(crate) struct Inside {
    before: Option<Turn>,
}

impl Drop for Inside {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.before);
    }
}
