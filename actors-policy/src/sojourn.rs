//! Sojourn control: messages that have waited for too long are shed when their turns would begin
//! (T6).
//!
//! ```text
//!   a message is dequeued ──► its stay ──► the shortest of the interval ──► at its end: longer than the target?
//!                                                                               │ then, for the next interval:
//!                                                      messages older than twice the target are shed
//! ```
//!
//! Nichols, Jacobson: Controlled Delay Active Queue Management (RFC 8289), in the variant for
//! services of Facebook's Folly (`executors/Codel.cpp`; Maurer: Fail at Scale, ACM Queue 2015). A
//! queue that is long for a moment absorbs a burst; one that is never short for a whole interval
//! only adds delay, until all of its messages are handled too late. Then the oldest go first, so
//! that the others are handled in time.
//!
//! A target that is not declared follows the handling time: eight turns. A queue that is never
//! shorter than eight turns of its own handler is not what keeps the handler at work.
//!
//! Invariant: a message is shed only while it has waited for more than twice the target. The
//! caller keeps the last message of a lane, so that a queue is never emptied.

use crate::{Span, Tick};

/// Turns in a target that is not declared (Folly's guidance: five to eight times the handling
/// time).
const TURNS: u64 = 8;
/// The least target that is not declared, in nanoseconds: a thread that another one takes off its
/// core is away for about as long, and the queue of that time is not overload.
const TARGET_MIN: u64 = 1_000_000;
/// Declared targets in an interval: CoDel's 100 ms for a target of 5 ms are 20. Half as many,
/// because no round trip of a network is to be awaited before a sender slows down.
const INTERVALS: u64 = 10;
/// The shortest and the longest interval, in nanoseconds. CoDel's interval is the longest; it is
/// also that of a target which is not declared, so that a burst is absorbed.
const INTERVAL_MIN: u64 = 5_000_000;
const INTERVAL_MAX: u64 = 100_000_000;

/// Whether messages of a mailbox are shed when their turns would begin, and which.
#[derive(Clone, Copy, Debug)]
pub struct Sojourn {
    /// `NONE` where it follows the handling time.
    declared: Span,
    /// The target of the interval; `NONE` while it is unknown.
    target: Span,
    ends: Tick,
    shortest: Span,
    is_over: bool,
}

impl Sojourn {
    /// Control with this target; `NONE` where it follows the handling time.
    pub const fn new(declared: Span) -> Self {
        Sojourn { declared, target: Span::NONE, ends: Tick::ZERO, shortest: Span::NONE, is_over: false }
    }

    /// Records how long a message stayed in the queue whose turn begins, or which is shed.
    /// `handling` is the mean time that a turn takes; `NONE` while it is unknown.
    #[inline]
    pub fn saw(&mut self, now: Tick, stay: Span, handling: Span) {
        // `NONE` is the longest.
        self.shortest = self.shortest.min(stay);
        if now >= self.ends {
            self.begin(now, stay, handling);
        }
    }

    /// An interval ends, and the next one begins.
    #[cold]
    fn begin(&mut self, now: Tick, stay: Span, handling: Span) {
        self.is_over = self.ends > Tick::ZERO && !self.target.is_none() && self.shortest > self.target;
        self.target = match (self.declared, handling) {
            (Span::NONE, Span::NONE) => Span::NONE,
            (Span::NONE, handling) => {
                Span::from_nanos(handling.nanos().saturating_mul(TURNS).clamp(TARGET_MIN, u64::MAX - 1))
            }
            (declared, _) => declared,
        };
        let interval = self.declared.nanos().saturating_mul(INTERVALS).clamp(INTERVAL_MIN, INTERVAL_MAX);
        (self.ends, self.shortest) = (Tick::from_nanos(now.as_nanos().saturating_add(interval)), stay);
    }

    /// The queue has run empty: what was seen of it says nothing about the next messages.
    #[inline]
    pub fn rest(&mut self) {
        (self.ends, self.shortest, self.is_over) = (Tick::ZERO, Span::NONE, false);
    }

