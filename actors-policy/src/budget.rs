//! How many refused sends may be tried again: a part of all sends, and a few (P10).
//!
//! ```text
//!   the last ten seconds, in slots of one second:   sends  ▂▂▂▅█████▂     retries  ▁▁▁▁▂▂▂▂▁▁
//!   a retry is allowed while   retries < sends / 5 + 100
//! ```
//!
//! Without a bound, clients that try three times make a load that is twice what an actor can do
//! eight times as much, and the overload outlasts its cause (Bronson et al.: Metastable Failures in
//! Distributed Systems, HotOS 2021). The numbers are those of Finagle's `RetryBudget`: a fifth of
//! the sends, and ten a second for callers that send rarely.

use crate::Tick;

/// Slots, of a second each.
const SLOTS: usize = 10;
const SECOND: u64 = 1_000_000_000;
/// One retry for so many sends.
const SENDS_PER_RETRY: u64 = 5;
/// Retries that are allowed in any case, in all slots together: ten a second.
const ALWAYS: u64 = 10 * SLOTS as u64;

/// What was sent, and sent again, in the last ten seconds.
///
/// Handles use one per actor. A program that retries calls of its own uses one per target: all
/// callers of the target share it.
///
/// ```
/// use actors_policy::{RetryBudget, Tick};
///
/// let (mut budget, now) = (RetryBudget::default(), Tick::ZERO);
/// (0..1000).for_each(|_| budget.sent(now));
/// let retries = (0..1000).filter(|_| budget.take(now)).count();
/// assert_eq!(retries, 1000 / 5 + 10 * 10);
/// ```
#[derive(Clone, Debug, Default)]
pub struct RetryBudget {
    slots: [Slot; SLOTS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    /// The second that it is about.
    second: u64,
    sends: u64,
    retries: u64,
}

impl RetryBudget {
    /// Counts a send that may be tried again.
    pub fn sent(&mut self, now: Tick) {
        self.slot(now).sends += 1;
    }

    /// Returns whether a refused send may be tried again; counts it if so.
    pub fn take(&mut self, now: Tick) -> bool {
        let oldest = second(now).saturating_sub(SLOTS as u64 - 1);
        let recent = self.slots.iter().filter(|slot| slot.second >= oldest);
        let (sends, retries) =
            recent.fold((0, 0), |(sends, retries), slot| (sends + slot.sends, retries + slot.retries));
        let is_allowed = retries < sends / SENDS_PER_RETRY + ALWAYS;
        self.slot(now).retries += u64::from(is_allowed);
        is_allowed
    }

    fn slot(&mut self, now: Tick) -> &mut Slot {
        let second = second(now);
        let slot = &mut self.slots[second as usize % SLOTS];
        if slot.second != second {
            *slot = Slot { second, ..Slot::default() };
        }
        slot
    }
}

fn second(now: Tick) -> u64 {
    now.as_nanos() / SECOND
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn at(ms: u64) -> Tick {
        Tick::ZERO.after(Duration::from_secs(3600) + Duration::from_millis(ms))
    }

    /// Sends in each millisecond, each of which asks for a retry. How many get one per second.
    fn retried(per_ms: u64, seconds: u64) -> Vec<u64> {
        let mut budget = RetryBudget::default();
        (0..seconds)
            .map(|second| {
                (0..1000)
                    .map(|ms| {
                        let now = at(1000 * second + ms);
                        (0..per_ms).for_each(|_| budget.sent(now));
                        (0..per_ms).filter(|_| budget.take(now)).count() as u64
                    })
                    .sum()
            })
            .collect()
    }

    #[test]
    fn p10_a_fifth_of_the_sends_is_tried_again() {
        let retried = retried(10, 60);
        let share = retried[20..].iter().sum::<u64>() as f64 / (40.0 * 10_000.0);
        assert!((0.19..0.22).contains(&share), "{share} {retried:?}");
    }

    #[test]
    fn p10_a_caller_that_sends_rarely_may_try_ten_times_a_second() {
        let mut budget = RetryBudget::default();
        for minute in 0..10 {
            budget.sent(at(60_000 * minute));
            assert!((0..100).all(|_| budget.take(at(60_000 * minute))));
            assert!(!budget.take(at(60_000 * minute)));
        }
    }

    #[test]
    fn p10_what_was_sent_more_than_ten_seconds_ago_counts_no_more() {
        let mut budget = RetryBudget::default();
        (0..10_000).for_each(|_| budget.sent(at(0)));
        assert!((0..2100).all(|_| budget.take(at(9_000))));
        assert!(!budget.take(at(9_999)));
        assert!((0..100).all(|_| budget.take(at(19_000))), "those of second 9 are forgotten");
        assert!(!budget.take(at(19_000)));
    }
}
