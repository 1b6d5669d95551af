//! The one home of time.
//!
//! Users see tokio's clock, so a paused runtime pauses every ttl, deadline and timer (T5). Inside, an instant is a
//! [`Tick`]: eight bytes, comparable, with a value for "never", so that slots stay small and the pure policies need no
//! clock type. Runtimes of one process may have different clocks, because some are paused: each reads its own, in ticks of one
//! scale. A message between two of them is stamped by its sender's clock and judged by its receiver's. CPU budgets are about the
//! real processor: see [`budget`] and [`cpu`].

pub(crate) use actors_policy::Span;
pub use actors_policy::Tick;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::time::Instant;

/// The tick of [`origin`]. Paused clocks may stand before or after it: a century before and four after are representable,
/// which is more than tokio's timers can be set to.
const ORIGIN: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

/// The instant that ticks count from, on the real clock. Not on tokio's: a paused clock that was advanced first would put
/// every other runtime of the process before the epoch.
fn origin() -> Instant {
    static AT: OnceLock<Instant> = OnceLock::new();
    *AT.get_or_init(|| Instant::from_std(std::time::Instant::now()))
}

/// Returns the tick of an instant: never [`Tick::ZERO`], which stands for a time that has not been read, and always before
/// [`Tick::NEVER`].
#[inline]
fn tick(instant: Instant) -> Tick {
    let origin = origin();
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    match instant.checked_duration_since(origin) {
        Some(after) => Tick::from_nanos(ORIGIN.saturating_add(nanos(after)).min(u64::MAX - 1)),
        None => Tick::from_nanos(ORIGIN.saturating_sub(nanos(origin.duration_since(instant))).max(1)),
    }
}

/// Returns the instant of a tick. `None` for one that never comes, or that lies beyond what this platform's clock can say.
pub(crate) fn instant(tick: Tick) -> Option<Instant> {
    if tick == Tick::NEVER {
        return None;
    }
    match tick.as_nanos().checked_sub(ORIGIN) {
        Some(after) => origin().checked_add(Duration::from_nanos(after)),
        // A tick long past is due now, also where this platform's clock cannot express it.
        None => {
            let before = Duration::from_nanos(ORIGIN - tick.as_nanos());
            Some(origin().checked_sub(before).unwrap_or_else(Instant::now))
        }
    }
}

/// Now, on tokio's clock: that of the runtime that this thread is in, which differs from others only where it is or was paused.
pub(crate) fn now() -> Tick {
    tick(Instant::now())
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
            assert_eq!(super::instant(tick(instant)), Some(instant));
        }
    }

    #[test]
    fn t2_ticks_beyond_the_range_keep_their_order_and_are_neither_zero_nor_never() {
        let now = Instant::from_std(std::time::Instant::now());
        let far = [200, 400, 600, 1000].map(|years| now.checked_add(years * YEAR));
        let past = [1, 200, 1000].map(|years| now.checked_sub(years * YEAR));
        let instants = past.into_iter().rev().chain([Some(now)]).chain(far).flatten();
        let ticks: Vec<_> = instants.map(tick).collect();
        assert!(ticks.is_sorted(), "{ticks:?}");
        assert!(ticks.iter().all(|at| Tick::ZERO < *at && *at < Tick::NEVER), "{ticks:?}");
    }

    #[test]
    fn t2_what_is_past_everything_is_due_and_what_is_beyond_everything_never_comes() {
        assert!(instant(Tick::ZERO).is_some_and(|at| at <= Instant::now()));
        assert_eq!(tick(Instant::now()).after(Duration::MAX), Tick::NEVER);
        assert_eq!(instant(Tick::NEVER), None);
        assert_eq!(Tick::ZERO.since(Tick::NEVER), Duration::ZERO);
    }
}
