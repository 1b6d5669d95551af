//! The settings of a breaker.

use crate::clock::{TIME_MAX, spread};
use std::time::Duration;

/// The shortest window, so that a slot has a length.
const WINDOW_MIN: Duration = Duration::from_millis(10);
/// Doublings of the open time: with the shortest `open_for`, 1 ms, more than `TIME_MAX`.
pub(super) const DOUBLINGS_MAX: u32 = 27;
/// The shortest open time. A shorter one ends before a caller notices it.
const OPEN_MIN: Duration = Duration::from_millis(1);

/// When a breaker opens, for how long, and what closes it.
///
/// The defaults are those of Hystrix: half of at least 20 calls in 10 s, and 5 s open. A value
/// outside of its range is taken as the nearest one inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    pub(super) window: Duration,
    pub(super) failure_rate: f64,
    pub(super) min_calls: u32,
    pub(super) in_a_row: Option<u32>,
    pub(super) slow_after: Option<Duration>,
    pub(super) open_for: Duration,
    pub(super) open_max: Duration,
    pub(super) trials: u32,
    pub(super) trial_max: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            window: Duration::from_secs(10),
            failure_rate: 0.5,
            min_calls: 20,
            in_a_row: None,
            slow_after: None,
            open_for: Duration::from_secs(5),
            open_max: Duration::from_secs(60),
            trials: 3,
            trial_max: Duration::from_secs(30),
        }
    }
}

impl Settings {
    /// Sets how long a result counts: 10 ms to a day. The default is 10 s.
    #[must_use]
    pub fn window(self, window: Duration) -> Self {
        Settings { window: window.clamp(WINDOW_MIN, TIME_MAX), ..self }
    }

    /// Sets the share of failures in the window that opens the breaker: above 0, up to 1. The
    /// default is 0.5.
    #[must_use]
    pub fn failure_rate(self, rate: f64) -> Self {
        // Not a number is the highest rate: it opens the breaker least often.
        let rate = if rate.is_nan() { 1.0 } else { rate.clamp(f64::MIN_POSITIVE, 1.0) };
        Settings { failure_rate: rate, ..self }
    }

    /// Sets the number of results in the window below which the rate decides nothing: at least 1.
    /// The default is 20: one failure of two calls may be chance.
    #[must_use]
    pub fn min_calls(self, calls: u32) -> Self {
        Settings { min_calls: calls.max(1), ..self }
    }

    /// Also opens the breaker after this many failures without a success between them: at least 1.
    /// Off by default. It is for targets that are called too rarely for a rate.
    #[must_use]
    pub fn in_a_row(self, failures: u32) -> Self {
        Settings { in_a_row: Some(failures.max(1)), ..self }
    }

    /// Counts a call that succeeds after more than this time as a failure. Off by default.
    #[must_use]
    pub fn slow_after(self, time: Duration) -> Self {
        Settings { slow_after: Some(time), ..self }
    }

    /// Sets the first open time: 1 ms to a day. The default is 5 s.
    #[must_use]
    pub fn open_for(self, time: Duration) -> Self {
        Settings { open_for: time.clamp(OPEN_MIN, TIME_MAX), ..self }
    }

    /// Sets the longest open time: 1 ms to a day. The default is a minute: a target that is back is
    /// noticed within that time.
    #[must_use]
    pub fn open_max(self, time: Duration) -> Self {
        Settings { open_max: time.clamp(OPEN_MIN, TIME_MAX), ..self }
    }

    /// Sets how many trials half-open admits, all of which must succeed: at least 1. The default is
    /// 3: a single success may be luck, and three calls load no target.
    #[must_use]
    pub fn trials(self, trials: u32) -> Self {
        Settings { trials: trials.max(1), ..self }
    }

    /// Sets after how long trials that have not ended count as failed: 1 ms to a day, from the
    /// start of the last one. The default is 30 s, the deadline of an ask. Without it, trials that
    /// hang would keep the breaker half-open for ever.
    ///
    /// Choose a time above that of the longest call. A stream that lasts longer reports its success
    /// with its first item instead: see [`Pass::finish`](super::Pass::finish).
    #[must_use]
    pub fn trial_max(self, time: Duration) -> Self {
        Settings { trial_max: time.clamp(OPEN_MIN, TIME_MAX), ..self }
    }

    /// Returns the open time after so many failed trials in a row.
    pub(super) fn open_time(&self, doublings: u32, random: u64) -> Duration {
        let doubled = self.open_for.saturating_mul(1 << doublings.min(DOUBLINGS_MAX));
        // A fifth less than the bound, so that the longest times are spread too.
        spread(doubled.min(self.open_max * 5 / 6), random).min(self.open_max)
    }
}
