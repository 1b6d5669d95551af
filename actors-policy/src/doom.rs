//! Whether an ask can be answered before its deadline (T4).
//!
//! ```text
//!   offered                                                  answered                 deadline
//!      │ rest of the running turn │ turns ahead │ its own turn │                          │
//!      └──────────────────────── outlook ──────────────────────┘ ◄── doomed if it is later than this
//! ```
//!
//! The outlook is the mean time per turn multiplied by the turns to come. It is optimistic where
//! little is known: without a measured mean, or with nothing ahead, no ask is doomed. So an actor
//! always has a message to take next, whatever was measured, and what it takes renews the mean. A
//! sixteenth is added: at many times the load the backlog is always as long as this rule lets it
//! become, and half of the answers would come just after their deadline.

use crate::Span;

/// The part of an outlook that is added to it.
const MARGIN: u64 = 16;

/// What is known about the turns between an offer and its answer.
#[derive(Clone, Copy, Debug)]
pub struct Outlook {
    /// Messages that have their turns first.
    pub ahead: usize,
    /// Turns that can run at the same time.
    pub workers: usize,
    /// Workers without a turn.
    pub idle: usize,
    /// The mean time that a turn takes; `NONE` while it is unknown.
    pub turn: Span,
    /// For how long the running turn has been running. More than `turn` where none runs.
    pub running: Span,
}

impl Outlook {
    /// The time until the answer; `None` where nothing can be said.
    #[inline]
    pub fn time(&self) -> Option<Span> {
        if self.ahead == 0 || self.ahead < self.idle || self.turn.is_none() {
            return None;
        }
        let turn = self.turn.nanos();
        let workers = self.workers.max(1) as u64;
        // Those ahead have their turns side by side; its own takes its time.
        let turns = turn.saturating_mul(self.ahead as u64 + workers) / workers;
        let rest = turn.saturating_sub(self.running.nanos());
        let time = turns.saturating_add(rest);
        Some(Span::from_nanos(time.saturating_add(time / MARGIN).min(u64::MAX - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn time(ahead: usize, workers: usize, turn: u64, running: u64) -> Option<u64> {
        let (turn, running) = (Span::from_nanos(turn), Span::from_nanos(running));
        Outlook { ahead, workers, idle: 0, turn, running }.time().map(Span::nanos)
    }

    #[test]
    fn t4_the_outlook_is_the_rest_of_the_turn_the_turns_ahead_and_its_own() {
        // 16 turns with a margin of one.
        assert_eq!(time(14, 1, MS, 0), Some(17 * MS));
        assert_eq!(time(15, 1, MS, MS), Some(17 * MS));
        assert_eq!(time(15, 1, MS, 1000 * MS), Some(17 * MS), "a turn that takes longer may end at once");
        // Eight workers, each of whose turns takes 8 ms.
        assert_eq!(time(8, 8, 8 * MS, 8 * MS), Some(17 * MS));
    }

    #[test]
    fn t4_with_enough_idle_workers_nothing_is_said() {
        let pool = |ahead, idle| {
            let turn = Span::from_nanos(MS);
            Outlook { ahead, workers: 4, idle, turn, running: Span::NONE }.time()
        };
        assert_eq!((pool(1, 2), pool(3, 4)), (None, None));
        assert!(pool(1, 1).is_some() && pool(4, 4).is_some());
    }

    #[test]
    fn t4_with_nothing_ahead_or_without_a_mean_nothing_is_said() {
        assert_eq!(time(0, 1, MS, 0), None);
        assert_eq!(time(1000, 1, Span::NONE.nanos(), 0), None);
    }

    #[test]
    fn t4_a_time_that_does_not_fit_saturates() {
        assert_eq!(time(usize::MAX / 2, 1, u64::MAX / 4, 0), Some(u64::MAX - 1));
    }
}
