//! The comparison after each step.

use super::Outcome;
use super::reference::{Ledger, Phase, Reference};

impl Reference {
    /// The turns so far, with the number of their instance if there is one at a time.
    pub(crate) fn turns(&self) -> &[(usize, usize)] {
        &self.turns
    }

    pub(crate) fn outcomes(&self) -> &[Option<Outcome>] {
        &self.sends
    }

    pub(crate) fn take_letters(&mut self) -> Vec<(usize, &'static str)> {
        let mut letters = std::mem::take(&mut self.letters);
        letters.sort_unstable();
        letters
    }

    pub(crate) fn seen(&self) -> impl Iterator<Item = &'static str> {
        self.seen.iter().copied()
    }

    pub(crate) fn open_sends(&self) -> Vec<usize> {
        (0..self.sends.len()).filter(|&id| self.is_open(id)).collect()
    }

    /// The sends that should have an outcome by now, after the end.
    pub(crate) fn forgotten(&self) -> Vec<usize> {
        self.open_sends().into_iter().filter(|&id| !self.is_lazy(id)).collect()
    }

    pub(crate) fn ledger(&self) -> Ledger {
        let mut ledger = self.books.clone();
        let mut add = |class, column| *ledger.entry((class, column)).or_default() += 1;
        self.queue.iter().for_each(|message| add(message.class, "queued"));
        self.line.iter().flat_map(|waiter| &waiter.message).for_each(|message| add(message.class, "waiting"));
        self.running.iter().for_each(|message| add(message.class, "in_service"));
        ledger
    }

    /// Depth, senders and reservations in line, permits, bytes, running turns.
    pub(crate) fn numbers(&self) -> [usize; 5] {
        let bytes = if self.setup.max_bytes.is_some() { self.bytes() } else { 0 };
        [self.queue.len(), self.line.len(), self.permits.len(), bytes, self.running.len()]
    }

    /// The number of workers, unless the actor is ending: then workers go at different times.
    pub(crate) fn workers(&self) -> Option<usize> {
        (self.phase == Phase::Open).then_some(self.alive)
    }

    /// The number of instances asked for, unless a kill cut that short.
    pub(crate) fn attempts(&self) -> Option<usize> {
        (!self.is_cut).then_some(self.attempts)
    }

    pub(crate) fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }
}
