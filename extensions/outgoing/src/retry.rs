//! Tries calls again, with a budget.
//!
//! Handles do this by themselves: `.retry(n)` and `.retry_within(time)` (P10). This is the same for
//! any async function, with the same budget: of the calls of the last ten seconds, a fifth may be
//! tried again, and ten a second in any case. All clones of a [`Retry`] share the budget, so use
//! one per target.
//!
//! | rule | why |
//! |---|---|
//! | a retry comes after `retry_after`, and up to a fifth later | an earlier one is refused again, and callers that were refused together return apart |
//! | a wait that would outlast the deadline is not begun | its caller has the error at once, and can use the time |
//! | a spent budget ends the attempts | retries never turn a pulse of load into a lasting one |
//! | a call that may have been done is not repeated | unless its [`Judge`] says so |
//!
//! # Example
//!
//! ```
//! use actors_outgoing::outcome::{Again, Judge, Outcome};
//! use actors_outgoing::retry::Retry;
//! use std::time::Duration;
//!
//! /// Reads are idempotent.
//! struct Reads;
//! impl Judge<u32, &'static str> for Reads {
//!     fn outcome(&self, result: &Result<u32, &'static str>) -> Outcome {
//!         if result.is_ok() { Outcome::Success } else { Outcome::Failure }
//!     }
//!     fn again(&self, _: &&'static str) -> Again { Again::Backoff }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! let retry = Retry::new(3).backoff(Duration::from_millis(1), Duration::from_millis(4));
//! let mut attempts = 0;
//! let read = retry.call_judged(Reads, || {
//!     attempts += 1;
//!     let attempt = attempts;
//!     async move { if attempt < 3 { Err("broken pipe") } else { Ok(attempt) } }
//! });
//! assert_eq!(read.await, Ok(3));
//! # }
//! ```

use crate::clock::{Clock, TIME_MAX, later, rng_of_os, spread};
use crate::outcome::{Again, ByReason, Judge};
use actors_core::Refusal;
use actors_core::policy::{RetryBudget, Rng};
use parking_lot::Mutex;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// The first wait of [`Again::Backoff`]: the runtime's first guess (P9).
const BACKOFF_FIRST: Duration = Duration::from_millis(10);
/// The longest one: the runtime's longest guess.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// How often calls of one target are tried again. Clones share the budget.
#[derive(Clone)]
pub struct Retry {
    shared: Arc<Shared>,
    attempts: u32,
    within: Option<Duration>,
    first: Duration,
    max: Duration,
}

struct Shared {
    clock: Clock,
    state: Mutex<(RetryBudget, Rng)>,
}

impl Retry {
    /// Creates a policy that tries a failed call again, up to `attempts` times.
    pub fn new(attempts: u32) -> Self {
        let state = Mutex::new((RetryBudget::default(), rng_of_os()));
        let shared = Arc::new(Shared { clock: Clock::new(), state });
        Retry { shared, attempts, within: None, first: BACKOFF_FIRST, max: BACKOFF_MAX }
    }

    /// Begins no retry later than this time after the call began. An attempt that is in progress
    /// then continues: give it a time limit of its own, or use [`Outgoing`](crate::Outgoing), whose
    /// deadline ends attempts too.
    #[must_use]
    pub fn within(self, time: Duration) -> Self {
        Retry { within: Some(time), ..self }
    }

    /// Sets the first and the longest wait of [`Again::Backoff`], up to a day. Each wait is twice
    /// the one before, spread by a fifth. The default is 10 ms and 1 s.
    #[must_use]
    pub fn backoff(self, first: Duration, max: Duration) -> Self {
        Retry { first: first.min(TIME_MAX), max: max.min(TIME_MAX), ..self }
    }

    /// Sets the seed of the spread of waits, of all clones. For tests that must be repeatable.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.shared.state.lock().1 = Rng::new(seed);
        self
    }

    /// Makes calls whose errors have a [`Reason`](actors_core::Reason), until one succeeds or a
    /// retry does not help.
    ///
    /// # Cancel safety
    /// Cancel safe, if the calls are: dropped during a wait, nothing is called.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub async fn call<T, E: Refusal, F: Future<Output = Result<T, E>>>(
        &self,
        call: impl FnMut() -> F,
    ) -> Result<T, E> {
        self.call_judged(ByReason, call).await
    }

    /// Makes calls with any kind of error.
    ///
    /// # Cancel safety
    /// As [`call`](Retry::call).
    ///
    /// # Errors
    /// As [`call`](Retry::call).
    pub async fn call_judged<T, E, F: Future<Output = Result<T, E>>>(
        &self,
        judge: impl Judge<T, E>,
        mut call: impl FnMut() -> F,
    ) -> Result<T, E> {
        let mut course = self.begin(None);
        loop {
            let error = match call().await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            match course.next(judge.again(&error)) {
                Some(at) => sleep_until(at).await,
                None => return Err(error),
            }
        }
    }

    /// Counts a call, and begins its attempts.
    pub(crate) fn begin(&self, deadline: Option<Instant>) -> Course<'_> {
        self.shared.state.lock().0.sent(self.shared.clock.now());
        let own = self.within.and_then(|time| Instant::now().checked_add(time));
        let deadline = own.into_iter().chain(deadline).min();
        Course { retry: self, deadline, attempts: 0 }
    }
}

impl fmt::Debug for Retry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retry")
            .field("attempts", &self.attempts)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

/// The attempts of one call.
pub(crate) struct Course<'a> {
    retry: &'a Retry,
    deadline: Option<Instant>,
    attempts: u32,
}

impl Course<'_> {
    /// Returns when the next attempt begins; `None` after the last one.
    pub(crate) fn next(&mut self, again: Again) -> Option<Instant> {
        let Retry { shared, attempts, first, max, .. } = self.retry;
        if again == Again::No || self.attempts >= *attempts {
            return None;
        }
        let mut state = shared.state.lock();
        let random = state.1.next_u64();
        let wait = match again {
            Again::No => return None,
            Again::After(time) => later(time, random),
            // 2^31 times a nanosecond is more than the longest default.
            Again::Backoff => spread(first.saturating_mul(1 << self.attempts.min(31)).min(*max), random),
        };
        let at = Instant::now().checked_add(wait)?;
        if self.deadline.is_some_and(|deadline| at >= deadline) || !state.0.take(shared.clock.now()) {
            return None;
        }
        self.attempts += 1;
        Some(at)
    }
}
