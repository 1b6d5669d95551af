//! The one home of time.
//!
//! Users see tokio's clock, so a paused runtime pauses every ttl, deadline and timer (T5). Inside, an instant is a
//! [`Tick`]: eight bytes, comparable, with a value for "never", so that slots stay small and the pure policies need no
//! clock type. Runtimes of one process may have different clocks, because some are paused: each reads its own, in ticks of one
//! scale. A message between two of them is stamped by its sender's clock and judged by its receiver's. CPU budgets are about the
//! real processor: see [`budget`] and [`cpu`].

use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// Nanoseconds since an epoch that lies a century before this process first asked for the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

/// The tick of [`origin`]. Paused clocks may stand before or after it: a century before and four after are representable,
/// which is more than tokio's timers can be set to.
const ORIGIN: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

/// The instant that ticks count from, on the real clock. Not on tokio's: a paused clock that was advanced first would put
/// every other runtime of the process before the epoch.
fn origin() -> Instant {
    static AT: OnceLock<Instant> = OnceLock::new();
    *AT.get_or_init(|| Instant::from_std(std::time::Instant::now()))
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}

impl Tick {
    /// An instant that never comes.
    pub const NEVER: Tick = Tick(u64::MAX);
    /// The epoch.
    pub const ZERO: Tick = Tick(0);

    /// The instant `nanos` after the epoch; simulations and tests make their own time with it.
    pub const fn from_nanos(nanos: u64) -> Tick {
        Tick(nanos)
    }

    /// This instant plus `span`; saturates at [`NEVER`](Tick::NEVER).
    pub fn after(self, span: Duration) -> Tick {
        Tick(self.0.saturating_add(nanos(span)))
    }

    /// Time from `earlier` to this instant; zero when `earlier` is the later one.
    pub fn since(self, earlier: Tick) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The tick of an instant: never [`ZERO`](Tick::ZERO), which stands for a time that has not been read, and always before
    /// [`NEVER`](Tick::NEVER).
    #[inline]
    fn at(instant: Instant) -> Tick {
        let origin = origin();
        match instant.checked_duration_since(origin) {
            Some(after) => Tick(ORIGIN.saturating_add(nanos(after)).min(u64::MAX - 1)),
            None => Tick(ORIGIN.saturating_sub(nanos(origin.duration_since(instant))).max(1)),
        }
    }

    /// The instant of a tick. `None` where it never comes, or lies beyond what this platform's clock can say.
    pub(crate) fn instant(self) -> Option<Instant> {
        if self == Tick::NEVER {
            return None;
        }
        match self.0.checked_sub(ORIGIN) {
            Some(after) => origin().checked_add(Duration::from_nanos(after)),
            // What is long over is due now, also where this platform's clock cannot say so.
            None => {
                Some(origin().checked_sub(Duration::from_nanos(ORIGIN - self.0)).unwrap_or_else(Instant::now))
            }
        }
    }
}

/// A length of time in nanoseconds, or none: eight bytes without holes, so that what has one is quick to copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(u64);

impl Span {
    pub(crate) const NONE: Span = Span(u64::MAX);

    /// Five centuries at most.
    pub(crate) fn of(span: Duration) -> Span {
        Span(nanos(span).min(u64::MAX - 1))
    }

    pub(crate) fn from_nanos(nanos: u64) -> Span {
        Span(nanos)
    }

    pub(crate) fn nanos(self) -> u64 {
        self.0
    }

    #[inline]
    pub(crate) fn is_none(self) -> bool {
        self == Span::NONE
    }

    pub(crate) fn get(self) -> Option<Duration> {
        (!self.is_none()).then(|| Duration::from_nanos(self.0))
    }
}

/// Now, on tokio's clock: that of the runtime that this thread is in, which differs from others only where it is or was paused.
pub(crate) fn now() -> Tick {
    Tick::at(Instant::now())
}

/// Now, for the budget of a consumer. It is the real clock, except in a runtime with a paused clock: there turns take no time unless
/// they let it pass, so that a run does not depend on the processor's speed (T9).
pub(crate) fn budget() -> std::time::Instant {
    match FROZEN.get() {
        None => Instant::now().into_std(),
        Some(frozen) => *frozen,
    }
}

/// Now, on the real clock, which a paused runtime does not stop: for how long donated turns take, and waits for them. Both only
/// exist on multi-thread runtimes, whose clock cannot be paused.
pub(crate) fn cpu() -> std::time::Instant {
    match FROZEN.get() {
        None => std::time::Instant::now(),
        Some(frozen) => *frozen,
    }
}

static FROZEN: OnceLock<std::time::Instant> = OnceLock::new();

/// Stops the clock of budgets and donated turns for the whole process, for good: every turn then seems to take no time, so that
/// how much is claimed at once and which turns are donated no longer depends on the machine. For counting instructions, under a
/// tool that makes a program fifty times slower.
pub fn freeze_cpu_clock() {
    FROZEN.get_or_init(std::time::Instant::now);
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);

    #[test]
    fn t2_a_tick_is_the_instant_it_was_made_of_before_the_first_reading_too() {
        let now = Instant::from_std(std::time::Instant::now());
        let earlier = [Duration::from_secs(1), Duration::from_secs(7200)];
        let later = [Duration::ZERO, Duration::from_secs(7200), 30 * YEAR];
        let instants = earlier.into_iter().filter_map(|span| now.checked_sub(span));
        for instant in instants.chain(later.into_iter().filter_map(|span| now.checked_add(span))) {
            assert_eq!(Tick::at(instant).instant(), Some(instant));
        }
    }

    #[test]
    fn t2_ticks_beyond_the_range_keep_their_order_and_are_neither_zero_nor_never() {
        let now = Instant::from_std(std::time::Instant::now());
        let far = [200, 400, 600, 1000].map(|years| now.checked_add(years * YEAR));
        let past = [1, 200, 1000].map(|years| now.checked_sub(years * YEAR));
        let instants = past.into_iter().rev().chain([Some(now)]).chain(far).flatten();
        let ticks: Vec<_> = instants.map(Tick::at).collect();
        assert!(ticks.is_sorted(), "{ticks:?}");
        assert!(ticks.iter().all(|tick| Tick::ZERO < *tick && *tick < Tick::NEVER), "{ticks:?}");
    }

    #[test]
    fn t2_what_is_past_everything_is_due_and_what_is_beyond_everything_never_comes() {
        assert!(Tick::ZERO.instant().is_some_and(|at| at <= Instant::now()));
        assert_eq!(Tick::at(Instant::now()).after(Duration::MAX), Tick::NEVER);
        assert_eq!(Tick::NEVER.instant(), None);
        assert_eq!(Tick::ZERO.since(Tick::NEVER), Duration::ZERO);
    }
}
