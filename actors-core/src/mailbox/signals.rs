//! Atomics beside the lock: the consumer's progress, and the flags that ask for its attention.

use crate::sync::atomic::{AtomicU8, AtomicU32, Ordering, fence};

const INTERRUPT: u8 = 1;
const KILLED: u8 = 2;
const OUTRANKED: u8 = 4;

/// The atomics that the consumer shares with senders. They lie far from the lock, next to fields
/// that are hardly ever read: the consumer writes its progress with every turn, and would otherwise
/// take the lock's cache line away from the producers each time.
#[derive(Debug, Default)]
pub(super) struct Signals {
    /// Written by the consumer only; by a sender under the lock, where it leaves a turn that it has
    /// begun and the consumer has none.
    progress: AtomicU32,
    /// Written by anybody, cleared under the lock.
    flags: AtomicU8,
}

impl Signals {
    // Acquire pairs with the Release in `set_progress`: a thread that sees a turn ended sees what
    // it did.
    pub(super) fn progress(&self) -> u32 {
        self.progress.load(Ordering::Acquire)
    }

    /// Whether a claimed turn runs.
    pub(super) fn is_in_turn(&self) -> bool {
        self.progress() % 2 == 1
    }

    /// How many turns of the claim have begun.
    pub(super) fn begun(&self) -> u32 {
        self.progress().div_ceil(2)
    }

    pub(super) fn set_progress(&self, progress: u32) {
        self.progress.store(progress, Ordering::Release);
    }

    /// The consumer's next turn begins.
    pub(super) fn begin_turn(&self) {
        self.set_progress(self.progress.load(Ordering::Relaxed) + 1);
    }

    /// The consumer's turn ended, if one is running.
    pub(super) fn end_turn(&self) {
        let progress = self.progress.load(Ordering::Relaxed);
        if progress % 2 == 1 {
            self.set_progress(progress + 1);
        }
    }

    /// Makes the consumer take the lock before its next turn.
    pub(super) fn interrupt(&self) {
        self.flags.fetch_or(INTERRUPT, Ordering::Relaxed);
    }

    /// Like `interrupt`, before the caller reads the progress: either that reading sees a turn
    /// begun, or the consumer sees the flag in `is_calm_now`.
    pub(super) fn interrupt_and_fence(&self) {
        self.interrupt();
        fence(Ordering::SeqCst);
    }

    /// Notes that another thread has sent a message of a higher lane than what is claimed. It may
    /// wait for what is left of the consumer's 20 µs.
    pub(super) fn outrank(&self) {
        // Often it is set already; a read is cheaper than a write.
        if self.flags.load(Ordering::Relaxed) & OUTRANKED == 0 {
            self.flags.fetch_or(OUTRANKED, Ordering::Relaxed);
        }
    }

    /// Whether `outrank` is the only request.
    pub(super) fn is_only_outranked(&self) -> bool {
        self.flags.load(Ordering::Relaxed) == OUTRANKED
    }

    /// Like `is_calm`, for a turn that has begun and takes its time.
    pub(super) fn is_calm_now(&self) -> bool {
        fence(Ordering::SeqCst);
        self.is_calm()
    }

    /// Forbids further turns; a suspended one is dropped.
    pub(super) fn kill(&self) {
        self.flags.fetch_or(KILLED, Ordering::Release);
    }

    pub(super) fn is_calm(&self) -> bool {
        self.flags.load(Ordering::Relaxed) == 0
    }

    pub(super) fn is_killed(&self) -> bool {
        self.flags.load(Ordering::Acquire) & KILLED != 0
    }

    pub(super) fn clear_interrupt(&self) {
        // Mostly it is clear; a read is cheaper than a write, which other threads would have to
        // fetch.
        if self.flags.load(Ordering::Relaxed) & (INTERRUPT | OUTRANKED) != 0 {
            self.flags.fetch_and(!(INTERRUPT | OUTRANKED), Ordering::Relaxed);
        }
    }
}
