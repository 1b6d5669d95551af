//! Which turn this thread is polling.

pub(crate) mod waits;
pub(crate) mod worker;

use crate::clock::{self, Span, Tick};
use crate::wait::Waiter;
use std::cell::Cell;
use tokio::task;

/// The running turn, as far as a send inside it must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// Which actor's.
    pub(crate) cell: usize,
    /// The deadline that its sends inherit; `NEVER` if no caller waits for this turn, or if
    /// `timeout` gives the time.
    pub(crate) deadline: Tick,
    /// In a donated turn, which has only just begun: how long its asker waits.
    pub(crate) timeout: Span,
    /// Which of the actor's workers runs it.
    pub(crate) worker: u32,
    /// 1 when it has begun to wait for something (D1). As wide as this so that there are no holes.
    waits: u16,
    /// 1 when a kill of its actor does not cut it off.
    outlives_kill: u16,
}

impl Turn {
    #[inline]
    pub(crate) fn new(cell: usize, worker: u32, deadline: Tick) -> Turn {
        Turn { cell, deadline, timeout: Span::NONE, worker, waits: 0, outlives_kill: 0 }
    }

    /// In a turn that is donated, `timeout` is how long its asker waits.
    #[inline]
    pub(crate) fn donated(cell: usize, deadline: Tick, timeout: Span) -> Turn {
        Turn { timeout, ..Turn::new(cell, 0, deadline) }
    }

    /// Whether it has begun to wait in an earlier poll.
    pub(crate) fn having_waited(self, has_waited: bool) -> Turn {
        Turn { waits: has_waited.into(), ..self }
    }

    /// Whether it continues although its actor was killed.
    pub(crate) fn outliving_kill(self) -> Turn {
        Turn { outlives_kill: 1, ..self }
    }

    pub(crate) fn outlives_kill(&self) -> bool {
        self.outlives_kill != 0
    }

    pub(crate) fn waiter(&self) -> Waiter {
        Waiter { actor: self.cell, worker: self.worker }
    }

    /// The time until which a caller waits for this turn; `NEVER` if no caller waits.
    pub(crate) fn until(&self) -> Tick {
        self.deadline.min(self.timeout.get().map_or(Tick::NEVER, |timeout| clock::now().after(timeout)))
    }
}

impl Turn {
    /// No cell lies at address 0. A value of its own instead of an `Option`: four words that are
    /// copied as they were written.
    pub(crate) const NONE: Turn =
        Turn { cell: 0, deadline: Tick::NEVER, timeout: Span::NONE, worker: 0, waits: 0, outlives_kill: 0 };
}

thread_local! {
    static CURRENT: Cell<Turn> = const { Cell::new(Turn::NONE) };
    /// The task in which it is polled. A task of a `LocalSet`, or of a runtime, that the turn
    /// drives has an id of its own.
    static TASK: Cell<Option<task::Id>> = const { Cell::new(None) };
}

/// The turn that is being polled on this thread, if any. A task that was spawned from a turn has
/// none, also where the turn itself drives it.
#[inline]
pub(crate) fn get() -> Option<Turn> {
    Some(CURRENT.get()).filter(|turn| turn.cell != 0 && TASK.get() == task::try_id())
}

/// Whether a turn is being polled on this thread, also where a task of its own is polled inside it.
pub(crate) fn is_in_turn() -> bool {
    CURRENT.get().cell != 0
}

/// The turn that is being polled has begun to wait.
pub(crate) fn note_wait() {
    CURRENT.set(Turn { waits: 1, ..CURRENT.get() });
}

/// Whether the turn has begun to wait in the poll that is on this thread.
#[inline]
pub(crate) fn has_waited() -> bool {
    CURRENT.get().waits != 0
}

/// Until the guard is dropped, this thread polls `turn`.
#[inline]
pub(crate) fn enter(turn: Turn) -> PollGuard {
    PollGuard { before: CURRENT.replace(turn), task: TASK.replace(task::try_id()) }
}

/// Until the guard is dropped, this thread polls turns, one after the other; which one it is, the
/// guard is told.
#[inline]
pub(crate) fn enter_some() -> PollGuard {
    PollGuard { before: CURRENT.replace(Turn::NONE), task: TASK.replace(task::try_id()) }
}

impl PollGuard {
    /// Sets the current turn.
    #[inline]
    pub(crate) fn turn(&self, turn: Turn) {
        CURRENT.set(turn);
    }

    /// Unsets the current turn.
    #[inline]
    pub(crate) fn pause(&self) {
        CURRENT.set(Turn::NONE);
    }
}

/// Ends the poll of a turn when dropped, by a panic too.
pub(crate) struct PollGuard {
    before: Turn,
    task: Option<task::Id>,
}

impl Drop for PollGuard {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(self.before);
        TASK.set(self.task);
    }
}
