//! All parts around the calls of one target, in the order that works.

use crate::breaker::Breaker;
use crate::clock::TIME_MAX;
use crate::error::{CallError, NotCalled, Part, TimedOut};
use crate::guards::{Guards, TimeLimit, run};
use crate::limit::Limit;
use crate::outcome::{Again, ByReason, Judge, Outcome};
use crate::retry::Retry;
use actors_core::Refusal;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The share of its full time after which a target is to blame for a call without an answer. Not
/// all of it: where `timeout` and `within` are equal, the deadline began some microseconds before
/// the attempt.
const FAIR_SHARE: f64 = 0.9;

/// The parts around the calls of one target. Each part is optional. Clones share the state of the
/// parts.
///
/// The order is fixed; [the crate's docs](crate#order) say why. See there for an example, too.
#[derive(Clone, Debug)]
pub struct Outgoing {
    target: Arc<str>,
    timeout: Option<Duration>,
    within: Option<Duration>,
    limit: Option<Limit>,
    breaker: Option<Breaker>,
    retry: Option<Retry>,
}

impl Outgoing {
    /// Creates calls without any part, to the target of this name.
    pub fn new(target: impl Into<Arc<str>>) -> Self {
        let target = target.into();
        Outgoing { target, timeout: None, within: None, limit: None, breaker: None, retry: None }
    }

    /// Limits the time of each attempt, up to a day. A wait for a slot does not count.
    #[must_use]
    pub fn timeout(self, time: Duration) -> Self {
        Outgoing { timeout: Some(time.min(TIME_MAX)), ..self }
    }

    /// Limits the time of a call with all its waits and attempts, up to a day. A handler that makes
    /// a call gives it what is left of its own time: `bank.clone().within(left)`.
    ///
    /// An attempt that this ends counts as timed out if it had at least nine tenths of its
    /// [`timeout`](Outgoing::timeout), without one of this time. With less, breaker and limit
    /// ignore it: the target was not given the time that it may take. A call whose time is over
    /// before it begins is not made.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Outgoing { within: Some(time.min(TIME_MAX)), ..self }
    }

    /// Limits the calls in flight.
    #[must_use]
    pub fn limit(self, limit: Limit) -> Self {
        Outgoing { limit: Some(limit), ..self }
    }

    /// Refuses calls while the target keeps failing.
    #[must_use]
    pub fn breaker(self, breaker: Breaker) -> Self {
        Outgoing { breaker: Some(breaker), ..self }
    }

    /// Tries failed calls again.
    #[must_use]
    pub fn retry(self, retry: Retry) -> Self {
        Outgoing { retry: Some(retry), ..self }
    }

    /// Makes a call whose errors have a [`Reason`](actors_core::Reason). The function is called
    /// once per attempt, when the attempt is admitted.
    ///
    /// # Cancel safety
    /// Cancel safe, if the calls are: dropping it leaves the line, or drops the attempt, frees its
    /// slot and gives its trial back.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub async fn call<T, E: Refusal, F: Future<Output = Result<T, E>>>(
        &self,
        call: impl FnMut() -> F,
    ) -> Result<T, CallError<E>> {
        self.call_judged(ByReason, call).await
    }

    /// Makes a call with any kind of error.
    ///
    /// # Cancel safety
    /// As [`call`](Outgoing::call).
    ///
    /// # Errors
    /// As [`call`](Outgoing::call).
    pub async fn call_judged<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        judge: impl Judge<T, E>,
        mut call: impl FnMut() -> F,
    ) -> Result<T, CallError<E>> {
        let end = self.within.map(|time| Instant::now() + time);
        let mut course = self.retry.as_ref().map(|retry| retry.begin(end));
        loop {
            let error = match self.attempt(end, &judge, &mut call).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let again = match &error {
                CallError::NotCalled(refusal) => Again::of(refusal),
                CallError::TimedOut(_) => judge.again_after_timeout(),
                CallError::Failed(error) => judge.again(error),
            };
            match course.as_mut().and_then(|course| course.next(again)) {
                Some(at) => sleep_until(at).await,
                None => return Err(error),
            }
        }
    }

    async fn attempt<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        end: Option<Instant>,
        judge: &impl Judge<T, E>,
        call: &mut impl FnMut() -> F,
    ) -> Result<T, CallError<E>> {
        let mut guards = Guards { pass: None, slot: None };
        self.check_time(end)?;
        if let Some(breaker) = &self.breaker {
            guards.pass = Some(breaker.admit().map_err(CallError::NotCalled)?);
        }
        if let Some(limit) = &self.limit {
            guards.slot = Some(limit.acquire_until(end).await.map_err(CallError::NotCalled)?);
            // The wait for the slot is not the target's. It may have used up the time, or outlasted
            // the state in which the breaker admitted the call.
            self.check_time(end)?;
            if let Some(pass) = &mut guards.pass {
                pass.start().map_err(CallError::NotCalled)?;
            }
        }
        // The function runs with the first poll, so that its panic is one of the call.
        run(guards, self.time_limit(end), async { call().await }, judge).await
    }

    /// Refuses an attempt whose deadline has passed. A time limit alone would poll the call once.
    fn check_time<E>(&self, end: Option<Instant>) -> Result<(), CallError<E>> {
        if end.is_some_and(|end| end <= Instant::now()) {
            return Err(CallError::NotCalled(NotCalled::new(&self.target, Part::Deadline, None)));
        }
        Ok(())
    }

    /// Returns when an attempt that begins now ends, and what that says about the target. A target
    /// that had much less than its full time, because its caller has no more, is not to blame.
    fn time_limit(&self, end: Option<Instant>) -> Option<TimeLimit> {
        let began = Instant::now();
        let own = self.timeout.map(|time| began + time);
        let at = own.into_iter().chain(end).min()?;
        let had = at.saturating_duration_since(began);
        let full = self.timeout.or(self.within).unwrap_or(had);
        let is_fair = had >= full.mul_f64(FAIR_SHARE);
        let outcome = if is_fair { Outcome::TimedOut } else { Outcome::Ignored };
        Some(TimeLimit { at, error: TimedOut::new(&self.target, had), outcome })
    }
}
