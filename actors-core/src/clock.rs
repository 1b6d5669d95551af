//! The only module that reads a clock.
//!
//! Users see tokio's clock, so a paused runtime pauses every TTL, deadline and timer (T5). Inside
//! the runtime, an instant is a [`Tick`]: eight bytes, comparable, with a value for "never". Slots
//! stay small, and the pure policies need no clock type.
//!
//! The runtimes of one process may have different clocks, because some are paused. Each reads its
//! own, on one common scale. The sender's clock stamps a message, and the receiver's clock judges
//! it.
//!
//! CPU budgets are measured on the real clock: see [`budget`] and [`cpu`].

use crate::panics::caught;
pub(crate) use actors_policy::Span;
pub(crate) use actors_policy::Tick;
use std::cell::Cell;
use std::sync::OnceLock;
use std::time::Duration;
use tokio::runtime;
use tokio::time::Instant;

/// The tick of [`origin`]. Paused clocks may be before or after it. A century before and four after
/// are representable, which is more than tokio's timers accept.
const ORIGIN: u64 = 100 * 365 * 24 * 3600 * 1_000_000_000;

/// Returns the instant that ticks count from, on the real clock.
///
/// It is not on tokio's clock: if a paused clock had been advanced before the first call, every
/// other runtime of the process would be before the origin.
fn origin() -> Instant {
    static AT: OnceLock<Instant> = OnceLock::new();
    *AT.get_or_init(|| Instant::from_std(std::time::Instant::now()))
}

/// Returns the tick of an instant. It is after [`Tick::ZERO`], which means "not read", and before
/// [`Tick::NEVER`].
#[inline]
pub(crate) fn tick(instant: Instant) -> Tick {
    let origin = origin();
    let nanos = |span: Duration| u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    match instant.checked_duration_since(origin) {
        Some(after) => Tick::from_nanos(ORIGIN.saturating_add(nanos(after)).min(u64::MAX - 1)),
        None => Tick::from_nanos(ORIGIN.saturating_sub(nanos(origin.duration_since(instant))).max(1)),
    }
}

/// Returns the instant of a tick. `None` for [`Tick::NEVER`], and for one that this platform's
/// clock cannot represent.
pub(crate) fn instant(tick: Tick) -> Option<Instant> {
    if tick == Tick::NEVER {
        return None;
    }
    match tick.as_nanos().checked_sub(ORIGIN) {
        Some(after) => origin().checked_add(Duration::from_nanos(after)),
        // A tick long past is due now, even if this platform's clock cannot represent it.
        None => {
            let before = Duration::from_nanos(ORIGIN - tick.as_nanos());
            Some(origin().checked_sub(before).unwrap_or_else(Instant::now))
        }
    }
}

/// Returns the current time on tokio's clock: that of the runtime in which this thread runs.
pub(crate) fn now() -> Tick {
    tick(Instant::now())
}

/// Returns whether a runtime has timers. Without them it has no clock on which a wait can end.
///
/// tokio reports this only by a panic, which the panic hook prints. So a thread remembers the
/// answer for the runtime that it has asked about last.
pub(crate) fn has_timers(rt: &runtime::Handle) -> bool {
    thread_local! {
        static LAST: Cell<Option<(runtime::Id, bool)>> = const { Cell::new(None) };
    }
    match LAST.get() {
        Some((id, has_timers)) if id == rt.id() => has_timers,
        _ => {
            let _inside = rt.enter();
            let has_timers = caught(|| drop(tokio::time::sleep(Duration::ZERO))).is_ok();
            LAST.set(Some((rt.id(), has_timers)));
            has_timers
        }
    }
}

/// Returns the current time for a consumer's budget.
///
/// It is the real clock, except in a runtime with a paused clock. There a turn takes no time unless
/// it lets time pass, so that a run does not depend on the processor's speed (T9).
pub(crate) fn budget() -> std::time::Instant {
    match FROZEN.get() {
        None => Instant::now().into_std(),
        Some(frozen) => *frozen,
    }
}

/// Returns the current time on the real clock, which a paused runtime does not stop.
///
/// It measures donated turns and the waits for them. Both exist only on multi-thread runtimes,
/// whose clock cannot be paused.
pub(crate) fn cpu() -> std::time::Instant {
    match FROZEN.get() {
        None => std::time::Instant::now(),
        Some(frozen) => *frozen,
    }
}

static FROZEN: OnceLock<std::time::Instant> = OnceLock::new();

/// Stops the clock of budgets and donated turns for the rest of the process.
///
/// Every turn then seems to take no time. How much is claimed at once, and which turns are donated,
/// no longer depends on the machine. It is for counting instructions with a tool that makes a
/// program about fifty times slower.
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
