//! The law of the breaker: events and the time go in, decisions come out. It has no clock and no
//! lock.
//!
//! ```text
//!                  failure rate or failures in a row
//!      closed ─────────────────────────────────────────► open ◄───────────────┐
//!        ▲                                                │                   │
//!        │                                                │ its time is over  │ a trial failed,
//!        │              every trial succeeded             ▼                   │ or hangs
//!        └─────────────────────────────────────────── half-open ──────────────┘
//! ```
//!
//! The window has ten slots, so a failure counts for nine to ten tenths of the window. A result
//! belongs to the state in which its call was admitted: a call from before the breaker opened
//! decides nothing in half-open.
//!
//! **Invariants.**
//!
//! 1. Half-open admits at most `trials` calls that have succeeded or are still in flight. A trial
//!    that is cancelled, or says nothing about the target, gives its place back.
//! 2. An open breaker admits nothing before the instant that it names, and a trial at that instant.
//! 3. An open time is between 0.8 and 1.2 times `open_for`, doubled for each time that a trial has
//!    failed since the breaker was closed, and never above `open_max`.
//! 4. `admitted` is the sum of all results and of the calls in flight.

use super::window::Window;
use crate::clock::{TIME_MAX, spread};
use crate::outcome::Outcome;
use actors_core::policy::Tick;
use std::time::Duration;

/// The shortest window, so that a slot has a length.
const WINDOW_MIN: Duration = Duration::from_millis(10);
/// Doublings of the open time: with the shortest `open_for`, 1 ms, more than `TIME_MAX`.
const DOUBLINGS_MAX: u32 = 27;
/// The shortest open time. A shorter one is no pause.
const OPEN_MIN: Duration = Duration::from_millis(1);

/// When a breaker opens, for how long, and what closes it.
///
/// The defaults are those of Hystrix: half of at least 20 calls in 10 s, and 5 s open. A value
/// outside of its range is taken as the nearest one inside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    window: Duration,
    failure_rate: f64,
    min_calls: u32,
    in_a_row: Option<u32>,
    slow_after: Option<Duration>,
    open_for: Duration,
    open_max: Duration,
    trials: u32,
    trial_max: Duration,
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
    /// The default is 20: one failure of two calls is no rate.
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
    /// 3: a single success may be luck, and three calls are no load.
    #[must_use]
    pub fn trials(self, trials: u32) -> Self {
        Settings { trials: trials.max(1), ..self }
    }

    /// Sets after how long trials that have not ended count as failed: 1 ms to a day. The default
    /// is 30 s, the deadline of an ask. Without it, trials that hang would keep the breaker
    /// half-open for ever.
    #[must_use]
    pub fn trial_max(self, time: Duration) -> Self {
        Settings { trial_max: time.clamp(OPEN_MIN, TIME_MAX), ..self }
    }

    /// Returns the open time after so many failed trials in a row.
    fn open_time(&self, doublings: u32, random: u64) -> Duration {
        let doubled = self.open_for.saturating_mul(1 << doublings.min(DOUBLINGS_MAX));
        // A fifth less than the bound, so that the longest times are spread too.
        spread(doubled.min(self.open_max * 5 / 6), random).min(self.open_max)
    }
}

/// Whether a breaker lets calls through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Every call is made.
    Closed,
    /// No call is made.
    Open,
    /// A few calls are made, to find out whether the target is well.
    HalfOpen,
}

/// What became of the calls of a breaker. Counters are cumulative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counts {
    /// Calls that were admitted: the sum of the next five.
    pub admitted: u64,
    /// Calls that succeeded in time.
    pub successes: u64,
    /// Calls that failed or timed out.
    pub failures: u64,
    /// Calls that succeeded too late.
    pub slow: u64,
    /// Calls that were cancelled, or said nothing about the target.
    pub ignored: u64,
    /// Calls that have not ended.
    pub in_flight: u64,
    /// Calls that were refused.
    pub refused: u64,
    /// How often the breaker has opened.
    pub opened: u64,
}

/// A call that was admitted. It is reported once, because [`Law::report`] takes it.
#[derive(Debug)]
#[must_use = "a call that is never reported stays in flight"]
pub struct Ticket {
    generation: u64,
    began: Tick,
}

impl Ticket {
    /// Measures the call from now on: what came before was a wait on the caller's side.
    pub fn start(&mut self, now: Tick) {
        self.began = now;
    }
}

#[derive(Clone, Debug)]
enum Phase {
    Closed { in_a_row: u32 },
    Open { until: Tick },
    HalfOpen { in_flight: u32, successes: u32, last: Tick },
}

/// The state of a breaker. See [this module](self).
#[derive(Clone, Debug)]
pub struct Law {
    settings: Settings,
    phase: Phase,
    /// The results while closed.
    window: Window,
    /// Raised by each change of the phase.
    generation: u64,
    doublings: u32,
    counts: Counts,
}

impl Law {
    /// Creates a closed breaker.
    pub fn new(settings: Settings) -> Self {
        Law {
            settings,
            phase: Phase::Closed { in_a_row: 0 },
            window: Window::default(),
            generation: 0,
            doublings: 0,
            counts: Counts::default(),
        }
    }

