//! The deadline of a turn that a sender has begun.
//!
//! Most handlers never ask for it, so the clock is read with the first question. Then the answer
//! stays, also when the turn changes hands. It lies in the cell, because while such a turn is
//! suspended its context is out of reach.

use crate::clock::Tick;
use std::sync::atomic::{AtomicU64, Ordering};

/// The deadline, in nanoseconds; zero if it was not computed yet.
///
/// Relaxed: all of its users hold the seat, one after the other.
#[derive(Debug, Default)]
pub(crate) struct DonatedUntil(AtomicU64);

impl DonatedUntil {
    /// Forgets the deadline of an earlier turn.
    #[inline]
    pub(crate) fn reset(&self) {
        if self.0.load(Ordering::Relaxed) != 0 {
            self.0.store(0, Ordering::Relaxed);
        }
    }

    /// Returns the deadline, and computes it with the first call. Calls from several threads get
    /// the same answer.
    pub(crate) fn get_or(&self, compute: impl FnOnce() -> Tick) -> Tick {
        let known = self.0.load(Ordering::Relaxed);
        if known != 0 {
            return Tick::from_nanos(known);
        }
        let computed = compute().as_nanos().max(1);
        match self.0.compare_exchange(0, computed, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Tick::from_nanos(computed),
            Err(known) => Tick::from_nanos(known),
        }
    }
}
