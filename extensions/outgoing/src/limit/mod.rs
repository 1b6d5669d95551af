//! A limit of the calls in flight: fixed, or one that finds the target's own.
//!
//! A target that becomes slow keeps its callers for longer, so at the same rate more calls are in
//! flight (Little's law: calls in flight are the rate times the time of each). Without a limit they
//! use up the caller's tasks, memory and connections, and the target's. A limit turns that into
//! refusals, or into a short line.
//!
//! | limit | use it |
//! |---|---|
//! | [`Limit::fixed`] | where the number is known: a connection pool, a quota |
//! | [`Limit::adaptive`] | where it is not, or changes: it follows the times of the calls ([`gradient`]) |
//!
//! A call that finds no slot is refused at once, unless the limit has a line ([`Limit::line`]). The
//! line is first in, first out, and has a bound for its length and one for the wait. Both refusals
//! have the reason `full`: the call was not made, and is worth another try.
//!
//! # When to retry
//!
//! After the time in which the calls ahead end: those in flight and in line, times the mean time of
//! a call, divided by the limit. While no call has ended, it is 10 ms, doubled with each refusal up
//! to 1 s. Both are the law of the mailbox (P7, P9), [`retry_after`], which spreads them by a
//! fifth.
//!
//! # Why own code
//!
//! tower's `ConcurrencyLimit` waits without a bound, `governor` limits rates, and
//! `congestion-limiter`, which adapts, is a first release around a law of forty lines.

pub mod gradient;

use crate::clock::{Clock, TIME_MAX, rng_of_os};
use crate::error::{NotCalled, Part};
use crate::foreign;
use crate::guards::{Guards, calls};
use crate::outcome::Outcome;
use actors_core::policy::{Backlog, Rng, Tick, retry_after};
use gradient::{Gradient2, Sample};
use parking_lot::Mutex;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// The weight of a new time in the mean: an eighth, as in TCP's round-trip estimate (RFC 6298).
const NEW_SHARE: f64 = 0.125;

/// A limit of the calls in flight to one target. Clones share it.
///
/// **Invariant.** A call is admitted only while fewer calls than the limit are in flight. When the
/// limit shrinks, calls in flight continue, and their slots disappear as they end.
#[derive(Clone)]
pub struct Limit {
    shared: Arc<Shared>,
    line: Line,
}

/// The bounds of the line: how many callers wait, and for how long.
#[derive(Clone, Copy, Debug, Default)]
struct Line {
    length: usize,
    wait: Duration,
}

struct Shared {
    name: Arc<str>,
    clock: Clock,
    /// Its free permits, with `in_flight` and minus `debt`, are the limit.
    slots: Arc<Semaphore>,
    /// Never held while a permit is given back: that wakes tasks.
    state: Mutex<State>,
}

struct State {
    law: Option<Gradient2>,
    limit: usize,
    /// Slots that are to disappear as soon as they are free.
    debt: usize,
    in_flight: usize,
    waiting: usize,
    /// The mean time of a call in nanoseconds; 0 while unknown.
    mean: f64,
    /// Refusals since a call last ended.
    refusals: u32,
    admitted: u64,
    refused: u64,
    rng: Rng,
}

/// The numbers of a [`Limit`] at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reading {
    /// The calls that may be in flight.
    pub limit: usize,
    /// The calls in flight.
    pub in_flight: usize,
    /// The callers in line.
    pub waiting: usize,
    /// The mean time of a call, of about the last eight; `None` while no call has been measured.
    pub mean_time: Option<Duration>,
    /// Calls that were admitted. Cumulative.
    pub admitted: u64,
    /// Calls that were refused, at once or at the end of their wait. Cumulative.
    pub refused: u64,
}

impl Limit {
    /// Creates a limit of `max` calls in flight to the target of this name. 0 refuses every call.
    pub fn fixed(target: impl Into<Arc<str>>, max: usize) -> Self {
        Limit::new(target.into(), max, None)
    }

    /// Creates a limit that follows the times of the calls. See [`gradient`].
    pub fn adaptive(target: impl Into<Arc<str>>, settings: gradient::Settings) -> Self {
        let law = Gradient2::new(settings);
        Limit::new(target.into(), law.limit(), Some(law))
    }

