//! Whether an actor that failed begins anew, and when (F2).
//!
//! ```text
//!   failures   ×      ×  ×   ×     ×            within:  ├────────────────┤ now
//!   delay      0      f  2f  4f    f            the first one after a quiet time costs nothing, the others back off
//! ```
//!
//! The window slides: what counts is how many failures lie in the time before *this* one, not in some period that happens
//! to begin now and then. (Erlang/OTP, `supervisor`: intensity and period. The spread of the delays: Brooker, "Exponential
//! Backoff and Jitter", AWS 2015, kept to a fifth, because here nobody competes for the same lock.)

use super::retry::spread_of;
use crate::clock::Tick;
use crate::error::Spent;
use std::collections::VecDeque;
use std::time::Duration;

/// Failures that are remembered: the window's limit cannot be above it, so that the window is bounded.
const FAILURES_MAX: u32 = 1024;

/// Which ends of an instance are followed by a new one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum When {
    Never,
    OnFailure,
    Permanent,
}

/// Whether an actor that failed begins anew, how often, and after how long.
///
/// A *failure* is a panic, in a handler or in the factory, and a `#[started]` that gave an error. Overload never is one (F3).
///
/// ```
/// use actors_core::Restart;
/// use std::time::Duration;
///
/// // Five times in ten seconds at most; then it ends, and its parent, if it has one, fails.
/// let restart = Restart::on_failure()
///     .at_most(5, Duration::from_secs(10))
///     .backoff(Duration::from_millis(50), Duration::from_secs(5));
/// # let _ = restart;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Restart {
    when: When,
    most: u32,
    within: Duration,
    first: Duration,
    longest: Duration,
}

impl Restart {
    const fn new(when: When) -> Self {
        Restart {
            when,
            most: 5,
            within: Duration::from_secs(10),
            first: Duration::from_millis(50),
            longest: Duration::from_secs(5),
        }
    }

    /// After a failure a new instance goes on with the queue: at most 5 times in 10 seconds unless
    /// [`at_most`](Restart::at_most) says otherwise. The default of an actor from a factory.
    pub const fn on_failure() -> Self {
        Restart::new(When::OnFailure)
    }

    /// The same, and also where the instance has stopped itself ([`Context::stop`](crate::Context::stop)): only from outside
    /// it can be ended.
    pub const fn permanent() -> Self {
        Restart::new(When::Permanent)
    }

    /// A failure is the end, and nobody else's affair. The default of an actor without a factory.
    pub const fn never() -> Self {
        Restart::new(When::Never)
    }

    /// So many failures in so long a time are followed by a new instance; one more is the end, and the parent's failure. At most
    /// 1024, which is how many are remembered; with [`Duration::ZERO`] every one is.
    #[must_use]
    pub const fn at_most(mut self, failures: u32, within: Duration) -> Self {
        self.most = if failures > FAILURES_MAX { FAILURES_MAX } else { failures };
        self.within = within;
        self
    }

    /// How long to wait before a new instance: nothing after the first failure in the window, `first` after the second, and twice
    /// as long each time, up to `longest`; spread by a fifth either way.
    #[must_use]
    pub const fn backoff(mut self, first: Duration, longest: Duration) -> Self {
        self.first = first;
        self.longest = longest;
        self
    }

    /// Whether an instance that stops itself is followed by another one.
    pub(crate) fn is_permanent(&self) -> bool {
        self.when == When::Permanent
    }
}

/// What follows from a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Revival {
    /// A new instance, after so long.
    After(Duration),
    /// None: it was never to be restarted.
    Never,
    /// None: it failed too often. The parent's affair.
    TooOften(Spent),
}

/// The failures of one actor that still count.
#[derive(Debug)]
pub(crate) struct Failures {
    restart: Restart,
    /// When they were, oldest first.
    recent: VecDeque<Tick>,
}

impl Failures {
    pub(crate) fn new(restart: Restart) -> Self {
        Failures { restart, recent: VecDeque::new() }
    }

    pub(crate) fn restart(&self) -> &Restart {
        &self.restart
    }

    /// One more. `random` is any random number.
    pub(crate) fn failed(&mut self, now: Tick, random: u64) -> Revival {
        let Restart { when, most, within, first, longest } = self.restart;
        if when == When::Never {
            return Revival::Never;
        }
        while self.recent.front().is_some_and(|then| now.since(*then) >= within) {
            self.recent.pop_front();
        }
        if self.recent.len() >= most as usize {
            let failures = most.saturating_add(1);
            return Revival::TooOften(Spent { failures, within, limit: most });
        }
        let before = self.recent.len() as u32;
        self.recent.push_back(now);
        let Some(doubled) = before.checked_sub(1) else { return Revival::After(Duration::ZERO) };
        let delay = first.saturating_mul(1 << doubled.min(30)).min(longest);
        Revival::After(delay.mul_f64(spread_of(random)))
    }
}

