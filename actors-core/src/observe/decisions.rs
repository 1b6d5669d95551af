//! What was decided, kept for whoever asks later (P5).

use super::trace;
use crate::error::{ActorName, Spent, StopReason};
use crate::policy::Change;
use crate::sync::Lock;
use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;
use tokio::time::Instant;

/// Decisions that are kept: those of a long incident, in some hundred kilobytes. The oldest go first.
const KEPT: usize = 1024;

/// Something that the runtime decided by itself about an actor, as a value and, by its `Display`, as a sentence:
/// `orders at 92 % for 300 ms: 3rd worker started`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Its number in the system, from 1; a gap says that older ones are gone.
    pub serial: u64,
    /// When, on tokio's clock.
    pub at: Instant,
    /// About whom.
    pub actor: ActorName,
    /// What.
    pub event: Event,
}

/// What was decided.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// About pressure (P5).
    Pressure(Change),
    /// An instance failed, and another one goes on in its place after this time (F2).
    Restarted {
        /// How it failed.
        why: StopReason,
        /// How long before the next one begins.
        after: Duration,
    },
    /// It failed too often, or was not to be restarted: it ends (F2).
    GaveUp {
        /// How it failed.
        why: StopReason,
        /// The failures that were more than its restart policy allows; `None` where it allows no restart.
        spent: Option<Spent>,
    },
    /// Its last handle has gone, and a turn of it does not end (F6): it lives until the turn returns, or until the system's shutdown
    /// kills it.
    Unreferenced {
        /// For how long it has had no handle.
        since: Duration,
        /// For how long the turn has been running.
        turn: Duration,
    },
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.actor, self.event)
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Event::Pressure(change) => change.fmt(f),
            Event::Restarted { why, after } if after.is_zero() => {
                write!(f, "{}: begins anew at once", Failed(*why))
            }
            Event::Restarted { why, after } => write!(f, "{}: begins anew in {after:.0?}", Failed(*why)),
            Event::GaveUp { why, spent: Some(spent) } => {
                write!(f, "{}: ends after {spent}", Failed(*why))
            }
            Event::Unreferenced { since, turn } => {
                write!(f, "has had no handle for {since:.0?}, but a turn of {turn:.0?} does not end")
            }
            Event::GaveUp { why, spent: None } => {
                write!(f, "{}: ends, its restart policy is `never`", Failed(*why))
            }
        }
    }
}

/// A failure as the beginning of a sentence.
struct Failed(StopReason);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            StopReason::Panicked => "panicked",
            StopReason::StartFailed => "did not start",
            StopReason::ChildFailed => "lost a child that failed too often",
            StopReason::Stopped => "stopped itself",
            _ => "was replaced",
        })
    }
}

/// The decisions of a system.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    kept: Lock<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    serial: u64,
    decisions: VecDeque<Decision>,
}

impl Decisions {
    pub(crate) fn record(&self, actor: &ActorName, event: Event) {
        let mut kept = self.kept.lock();
        kept.serial += 1;
        let decision = Decision { serial: kept.serial, at: Instant::now(), actor: actor.clone(), event };
        let oldest = if kept.decisions.len() >= KEPT { kept.decisions.pop_front() } else { None };
        kept.decisions.push_back(decision.clone());
        drop(kept);
        drop(oldest);
        // A subscriber is foreign code.
        trace::decided(&decision);
    }

    /// Oldest first.
    pub(crate) fn all(&self) -> Vec<Decision> {
        self.kept.lock().decisions.iter().cloned().collect()
    }
}