    fn new(name: Arc<str>, limit: usize, law: Option<Gradient2>) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        let state = State {
            law,
            limit,
            debt: 0,
            in_flight: 0,
            waiting: 0,
            mean: 0.0,
            refusals: 0,
            admitted: 0,
            refused: 0,
            rng: rng_of_os(),
        };
        let slots = Arc::new(Semaphore::new(limit));
        let shared = Shared { name, clock: Clock::new(), slots, state: Mutex::new(state) };
        Limit { shared: Arc::new(shared), line: Line::default() }
    }

    /// Lets at most `length` callers wait for a slot, each for `wait` at most: up to a day. Clones
    /// made before keep their own bounds; the line itself is shared.
    ///
    /// A line should be short: a call that has waited is older when it begins. A length of the
    /// limit and a wait of the usual time of a call smooth bursts.
    #[must_use]
    pub fn line(self, length: usize, wait: Duration) -> Self {
        Limit { line: Line { length, wait: wait.min(TIME_MAX) }, ..self }
    }

    /// Sets the seed of the spread of `retry_after`, of all clones. For tests that must be
    /// repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.shared.state.lock().rng = Rng::new(seed);
        self
    }

    /// Takes a slot, or waits for one in the line, if the limit has one.
    ///
    /// # Cancel safety
    /// Cancel safe: dropping it leaves the line.
    ///
    /// # Errors
    /// If every slot is taken, and the line is full or the wait ends first.
    pub async fn acquire(&self) -> Result<Slot, NotCalled> {
        self.acquire_until(None).await
    }

    /// Takes a slot at once.
    ///
    /// # Errors
    /// If every slot is taken.
    pub fn try_acquire(&self) -> Result<Slot, NotCalled> {
        self.take_free().ok_or_else(|| self.refuse(&mut self.shared.state.lock()))
    }

    /// Returns the numbers of the limit now.
    pub fn reading(&self) -> Reading {
        let state = self.shared.state.lock();
        Reading {
            limit: state.limit,
            in_flight: state.in_flight,
            waiting: state.waiting,
            mean_time: (state.mean > 0.0).then(|| Duration::from_nanos(state.mean as u64)),
            admitted: state.admitted,
            refused: state.refused,
        }
    }

    /// Returns the name of the target.
    pub fn target(&self) -> &str {
        &self.shared.name
    }

    pub(crate) async fn acquire_until(&self, deadline: Option<Instant>) -> Result<Slot, NotCalled> {
        if let Some(slot) = self.take_free() {
            return Ok(slot);
        }
        let _in_line = self.join_line()?;
        let end = Instant::now() + self.line.wait;
        let end = deadline.map_or(end, |deadline| deadline.min(end));
        loop {
            let slots = self.shared.slots.clone();
            match foreign::guarded(timeout_at(end, slots.acquire_owned())).await {
                Ok(Ok(permit)) => {
                    if let Some(slot) = self.enter(permit) {
                        return Ok(slot);
                    }
                }
                // The wait has ended without a slot. The semaphore is never closed.
                Ok(Err(_)) | Err(_) => return Err(self.refuse(&mut self.shared.state.lock())),
            }
        }
    }

    async fn guards(&self) -> Result<Guards, NotCalled> {
        Ok(Guards { pass: None, slot: Some(self.acquire().await?) })
    }

    fn join_line(&self) -> Result<InLine<'_>, NotCalled> {
        let mut state = self.shared.state.lock();
        if state.waiting >= self.line.length {
            return Err(self.refuse(&mut state));
        }
        state.waiting += 1;
        Ok(InLine(&self.shared))
    }

    fn take_free(&self) -> Option<Slot> {
        loop {
            let permit = self.shared.slots.clone().try_acquire_owned().ok()?;
            if let Some(slot) = self.enter(permit) {
                return Some(slot);
            }
        }
    }

    /// Makes a slot of a permit. While there is debt, the permit pays for it instead.
    /// That happens only where one thread adds slots while another one takes some back.
    fn enter(&self, permit: OwnedSemaphorePermit) -> Option<Slot> {
        let mut state = self.shared.state.lock();
        if state.debt > 0 {
            state.debt -= 1;
            // Forgetting wakes no task, so it may run under the lock.
            permit.forget();
            return None;
        }
        state.in_flight += 1;
        state.admitted += 1;
        let (in_flight, began) = (state.in_flight, self.shared.clock.now());
        drop(state);
        Some(Slot { limit: self.clone(), permit: Some(permit), began, in_flight, is_polled: false })
    }

    fn refuse(&self, state: &mut State) -> NotCalled {
        let messages = state.in_flight + state.waiting;
        let drain_rate = if state.mean > 0.0 { state.limit as f64 * 1e9 / state.mean } else { 0.0 };
        let backlog = Backlog { messages, drain_rate, running: None, refusals: state.refusals };
        state.refusals = state.refusals.saturating_add(1);
        state.refused += 1;
        let after = retry_after(&backlog, state.rng.next_u64());
        NotCalled::new(&self.shared.name, Part::Limit, Some(after))
    }

    /// Takes back the slot of a call that has ended.
    fn leave(&self, permit: OwnedSemaphorePermit, call: Call, outcome: Outcome) {
        let now = self.shared.clock.now();
        let (more, is_paid) = {
            let mut state = self.shared.state.lock();
            let more = state.end(call, outcome, now, &self.shared.slots);
            let is_paid = state.debt > 0;
            state.debt -= usize::from(is_paid);
            (more, is_paid)
        };
        if is_paid {
            permit.forget();
        } else {
            drop(permit);
        }
        // Adding none wakes no task.
        self.shared.slots.add_permits(more);
    }
}

