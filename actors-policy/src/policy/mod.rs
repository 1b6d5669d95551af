//! Pure decisions: numbers in, a verdict out. No tokio, no atomics, no locks; `now` is an argument.
//!
//! ```text
//!   declared words  ──►  Policy, Settings  ──checked──►  Limits      (once, at start)
//!   queue depth     ──►  Limits::room                  ──►  may this lane have a slot?
//!   lanes due       ──►  Strict, Weighted              ──►  which lane, for how many turns?
//!   fill            ──►  Ramp                          ──►  how probable is an early drop?
//!   backlog, rate   ──►  retry_after                   ──►  when to try again
//!   looks           ──►  Controller                    ──►  how many workers, who is refused, who waits early
//! ```

mod change;
#[cfg(test)]
mod controlled;
mod controller;
mod declared;
mod drain;
mod history;
mod level;
mod limits;
mod overflow;
mod pressure;
mod ramp;
mod restart;
mod retry;
mod rng;
mod scale;
#[cfg(test)]
mod scene;
mod schedule;
mod shed;
#[cfg(test)]
mod simulated;
#[cfg(test)]
mod simulation;
mod swift;
mod threshold;
mod weighted;

pub use change::{Change, What, Why};
pub use controller::{Controller, Plan, Sight, squeezed};
pub use declared::{Order, Policy, Priority};
pub use drain::{Arrivals, DrainRate};
pub use level::Level;
pub use limits::{CAPACITY_MAX, JOBS_MAX, Limits, MAX_BYTES_MAX, Settings};
pub use overflow::{Overflow, OverflowList};
pub use pressure::{Action, Pressure, WORKERS_MAX, Workers};
pub use ramp::Ramp;
pub use restart::{Failures, Fault, Revival};
pub use restart::{Restart, Strategy};
pub use retry::{Backlog, retry_after};
pub use retry::{GUESS_FIRST, spread};
pub use retry::{outlook, retry_span};
pub use rng::Rng;
pub use schedule::Lanes;
pub use schedule::{Schedule, Strict, TURNS_MAX};
pub use swift::{Donation, Swift};
pub use threshold::Threshold;
pub use weighted::{Weighted, WeightedByTime};
