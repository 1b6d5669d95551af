//! The decisions of the runtime during a storm.

use actors_core::observe::Decision;
use std::fmt;
use tokio::time::Instant;

/// Decisions that are printed. The rest is only counted.
const SHOWN: usize = 40;

/// The decisions, and when the storm began.
#[derive(Debug)]
pub(super) struct Decided {
    decisions: Vec<Decision>,
    began: Instant,
}

impl Decided {
    pub(super) fn new(decisions: Vec<Decision>, began: Instant) -> Self {
        Decided { decisions, began }
    }
}

impl fmt::Display for Decided {
    /// Writes one line per decision, with the seconds since the storm began.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "decisions: {}", self.decisions.len())?;
        for decision in self.decisions.iter().take(SHOWN) {
            write!(f, "\n{:7.2} s  {decision}", (decision.at - self.began).as_secs_f64())?;
        }
        match self.decisions.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, "\n           and {more} more"),
        }
    }
}