calls!(Limit);

/// What is known about a call that ends.
struct Call {
    began: Tick,
    in_flight: usize,
}

impl State {
    /// Counts the end of a call. Returns the number of slots to add.
    fn end(&mut self, call: Call, outcome: Outcome, now: Tick, slots: &Semaphore) -> usize {
        self.in_flight -= 1;
        let took = now.since(call.began);
        let (is_timed, was_dropped) = match outcome {
            Outcome::Success => (true, false),
            Outcome::TimedOut => (true, true),
            Outcome::Refused => (false, true),
            // A target that fails late has queued the call first, as one that times out has.
            Outcome::Failure if self.law.as_ref().is_some_and(|law| law.is_long(took)) => (false, true),
            Outcome::Failure | Outcome::Ignored => return 0,
        };
        self.refusals = 0;
        if is_timed {
            let nanos = took.as_nanos() as f64;
            let share = if self.mean > 0.0 { NEW_SHARE } else { 1.0 };
            self.mean += share * (nanos - self.mean);
        }
        let Some(law) = &mut self.law else { return 0 };
        let sample = Sample { took: is_timed.then_some(took), was_dropped, in_flight: call.in_flight };
        let limit = law.observe(sample, now);
        self.resize(limit, slots)
    }

    /// Changes the limit. Returns the number of slots to add.
    fn resize(&mut self, limit: usize, slots: &Semaphore) -> usize {
        let before = std::mem::replace(&mut self.limit, limit);
        let fewer = before.saturating_sub(limit);
        self.debt += fewer - slots.forget_permits(fewer);
        let more = limit.saturating_sub(before);
        let paid = more.min(self.debt);
        self.debt -= paid;
        more - paid
    }
}

/// A caller in line; leaves it when it is dropped.
struct InLine<'a>(&'a Shared);

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        self.0.state.lock().waiting -= 1;
    }
}

impl fmt::Debug for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reading = self.reading();
        f.debug_struct("Limit").field("target", &self.shared.name).field("reading", &reading).finish()
    }
}

/// A slot of a [`Limit`]. Dropped without [`finish`](Slot::finish), it is free again, and its call
/// says nothing about the target.
#[must_use = "dropped at once, it limits nothing"]
pub struct Slot {
    limit: Limit,
    /// Taken when it ends.
    permit: Option<OwnedSemaphorePermit>,
    began: Tick,
    in_flight: usize,
    is_polled: bool,
}

impl Slot {
    /// Frees the slot, and reports what its call says about the target.
    pub fn finish(mut self, outcome: Outcome) {
        self.leave(outcome);
    }

    /// Whether the call is being polled: if it ends now, it panicked.
    pub(crate) fn set_polled(&mut self, is_polled: bool) {
        self.is_polled = is_polled;
    }

    fn leave(&mut self, outcome: Outcome) {
        if let Some(permit) = self.permit.take() {
            let call = Call { began: self.began, in_flight: self.in_flight };
            self.limit.leave(permit, call, outcome);
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.leave(if self.is_polled { Outcome::Failure } else { Outcome::Ignored });
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").field("target", &self.limit.shared.name).finish_non_exhaustive()
    }
}
