//! The decisions of a system, kept for later readers (P5).

use super::{LogLevels, trace};
use crate::error::ActorName;
use crate::policy::{Cause, Decided, DecisionKind};
use crate::sync::Lock;
use std::collections::VecDeque;
use std::fmt;
use tokio::time::Instant;

/// The number of decisions that are kept: those of a long incident, in some hundred kilobytes. The
/// oldest are discarded first.
const KEPT: usize = 1024;

/// A decision of the runtime about an actor, as a value and, by its `Display`, as a sentence:
/// `orders at 92 % for 300 ms: 3rd worker started`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Decision {
    /// Its number in the system, from 1; a gap means that older decisions were discarded.
    pub serial: u64,
    /// When it was made, on tokio's clock.
    pub at: Instant,
    /// The actor it is about.
    pub actor: ActorName,
    /// What was decided.
    pub kind: DecisionKind,
    /// What caused it.
    pub cause: Cause,
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decided = Decided { kind: self.kind.clone(), cause: self.cause };
        write!(f, "{} {decided}", self.actor)
    }
}

/// The decisions of a system.
#[derive(Debug, Default)]
pub(crate) struct Decisions {
    kept: Lock<Kept>,
    /// Of the log lines of the system.
    levels: LogLevels,
}

#[derive(Debug, Default)]
struct Kept {
    serial: u64,
    decisions: VecDeque<Decision>,
    /// How many there were of each kind, discarded ones included.
    counts: [u64; DecisionKind::WORDS.len()],
}

impl Decisions {
    pub(crate) fn new(levels: LogLevels) -> Self {
        Decisions { kept: Lock::default(), levels }
    }

    pub(crate) fn levels(&self) -> &LogLevels {
        &self.levels
    }

    pub(crate) fn record(&self, actor: &ActorName, decided: Decided) {
        let Decided { kind, cause } = decided;
        let mut kept = self.kept.lock();
        kept.serial += 1;
        kept.counts[kind.index()] += 1;
        let decision =
            Decision { serial: kept.serial, at: Instant::now(), actor: actor.clone(), kind, cause };
        let oldest = if kept.decisions.len() >= KEPT { kept.decisions.pop_front() } else { None };
        kept.decisions.push_back(decision.clone());
        drop(kept);
        drop(oldest);
        // A subscriber is foreign code.
        trace::decided(&self.levels, &decision);
    }

    /// Returns how many decisions there were of each kind, by the word of the kind.
    pub(crate) fn counts(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let counts = self.kept.lock().counts;
        DecisionKind::WORDS.into_iter().zip(counts)
    }

    /// Returns the kept decisions, oldest first.
    pub(crate) fn all(&self) -> Vec<Decision> {
        self.kept.lock().decisions.iter().cloned().collect()
    }
}
