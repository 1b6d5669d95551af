//! Pure decisions: numbers in, a verdict out. No tokio, no atomics, no locks; `now` is an argument.
//!
//! ```text
//!   declared words  ──►  Policy, Settings  ──checked──►  Limits      (once, at start)
//!   queue depth     ──►  Limits::room                  ──►  may this lane have a slot?
//!   lanes due       ──►  Strict                        ──►  which lane, for how many turns?
//!   backlog, rate   ──►  retry_after                   ──►  when to try again
//! ```

mod declared;
mod drain;
mod limits;
mod schedule;

pub use declared::{Overflow, OverflowList, Policy, Priority};
pub(crate) use drain::DrainRate;
pub use drain::retry_after;
pub use limits::{CAPACITY_MAX, Limits, Settings};
pub use schedule::{Strict, TURNS_MAX};
