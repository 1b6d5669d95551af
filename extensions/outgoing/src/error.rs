//! Why a call has no result: it was not made, it took too long, or it failed.
//!
//! Each error implements [`Refusal`], so `actors-http` answers them like the errors of an
//! actor, and [`Retry`](crate::retry::Retry) tries the calls again.
//!
//! | error | reason | `retry_after` | over HTTP |
//! |---|---|---|---|
//! | the breaker is open | `shed` | what is left of the open time, and up to a fifth more | 503 |
//! | it is half-open, and its trials are in flight | `shed` | the first open time, and up to a fifth more: by then they have decided, as a rule | 503 |
//! | the limit is reached | `full` | the time in which the calls in flight end, spread by a fifth | 503 |
//! | the deadline had passed before the call | `expired` | none: its caller has no time left | 504 |
//! | the call took too long | `timed_out` | none: the call may have been done | 504 |

use actors_core::{Reason, Refusal};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// What refused a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// A [`Breaker`](crate::breaker::Breaker) that is open, or half-open without a free trial.
    Breaker,
    /// A [`Limit`](crate::limit::Limit) that is reached.
    Limit,
    /// The deadline of [`Outgoing::within`](crate::Outgoing::within), which had passed.
    Deadline,
}

/// A call that was not made.
///
/// Its text names the target and the cause: ``bank` not called: its circuit breaker is open; retry
/// after 1.5s ``.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotCalled {
    target: Arc<str>,
    part: Part,
    retry_after: Option<Duration>,
}

impl NotCalled {
    pub(crate) fn new(target: &Arc<str>, part: Part, retry_after: Option<Duration>) -> Self {
        NotCalled { target: target.clone(), part, retry_after }
    }

    /// Returns the name of the target.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns what refused the call.
    pub fn part(&self) -> Part {
        self.part
    }

    /// Returns after how long a retry makes sense; `None` if the deadline had passed.
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl Refusal for NotCalled {
    fn reason(&self) -> Reason {
        match self.part {
            Part::Breaker => Reason::Shed,
            Part::Limit => Reason::Full,
            Part::Deadline => Reason::Expired,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }
}

impl fmt::Display for NotCalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.part {
            Part::Breaker => "its circuit breaker is open",
            Part::Limit => "too many calls are in flight",
            Part::Deadline => "its caller has no time left",
        };
        write!(f, "`{}` not called: {why}", self.target)?;
        let Some(after) = self.retry_after else { return Ok(()) };
        // Whole milliseconds, rounded up: an earlier retry is refused again.
        let after = Duration::from_millis(after.as_nanos().div_ceil(1_000_000) as u64);
        write!(f, "; retry after {after:?}")
    }
}

impl std::error::Error for NotCalled {}

/// A call that was dropped at its time limit. It may have been done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer from `{target}` in {after:?}; the call may have been done")]
pub struct TimedOut {
    target: Arc<str>,
    after: Duration,
}

impl TimedOut {
    pub(crate) fn new(target: &Arc<str>, after: Duration) -> Self {
        TimedOut { target: target.clone(), after }
    }

    /// Returns the name of the target.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// Returns how long the call was waited for.
    pub fn after(&self) -> Duration {
        self.after
    }
}

impl Refusal for TimedOut {
    fn reason(&self) -> Reason {
        Reason::TimedOut
    }

    fn retry_after(&self) -> Option<Duration> {
        None
    }
}

/// Why a call has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError<E> {
    /// The call was not made.
    #[error(transparent)]
    NotCalled(NotCalled),
    /// The call was dropped at its time limit. It may have been done.
    #[error(transparent)]
    TimedOut(TimedOut),
    /// The call was made and failed.
    #[error(transparent)]
    Failed(E),
}

impl<E> CallError<E> {
    /// Returns the error of the call itself, if it was made and failed.
    pub fn into_failed(self) -> Option<E> {
        match self {
            CallError::Failed(error) => Some(error),
            CallError::NotCalled(_) | CallError::TimedOut(_) => None,
        }
    }
}

impl<E> CallError<CallError<E>> {
    /// Returns the one error of two parts around each other, for parts that are combined by hand
    /// instead of with [`Outgoing`](crate::Outgoing).
    pub fn flatten(self) -> CallError<E> {
        match self {
            CallError::NotCalled(error) => CallError::NotCalled(error),
            CallError::TimedOut(error) => CallError::TimedOut(error),
            CallError::Failed(error) => error,
        }
    }
}

impl<E: Refusal> Refusal for CallError<E> {
    fn reason(&self) -> Reason {
        match self {
            CallError::NotCalled(error) => error.reason(),
            CallError::TimedOut(error) => error.reason(),
            CallError::Failed(error) => error.reason(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            CallError::NotCalled(error) => error.retry_after,
            CallError::TimedOut(error) => error.retry_after(),
            CallError::Failed(error) => error.retry_after(),
        }
    }
}
