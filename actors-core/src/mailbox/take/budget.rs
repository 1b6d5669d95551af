//! How long a claim may last, and so how much to claim. Pure: the caller passes the processor's
//! time.

use std::time::{Duration, Instant};

/// The most messages that are claimed at a time. It is also the starvation bound, so that a batch
/// never outlasts the patience of a lower lane.
pub(crate) const CLAIM_MAX: usize = crate::policy::TURNS_MAX as usize;

/// How long a batch may take (S3): long enough to save the lock for short turns, short enough that
/// no message waits noticeably for one that is claimed but not begun.
pub(in crate::mailbox) const BUDGET: Duration = Duration::from_micros(20);

/// Turns shorter than this are timed in groups of [`GROUP`].
const SHORT: Duration = Duration::from_nanos(500);
/// A power of two.
const GROUP: u32 = 16;

/// How many messages to claim at a time: as many as fit into [`BUDGET`], judged by the turns so
/// far.
#[derive(Debug)]
pub(in crate::mailbox) struct Budget {
    mean: Duration,
    /// What follows from it.
    claim_max: u32,
    began: Option<Instant>,
    turns: u32,
}

impl Default for Budget {
    fn default() -> Self {
        // Unknown handlers are claimed one at a time, until their turns have been seen to be short.
        Budget { mean: BUDGET, claim_max: 1, began: None, turns: 0 }
    }
}

impl Budget {
    #[inline]
    pub(in crate::mailbox) fn claim_max(&self) -> usize {
        self.claim_max as usize
    }

    /// When the batch that is under way began, if it is timed.
    pub(in crate::mailbox) fn began(&self) -> Option<Instant> {
        self.began
    }

    /// Whether turns are known to be so short that a full claim fits.
    #[inline]
    pub(in crate::mailbox) fn is_short(&self) -> bool {
        self.claim_max() == CLAIM_MAX
    }

    /// A batch begins.
    pub(in crate::mailbox) fn begin(&mut self, now: Instant) {
        self.finish(now);
        self.began = Some(now);
        self.turns = 0;
    }

    /// The batch that ran, if any, is over.
    pub(in crate::mailbox) fn finish(&mut self, now: Instant) {
        let Some(began) = self.began.take() else { return };
        if self.turns > 0 {
            let seen = now.saturating_duration_since(began) / self.turns;
            // Slow turns count at once, short ones gradually.
            self.mean = if seen > self.mean { seen } else { (self.mean + seen) / 2 };
            let fit =
                BUDGET.as_nanos() as u64 / u64::try_from(self.mean.as_nanos()).unwrap_or(u64::MAX).max(1);
            self.claim_max = fit.clamp(1, CLAIM_MAX as u64) as u32;
        }
    }

    /// Discards the measurement: there was no backlog to learn from.
    pub(in crate::mailbox) fn forget(&mut self) {
        self.turns = 0;
        self.began = None;
    }

    #[inline]
    pub(in crate::mailbox) fn turn(&mut self) {
        self.turns += 1;
    }

    /// Whether the batch may continue, by the clock and not by the mean of past turns.
    pub(in crate::mailbox) fn lasts_exactly(&self, now: impl FnOnce() -> Instant) -> bool {
        self.began.is_some_and(|began| now().saturating_duration_since(began) < BUDGET)
    }

    /// Whether the batch may continue.
    #[inline]
    pub(in crate::mailbox) fn lasts(&self, now: impl FnOnce() -> Instant) -> bool {
        let is_known = self.is_short() && !self.turns.is_multiple_of(GROUP);
        is_known || self.lasts_by_clock(now)
    }

    fn lasts_by_clock(&self, now: impl FnOnce() -> Instant) -> bool {
        let Some(began) = self.began else { return true };
        (self.mean < SHORT && !self.turns.is_multiple_of(GROUP))
            || now().saturating_duration_since(began) < BUDGET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(budget: &mut Budget, at: Instant, turns: u32, each: Duration) -> Instant {
        budget.begin(at);
        (0..turns).for_each(|_| budget.turn());
        let end = at + each * turns;
        budget.finish(end);
        end
    }

    #[test]
    fn s3_short_turns_are_claimed_32_at_a_time_and_long_ones_singly() {
        let mut budget = Budget::default();
        assert_eq!(budget.claim_max(), 1);
        let mut at = Instant::now();
        for _ in 0..20 {
            at = run(&mut budget, at, 1, Duration::from_nanos(100));
        }
        assert_eq!(budget.claim_max(), CLAIM_MAX);
        run(&mut budget, at, 1, Duration::from_millis(1));
        assert_eq!(budget.claim_max(), 1);
    }

    #[test]
    fn s3_a_batch_ends_when_its_20_us_are_spent() {
        let mut budget = Budget::default();
        let at = Instant::now();
        budget.begin(at);
        budget.turn();
        assert!(budget.lasts(|| at + Duration::from_micros(19)));
        assert!(!budget.lasts(|| at + Duration::from_micros(20)));
    }
}
