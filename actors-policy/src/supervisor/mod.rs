//! What a supervisor does about pressure on one mailbox (P1 to P5, F3).
//!
//! ```text
//!   Sample ──► history ──► level ──► controller ──► scale (workers), shed (threshold), soft limit ──► Plan, Decided
//! ```
//!
//! The supervisor takes a [`Sample`] of a mailbox about every ten milliseconds and hands it to the
//! [`Controller`], together with the time. The controller returns a [`Plan`], the settings that
//! apply until the next decision, and reports every change as a [`Decided`]. The message path only
//! compares numbers that the plan published, so a slow supervisor costs senders nothing.
//!
//! Invariants: two changes of level lie at least a dwell time apart; actions are engaged in their
//! declared order and released in the reverse order; `urgent` messages are never shed; a pool never
//! leaves its declared range.

#[cfg(test)]
mod controlled;
mod controller;
mod decision;
mod history;
mod level;
mod scale;
#[cfg(test)]
mod scene;
mod shed;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod simulation;
mod threshold;

pub use controller::{Controller, Plan, Sample, soft_limit};
pub use decision::{Cause, Decided, DecisionKind};
pub use level::Level;
pub use threshold::Threshold;