    /// Returns the state at an instant. An open breaker whose time is over is half-open.
    pub fn state(&self, now: Tick) -> State {
        match self.phase {
            Phase::Closed { .. } => State::Closed,
            Phase::Open { until } if now < until => State::Open,
            Phase::Open { .. } | Phase::HalfOpen { .. } => State::HalfOpen,
        }
    }

    /// Returns the end of the open time; `None` if the breaker is not open.
    pub fn open_until(&self) -> Option<Tick> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::Closed { .. } | Phase::HalfOpen { .. } => None,
        }
    }

    /// Returns the number of changes of the state.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// Returns what became of the calls.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Admits a call, or refuses it. `random` is any random number.
    ///
    /// # Errors
    /// The time after which to retry.
    pub fn admit(&mut self, now: Tick, random: u64) -> Result<Ticket, Duration> {
        self.advance(now, random);
        let refused = match &mut self.phase {
            Phase::Closed { .. } => None,
            Phase::Open { until } => Some(until.since(now)),
            Phase::HalfOpen { in_flight, successes, .. }
                if *in_flight + *successes >= self.settings.trials =>
            {
                // The trials end at an unknown instant, `trial_max` at the latest.
                Some(self.settings.open_for.min(self.settings.trial_max))
            }
            Phase::HalfOpen { in_flight, last, .. } => {
                *in_flight += 1;
                *last = now;
                None
            }
        };
        if let Some(after) = refused {
            self.counts.refused += 1;
            return Err(after);
        }
        self.counts.admitted += 1;
        self.counts.in_flight += 1;
        Ok(Ticket { generation: self.generation, began: now })
    }

    /// Takes the result of a call that this law has admitted. `random` is any random number.
    pub fn report(&mut self, ticket: Ticket, outcome: Outcome, now: Tick, random: u64) {
        let failed = self.count(outcome, now.since(ticket.began));
        if ticket.generation != self.generation {
            return;
        }
        match &mut self.phase {
            Phase::Closed { in_a_row } => {
                let Some(failed) = failed else { return };
                *in_a_row = if failed { in_a_row.saturating_add(1) } else { 0 };
                self.window.add(self.settings.window, now, failed);
                if self.trips(now) {
                    self.open(now, random);
                }
            }
            Phase::HalfOpen { in_flight, successes, .. } => {
                *in_flight = in_flight.saturating_sub(1);
                *successes += u32::from(failed == Some(false));
                let has_passed = *successes >= self.settings.trials;
                if failed == Some(true) {
                    self.open(now, random);
                } else if has_passed {
                    self.close();
                }
            }
            // Opening raises the generation, so no ticket is of an open phase.
            Phase::Open { .. } => {}
        }
    }

    /// Counts a result. Returns whether the call failed, `None` if that is not known.
    fn count(&mut self, outcome: Outcome, took: Duration) -> Option<bool> {
        let is_slow = self.settings.slow_after.is_some_and(|limit| took > limit);
        let counts = &mut self.counts;
        counts.in_flight = counts.in_flight.saturating_sub(1);
        let (count, failed) = match outcome {
            Outcome::Success if is_slow => (&mut counts.slow, Some(true)),
            Outcome::Success => (&mut counts.successes, Some(false)),
            Outcome::Failure | Outcome::TimedOut => (&mut counts.failures, Some(true)),
            Outcome::Refused | Outcome::Ignored => (&mut counts.ignored, None),
        };
        *count += 1;
        failed
    }

    fn trips(&self, now: Tick) -> bool {
        let Phase::Closed { in_a_row } = &self.phase else { return false };
        let (calls, failures) = self.window.totals(self.settings.window, now);
        let by_rate = calls >= u64::from(self.settings.min_calls)
            && failures as f64 >= self.settings.failure_rate * calls as f64;
        by_rate || self.settings.in_a_row.is_some_and(|limit| *in_a_row >= limit)
    }

    /// Makes the changes that only time makes.
    fn advance(&mut self, now: Tick, random: u64) {
        match self.phase {
            Phase::Open { until } if now >= until => {
                self.enter(Phase::HalfOpen { in_flight: 0, successes: 0, last: now });
            }
            Phase::HalfOpen { in_flight, successes, last }
                if in_flight > 0
                    && in_flight + successes >= self.settings.trials
                    && now.since(last) >= self.settings.trial_max =>
            {
                self.open(now, random);
            }
            Phase::Closed { .. } | Phase::Open { .. } | Phase::HalfOpen { .. } => {}
        }
    }

    fn open(&mut self, now: Tick, random: u64) {
        let time = self.settings.open_time(self.doublings, random);
        self.doublings = (self.doublings + 1).min(DOUBLINGS_MAX);
        self.counts.opened += 1;
        self.enter(Phase::Open { until: now.after(time) });
    }

    fn close(&mut self) {
        self.doublings = 0;
        self.window = Window::default();
        self.enter(Phase::Closed { in_a_row: 0 });
    }

    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.generation += 1;
    }
}