/// Who else begins anew when a child of an actor fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Strategy {
    /// Nobody.
    #[default]
    OneForOne,
    /// All the other children: they work on something in common.
    OneForAll,
    /// Those that were started after it: they were built on it.
    RestForOne,
}

impl Strategy {
    /// Whether the child that was started at place `other` begins anew because the one at `failed` has failed.
    pub(crate) fn concerns(self, failed: usize, other: usize) -> bool {
        match self {
            _ if failed == other => false,
            Strategy::OneForOne => false,
            Strategy::OneForAll => true,
            Strategy::RestForOne => other > failed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Tick {
        Tick::ZERO.after(Duration::from_millis(ms))
    }

    #[test]
    fn f2_the_window_of_failures_slides() {
        let restart = Restart::on_failure().at_most(3, Duration::from_millis(1000));
        let mut failures = Failures::new(restart.backoff(Duration::ZERO, Duration::ZERO));
        for ms in [0, 900, 950] {
            assert_eq!(failures.failed(at(ms), 0), Revival::After(Duration::ZERO));
        }
        let too_often = Spent { failures: 4, within: Duration::from_millis(1000), limit: 3 };
        let too_often = Revival::TooOften(too_often);
        // In a window that began at 0 and one that began at 1000 there would have been room for this one.
        assert_eq!(failures.failed(at(999), 0), too_often);
        assert_eq!(
            failures.failed(at(1000), 0),
            Revival::After(Duration::ZERO),
            "the first no longer counts"
        );
        assert_eq!(failures.failed(at(1001), 0), too_often);
        assert_eq!(failures.failed(at(1899), 0), too_often);
        assert_eq!(failures.failed(at(1900), 0), Revival::After(Duration::ZERO));
    }

    #[test]
    fn f2_the_first_restart_is_at_once_and_the_others_back_off_with_a_spread() {
        let restart = Restart::on_failure()
            .at_most(100, Duration::from_secs(1000))
            .backoff(Duration::from_millis(100), Duration::from_secs(1));
        let mut failures = Failures::new(restart);
        let mut delays = (0..8).map(|n| match failures.failed(at(n), n) {
            Revival::After(delay) => delay.as_secs_f64() * 1000.0,
            other => panic!("{other:?}"),
        });
        assert_eq!(delays.next(), Some(0.0));
        for (delay, due) in delays.zip([100.0, 200.0, 400.0, 800.0, 1000.0, 1000.0, 1000.0]) {
            assert!((0.8 * due..=1.2 * due).contains(&delay), "{delay} of {due}");
        }
        let seen: std::collections::BTreeSet<_> = (0..100)
            .map(|random| {
                let mut failures = Failures::new(restart);
                failures.failed(at(0), random);
                format!("{:?}", failures.failed(at(1), random))
            })
            .collect();
        assert!(seen.len() > 90, "delays are not spread: {}", seen.len());
    }

    #[test]
    fn f2_after_a_quiet_time_the_backoff_begins_anew() {
        let mut failures = Failures::new(Restart::on_failure().at_most(5, Duration::from_millis(1000)));
        assert_eq!(failures.failed(at(0), 0), Revival::After(Duration::ZERO));
        assert_ne!(failures.failed(at(10), 0), Revival::After(Duration::ZERO));
        assert_eq!(failures.failed(at(5000), 0), Revival::After(Duration::ZERO));
    }

    #[test]
    fn f2_never_is_never_and_unlimited_is_without_end() {
        assert_eq!(Failures::new(Restart::never()).failed(at(0), 0), Revival::Never);
        let mut failures = Failures::new(Restart::on_failure().at_most(1, Duration::ZERO));
        assert!((0..10_000).all(|_| failures.failed(at(5), 1) == Revival::After(Duration::ZERO)));
        assert_eq!(
            Failures::new(Restart::on_failure().at_most(0, Duration::MAX)).failed(at(0), 0),
            Revival::TooOften(Spent { failures: 1, within: Duration::MAX, limit: 0 })
        );
    }

    #[test]
    fn f2_strategies_say_who_else_begins_anew() {
        let concerned =
            |strategy: Strategy| (0..4).filter(|&other| strategy.concerns(1, other)).collect::<Vec<_>>();
        assert_eq!(concerned(Strategy::OneForOne), []);
        assert_eq!(concerned(Strategy::OneForAll), [0, 2, 3]);
        assert_eq!(concerned(Strategy::RestForOne), [2, 3]);
    }
}
