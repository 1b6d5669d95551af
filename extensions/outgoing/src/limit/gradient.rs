//! The law of the adaptive limit: samples and the time go in, a limit comes out. It has no clock
//! and no lock.
//!
//! ```text
//!   samples ──► window of 1 s, 10 samples or more ──► short: mean time      ┐
//!                                                     long:  mean of 600    ├──► g = clamp(1.5 · long / short, 0.5, 1)
//!                                                            windows        ┘    L = 0.8 · L + 0.2 · (g · L + 4)
//! ```
//!
//! This is Gradient2 of Netflix's concurrency-limits (`Gradient2Limit` in a `WindowedLimit`), with
//! its constants. While calls take at most 1.5 times as long as usual, the limit
//! grows by 0.8 a window. When they take longer, calls queue at the target, and the limit shrinks,
//! by a tenth a window at most. In between there is one limit at which both are in balance: with a
//! target that handles `B` calls at a time (rate times unloaded time: Little's law), it is
//! `1.5 · B + 4`, so the target is busy and its queue short.
//!
//! Differences from the original, each with its reason:
//!
//! - A window with fewer than ten samples is continued instead of thrown away, until a pause of ten
//!   times its length. Otherwise a target with nine calls a second would keep its first limit for
//!   ever, and a limit that has shrunk to 1 would stay there.
//! - The original's Gradient2 ignores drops. Here a window in which more than one call in twenty
//!   timed out, failed late or was refused by the target shrinks the limit by a tenth, as its
//!   `AIMDLimit` does, and adds no allowance. One call in twenty is above what a healthy target
//!   loses. A failure is late after more than 1.5 times the usual time.
//! - The smallest limit is 1, not 20. A library for servers must not starve its callers; around an
//!   outgoing call, one call at a time still finds out when the target is back.
//!
//! # What it does not do
//!
//! A target that is saturated without a pause slowly teaches the mean of 600 windows its own queue.
//! The limit then creeps upward, by about a fifth in a hundred windows, until `max`: set `max` to
//! what the target can stand. A pause, in which calls take as long as without load, brings the mean
//! down by a twentieth in each window, to twice that time at most.
//!
//! A limit that begins above its balance measures a queue as the usual time, so choose `initial`
//! below it. A target whose calls become longer for good, by more than half, is taken for an
//! overloaded one at first: the limit falls, and is back when the mean of 600 windows has followed,
//! within ten minutes for three times the time.
//!
//! **Invariants.** The limit is between `min` and `max`. It never grows while fewer than half of it
//! is in flight: a limit that nothing tests says nothing.

use crate::clock::TIME_MAX;
use actors_core::policy::Tick;
use std::time::Duration;

/// Samples of a window at least: the mean of fewer is chance.
const SAMPLES_MIN: u64 = 10;
/// After a pause of so many lengths between two calls, a window that has too few samples is
/// discarded: they are of another time.
const LENGTHS_MAX: u32 = 10;
/// How much longer than usual calls may take before the limit shrinks.
const TOLERANCE: f64 = 1.5;
/// The largest step down, before it is smoothed: one slow window may be chance.
const GRADIENT_MIN: f64 = 0.5;
/// The share of a new value.
const SMOOTHING: f64 = 0.2;
/// Calls that may queue at the target: what lets the limit grow.
const ALLOWANCE: f64 = 4.0;
/// What a window with drops leaves of the limit.
const BACK_OFF: f64 = 0.9;
/// A window has drops if it has more than one in so many calls.
const CALLS_PER_DROP: u64 = 20;
/// Windows in the mean of the usual time.
const LONG_WINDOWS: f64 = 600.0;
/// Windows that are averaged evenly at first.
const WARM_UP: u32 = 10;
/// If the usual time is more than this many times the last one, the load has passed: the usual time
/// then falls by a twentieth per window.
const RECOVERED: f64 = 2.0;
const DECAY: f64 = 0.95;

/// The bounds of an adaptive limit.
///
/// A value outside of its range is taken as the nearest one inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    initial: usize,
    min: usize,
    max: usize,
    window: Duration,
}

/// The largest limit of a setting: no process has so many calls in flight, and an `f64` counts
/// them.
const LIMIT_MAX: usize = 1 << 20;

impl Default for Settings {
    fn default() -> Self {
        Settings { initial: 20, min: 1, max: 200, window: Duration::from_secs(1) }
    }
}

impl Settings {
    /// Sets the limit before anything is measured. The default is 20.
    #[must_use]
    pub fn initial(self, limit: usize) -> Self {
        Settings { initial: limit, ..self }
    }

    /// Sets the smallest limit: at least 1, the default.
    #[must_use]
    pub fn min(self, limit: usize) -> Self {
        Settings { min: limit.clamp(1, LIMIT_MAX), ..self }
    }

    /// Sets the largest limit: at least `min`, and at most 2^20. The default is 200.
    #[must_use]
    pub fn max(self, limit: usize) -> Self {
        Settings { max: limit.clamp(1, LIMIT_MAX), ..self }
    }