    /// Messages that were offered before this instant are shed; [`ZERO`](Tick::ZERO) where none is.
    #[inline]
    pub fn oldest(&self, now: Tick) -> Tick {
        match self.is_over {
            false => Tick::ZERO,
            true => Tick::from_nanos(now.as_nanos().saturating_sub(self.target.nanos().saturating_mul(2))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    const MS: Duration = Duration::from_millis(1);

    fn at(ms: u32) -> Tick {
        Tick::ZERO.after(Duration::from_secs(3600) + MS * ms)
    }

    fn stay(ms: u32) -> Span {
        Span::of(MS * ms)
    }

    #[test]
    fn t6_a_queue_that_is_short_once_in_an_interval_sheds_nothing() {
        let mut control = Sojourn::new(stay(5));
        for ms in 0..1000 {
            control.saw(at(ms), if ms % 50 == 7 { stay(5) } else { stay(80) }, Span::NONE);
            assert_eq!(control.oldest(at(ms)), Tick::ZERO, "{ms}");
        }
    }

    #[test]
    fn t6_after_an_interval_without_a_short_stay_what_is_older_than_two_targets_goes() {
        let mut control = Sojourn::new(stay(5));
        for ms in 0..50 {
            control.saw(at(ms), stay(6), Span::NONE);
            assert_eq!(control.oldest(at(ms)), Tick::ZERO, "{ms}");
        }
        control.saw(at(50), stay(6), Span::NONE);
        assert_eq!(control.oldest(at(50)), at(40));
        assert_eq!(control.oldest(at(99)), at(89));
        control.saw(at(60), stay(5), Span::NONE);
        assert_eq!(control.oldest(at(60)), at(50), "until the interval ends");
        control.saw(at(100), stay(6), Span::NONE);
        assert_eq!(control.oldest(at(100)), Tick::ZERO);
    }

    #[test]
    fn t6_a_burst_within_the_capacity_is_absorbed() {
        // 800 messages at once, of 0.1 ms each.
        let mut control = Sojourn::new(Span::NONE);
        for n in 0..800 {
            let now = Tick::ZERO.after(Duration::from_secs(3600) + MS / 10 * n);
            control.saw(now, Span::of(MS / 10 * n), Span::of(MS / 10));
            assert_eq!(control.oldest(now), Tick::ZERO, "{n}");
        }
    }

    #[test]
    fn t6_an_empty_queue_starts_over() {
        let mut control = Sojourn::new(stay(5));
        (0..=50).for_each(|ms| control.saw(at(ms), stay(6), Span::NONE));
        assert!(control.oldest(at(50)) > Tick::ZERO);
        control.rest();
        assert_eq!(control.oldest(at(51)), Tick::ZERO);
        (10_000..10_050).for_each(|ms| {
            control.saw(at(ms), stay(6), Span::NONE);
            assert_eq!(control.oldest(at(ms)), Tick::ZERO);
        });
    }

    #[test]
    fn t6_a_target_that_is_not_declared_is_eight_turns_and_at_least_a_millisecond() {
        let mut control = Sojourn::new(Span::NONE);
        (0..=200).for_each(|ms| control.saw(at(ms), stay(9), stay(1)));
        assert_eq!(control.oldest(at(200)), at(184));
        // Shorter ones are not told apart.
        let mut control = Sojourn::new(Span::NONE);
        (0..=200).for_each(|ms| control.saw(at(ms), stay(9), Span::of(MS / 100)));
        assert_eq!(control.oldest(at(200)), at(198));
        // Nothing is shed while it is unknown.
        let mut control = Sojourn::new(Span::NONE);
        (0..500).for_each(|ms| control.saw(at(ms), Span::of(1000 * MS), Span::NONE));
        assert_eq!(control.oldest(at(500)), Tick::ZERO);
    }
}
