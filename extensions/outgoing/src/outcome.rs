//! What a call says about its target, and when a failed call is tried again.
//!
//! Breaker and limit do not look at results: a [`Judge`] turns each one into an [`Outcome`].
//! [`ByReason`] judges every error that implements [`Refusal`], so calls of typed handles need no
//! judge of their own:
//!
//! | reason | outcome | why |
//! |---|---|---|
//! | `closed` | failure | the target has gone; each call until another one is there fails |
//! | `panicked` | failure | the target broke while it handled the call |
//! | `unanswered` | failure | the target took the call and lost it, which is a defect |
//! | `timed_out` | timed out | the caller waited for nothing, which is what a breaker is there to prevent |
//! | `expired` | timed out | the call waited in the target's queue until it was worthless |
//! | `full` | refused | the target protects itself; the refusal took no time and says when to come back |
//! | `shed` | refused | as `full` |
//! | `rate_limited` | refused | as `full`: this caller sends too much, and the target is well |
//! | `doomed` | refused | the target's backlog is too long for this deadline; a longer one may pass |
//! | `dropped` | refused | the target declared that it may lose this message when it is full |
//! | `evicted` | refused | a message of higher priority needed the slot |
//! | `conflated` | ignored | a newer call of the same key replaced this one: nothing is wrong |
//! | `cancelled` | ignored | the caller went away; the target did not fail |
//! | `would_deadlock` | ignored | a property of the caller's wait, not of the target |
//! | `too_many_jobs` | ignored | a bound on the caller's own side |
//! | `zero_period` | ignored | a mistake of the caller |
//!
//! A reason that this version does not know is ignored.
//!
//! | outcome | breaker | limit |
//! |---|---|---|
//! | success | a success; a failure if it was too slow | its time is measured |
//! | failure | a failure | nothing: a call that fails at once does not show a fast target; after 1.5 times the usual time, dropped |
//! | timed out | a failure | its time is measured, and it counts as dropped |
//! | refused | nothing | counts as dropped |
//! | ignored | nothing | nothing |
//!
//! # Example
//!
//! A service that answers over HTTP. A closure is a judge; a type of its own also says what is
//! tried again.
//!
//! ```
//! use actors_outgoing::outcome::{Again, Judge, Outcome};
//! use std::time::Duration;
//! # struct Response { status: u16, retry_after: Option<Duration> }
//! # struct Broken;
//! struct ByStatus;
//!
//! impl Judge<Response, Broken> for ByStatus {
//!     fn outcome(&self, result: &Result<Response, Broken>) -> Outcome {
//!         match result {
//!             Ok(response) if response.status == 503 => Outcome::Refused,
//!             Ok(response) if response.status >= 500 => Outcome::Failure,
//!             Ok(_) => Outcome::Success,
//!             Err(Broken) => Outcome::Failure,
//!         }
//!     }
//!     /// These calls are idempotent: one that broke may be made again.
//!     fn again(&self, _: &Broken) -> Again { Again::Backoff }
//! }
//! # assert_eq!(ByStatus.outcome(&Err(Broken)), Outcome::Failure);
//! ```

use actors_core::{Reason, Refusal};
use std::time::Duration;

/// What a call says about its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Outcome {
    /// The target answered.
    Success,
    /// The target is broken or gone.
    Failure,
    /// No answer came in time.
    TimedOut,
    /// The target refused the call at once, because it has too much to do.
    Refused,
    /// The call says nothing about the target.
    Ignored,
}

impl Outcome {
    /// Returns the outcome of a call that failed for this reason, as the table of
    /// [this module](self) lists it.
    pub const fn of(reason: Reason) -> Outcome {
        match reason {
            Reason::Closed | Reason::Panicked | Reason::Unanswered => Outcome::Failure,
            Reason::TimedOut | Reason::Expired => Outcome::TimedOut,
            Reason::Full
            | Reason::Shed
            | Reason::RateLimited
            | Reason::Doomed
            | Reason::Dropped
            | Reason::Evicted => Outcome::Refused,
            // Named, so that each reason has been decided about once.
            Reason::Conflated
            | Reason::Cancelled
            | Reason::WouldDeadlock
            | Reason::TooManyJobs
            | Reason::ZeroPeriod => Outcome::Ignored,
            _ => Outcome::Ignored,
        }
    }
}

/// Whether and when a failed call is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Never: a retry does not help, or the call may have been done.
    No,
    /// Not before this time has passed.
    After(Duration),
    /// After the time of [`Retry`](crate::retry::Retry) for this attempt.
    Backoff,
}

impl Again {
    /// Returns when a call is tried again that a target refused: after the time that the refusal
    /// says, where the reason is one that passes (`full`, `shed`, `rate_limited`). These are the
    /// reasons for which `.retry` on a handle tries again (P10).
    pub fn of(refusal: &impl Refusal) -> Again {
        match (refusal.reason(), refusal.retry_after()) {
            (Reason::Full | Reason::Shed | Reason::RateLimited, Some(after)) => Again::After(after),
            _ => Again::No,
        }
    }
}

/// Decides what the result of a call says about its target.
///
/// It runs while no lock is held. Where it panics, the call counts as ignored.
pub trait Judge<T, E> {
    /// Returns what this result says about the target.
    fn outcome(&self, result: &Result<T, E>) -> Outcome;

    /// Returns whether a call that failed with this error is tried again. The default is
    /// [`Again::No`]: the call may have been done.
    fn again(&self, error: &E) -> Again {
        let _ = error;
        Again::No
    }

    /// Returns whether a call that was dropped at its time limit is tried again. The default is
    /// [`Again::No`]: the call may have been done. Idempotent calls return [`Again::Backoff`].
    fn again_after_timeout(&self) -> Again {
        Again::No
    }
}

impl<T, E, F: Fn(&Result<T, E>) -> Outcome> Judge<T, E> for F {
    fn outcome(&self, result: &Result<T, E>) -> Outcome {
        self(result)
    }
}

/// Judges errors by their [`Reason`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ByReason;

impl<T, E: Refusal> Judge<T, E> for ByReason {
    fn outcome(&self, result: &Result<T, E>) -> Outcome {
        result.as_ref().map_or_else(|error| Outcome::of(error.reason()), |_| Outcome::Success)
    }

    fn again(&self, error: &E) -> Again {
        Again::of(error)
    }
}