    /// Sets the length of a window: 10 ms to a day. The default is 1 s. It must be longer than a
    /// call usually takes.
    #[must_use]
    pub fn window(self, length: Duration) -> Self {
        Settings { window: length.clamp(Duration::from_millis(10), TIME_MAX), ..self }
    }
}

/// One call that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sample {
    /// How long the target took; `None` if that says nothing, because it refused.
    pub took: Option<Duration>,
    /// Whether the call timed out, failed late, or the target refused it.
    pub was_dropped: bool,
    /// The calls in flight when this one began, itself included.
    pub in_flight: usize,
}

/// The state of an adaptive limit. See [this module](self).
#[derive(Clone, Debug)]
pub struct Gradient2 {
    settings: Settings,
    limit: f64,
    usual: Usual,
    window: Option<Window>,
}

impl Gradient2 {
    /// Creates a limit at its initial value.
    pub fn new(settings: Settings) -> Self {
        let settings = Settings { max: settings.max.max(settings.min), ..settings };
        let limit = settings.initial.clamp(settings.min, settings.max) as f64;
        Gradient2 { settings, limit, usual: Usual::default(), window: None }
    }

    /// Returns the limit, in whole calls.
    pub fn limit(&self) -> usize {
        self.limit as usize
    }

    /// Returns the time that a call usually takes; `None` before the first window has ended.
    pub fn usual(&self) -> Option<Duration> {
        (self.usual.windows > 0).then(|| Duration::from_nanos(self.usual.nanos as u64))
    }

    /// Whether a call took longer than the limit tolerates: 1.5 times the usual time. `false` while
    /// that is not known. A call that failed after such a time counts as dropped.
    pub fn is_long(&self, took: Duration) -> bool {
        self.usual().is_some_and(|usual| took > usual.mul_f64(TOLERANCE))
    }

    /// Takes a sample, and returns the limit, which changes with the last sample of a window.
    pub fn observe(&mut self, sample: Sample, now: Tick) -> usize {
        let length = self.settings.window;
        // A limit of 1 has its calls one after the other: the time of a call is not a pause.
        let called = sample.took.unwrap_or_default();
        let stale = |window: &Window| {
            let pause = now.since(window.last).saturating_sub(called);
            window.samples < SAMPLES_MIN && pause >= length.saturating_mul(LENGTHS_MAX)
        };
        let window = match self.window.take() {
            Some(window) if !stale(&window) => window.with(sample, now),
            _ => Window::at(now).with(sample, now),
        };
        if window.samples >= SAMPLES_MIN && now.since(window.began) >= length {
            self.end(&window);
        } else {
            self.window = Some(window);
        }
        self.limit()
    }

    fn end(&mut self, window: &Window) {
        let gradient = window.mean().map(|short| {
            let long = self.usual.add(short);
            (TOLERANCE * long / short).clamp(GRADIENT_MIN, 1.0)
        });
        let is_tested = window.in_flight as f64 >= self.limit / 2.0;
        let next = match gradient {
            _ if window.drops * CALLS_PER_DROP > window.samples => BACK_OFF * self.limit,
            Some(gradient) if is_tested => {
                (1.0 - SMOOTHING) * self.limit + SMOOTHING * (gradient * self.limit + ALLOWANCE)
            }
            _ => self.limit,
        };
        self.limit = next.clamp(self.settings.min as f64, self.settings.max as f64);
    }
}

/// The mean time of many windows: an exponential mean, except of the first ones.
#[derive(Clone, Copy, Debug, Default)]
struct Usual {
    nanos: f64,
    windows: u32,
}

impl Usual {
    /// Adds a window's mean, and returns the mean of all.
    fn add(&mut self, short: f64) -> f64 {
        let share = if self.windows < WARM_UP {
            self.windows += 1;
            1.0 / f64::from(self.windows)
        } else {
            2.0 / (LONG_WINDOWS + 1.0)
        };
        self.nanos += share * (short - self.nanos);
        let mean = self.nanos;
        if mean > RECOVERED * short {
            self.nanos *= DECAY;
        }
        mean
    }
}

#[derive(Clone, Copy, Debug)]
struct Window {
    began: Tick,
    /// When the last sample came.
    last: Tick,
    samples: u64,
    timed: u64,
    nanos: f64,
    drops: u64,
    in_flight: usize,
}

impl Window {
    fn at(began: Tick) -> Self {
        Window { began, last: began, samples: 0, timed: 0, nanos: 0.0, drops: 0, in_flight: 0 }
    }

    fn with(mut self, sample: Sample, now: Tick) -> Self {
        self.last = now;
        self.samples += 1;
        self.drops += u64::from(sample.was_dropped);
        self.in_flight = self.in_flight.max(sample.in_flight);
        if let Some(took) = sample.took {
            self.timed += 1;
            self.nanos += took.as_nanos() as f64;
        }
        self
    }

    /// The mean time of a call. A nanosecond at least, because it divides.
    fn mean(&self) -> Option<f64> {
        (self.timed > 0).then(|| (self.nanos / self.timed as f64).max(1.0))
    }
}
