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
//! 2. An open breaker admits nothing before the end of its open time, and a trial at that instant.
//!    Its refusals name that instant or a later one: by up to a fifth of the wait, so that callers
//!    that were refused together do not return together.
//! 3. An open time is between 0.8 and 1.2 times `open_for`, doubled for each time that a trial has
//!    failed since the breaker was closed, and never above `open_max`.
//! 4. `admitted` is the sum of all results and of the calls in flight.

use super::settings::{DOUBLINGS_MAX, Settings};
use super::window::Window;
use crate::clock::later;
use crate::outcome::Outcome;
use actors_core::policy::Tick;
use std::time::Duration;

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
    /// Calls that were refused, also those that were admitted and refused at their start, because
    /// the breaker had opened meanwhile.
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
    /// Raised where a caller that waits may now be admitted.
    news: u64,
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
            news: 0,
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

    /// Returns a number that rises with each change of the state, and with each trial that gives
    /// its place back. A caller that waits for admission asks again then.
    pub fn news(&self) -> u64 {
        self.news
    }

    /// Returns when to ask again, if nothing changes before: at the end of the open time, or when
    /// trials that hang count as failed. `None` while calls are admitted.
    pub fn ask_again_at(&self) -> Option<Tick> {
        match self.phase {
            Phase::Open { until } => Some(until),
            Phase::HalfOpen { last, .. } => Some(last.after(self.settings.trial_max)),
            Phase::Closed { .. } => None,
        }
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
        let placed = self.place(now, random);
        self.refused_unless(placed, random)?;
        Ok(self.ticket(now))
    }

    /// Admits a call like [`admit`](Law::admit), for a caller that waits otherwise: it does not
    /// count as refused.
    pub fn admit_if_possible(&mut self, now: Tick, random: u64) -> Option<Ticket> {
        self.place(now, random).is_ok().then(|| self.ticket(now))
    }

    /// Begins a call that was admitted before, such as one that has waited in a line. The call is
    /// measured from now on. If the breaker has changed since its admission, the call needs a new
    /// admission. Report a refused call as ignored.
    ///
    /// # Errors
    /// The time after which to retry.
    pub fn start(&mut self, ticket: &mut Ticket, now: Tick, random: u64) -> Result<(), Duration> {
        if ticket.generation != self.generation {
            let placed = self.place(now, random);
            self.refused_unless(placed, random)?;
            ticket.generation = self.generation;
        } else if let Phase::HalfOpen { last, .. } = &mut self.phase {
            *last = now;
        }
        ticket.began = now;
        Ok(())
    }

    /// Takes a place for a call: a trial's in half-open. Otherwise returns when there may be one.
    fn place(&mut self, now: Tick, random: u64) -> Result<(), Duration> {
        self.advance(now, random);
        match &mut self.phase {
            Phase::Closed { .. } => Ok(()),
            Phase::Open { until } => Err(until.since(now)),
            Phase::HalfOpen { in_flight, successes, .. }
                if *in_flight + *successes >= self.settings.trials =>
            {
                // The trials end at an unknown instant, `trial_max` at the latest.
                Err(self.settings.open_for.min(self.settings.trial_max))
            }
            Phase::HalfOpen { in_flight, last, .. } => {
                *in_flight += 1;
                *last = now;
                Ok(())
            }
        }
    }

    fn refused_unless(&mut self, placed: Result<(), Duration>, random: u64) -> Result<(), Duration> {
        placed.map_err(|after| {
            self.counts.refused += 1;
            later(after, random)
        })
    }

    fn ticket(&mut self, now: Tick) -> Ticket {
        self.counts.admitted += 1;
        self.counts.in_flight += 1;
        Ticket { generation: self.generation, began: now }
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
                self.news += u64::from(failed.is_none());
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
        self.news += 1;
    }
}
