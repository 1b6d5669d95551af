//! Why an actor ended.

use crate::ShortTime;
use std::fmt;
use std::time::Duration;

/// Why an actor ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum StopReason {
    /// `stop`, on the handle or in the context; everything accepted was handled.
    Stopped,
    /// `kill`, or a `stop` whose deadline passed.
    Killed,
    /// The last handle was dropped, and everything accepted was handled.
    Unreferenced,
    /// A handler panicked, and the policy allows no (further) restart, or there was no factory.
    Panicked,
    /// `#[started]` failed or panicked, and the policy allows no (further) restart, or there was no
    /// factory.
    StartFailed,
    /// A child failed too often (F2).
    ChildFailed,
    /// Only this instance has ended; another one replaces it.
    Restarted,
    /// Only this worker has ended: the pool had more workers than needed.
    Retired,
    /// The actor's tokio runtime shut down.
    RuntimeGone,
}

impl fmt::Display for StopReason {
    /// The cause, as the end of a sentence about the actor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            StopReason::Stopped => "stop was called",
            StopReason::Killed => "kill was called",
            StopReason::Unreferenced => "its last handle was dropped",
            StopReason::Panicked => "it panicked",
            StopReason::StartFailed => "it did not start",
            StopReason::ChildFailed => "a child of it failed too often",
            StopReason::Restarted => "another instance took its place",
            StopReason::Retired => "the pool needed one worker less",
            StopReason::RuntimeGone => "its runtime ended",
        })
    }
}

/// Failures that exceeded the restart policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Spent {
    /// The number of failures.
    pub failures: u32,
    /// The time in which they happened.
    #[cfg_attr(feature = "serde", serde(rename = "within_ms", with = "crate::millis"))]
    pub within: Duration,
    /// The number of failures that the policy allows.
    pub limit: u32,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Spent { failures, within, limit } = self;
        let plural = if *failures == 1 { "" } else { "s" };
        write!(f, "{failures} failure{plural} in {} (limit {limit})", ShortTime(*within))
    }
}
