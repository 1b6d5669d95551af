//! The vocabulary and the decisions of `actors-core`, as pure functions.
//!
//! **An implementation crate of `actors-core`, with no stability promise of its own.** Depend on
//! `actors-core`, which re-exports the public part. `actors-core` and `actors-macros` both build on
//! this crate, so an attribute, a configuration file and a running system use the same words, the
//! same limits and the same sentences about a mistake.
//!
//! ```text
//!   attributes (actors-macros) ──┐
//!                                ├──► wording ──► Policy, Settings ──checked──► Limits          declare/
//!   configuration (actors-core) ─┘
//!
//!                        ┌─ Limits::room, Strict, Weighted, Ramp, ShortTurns, retry_after       a message's path
//!   numbers and `now` ──►├─ Controller                                                          supervisor/
//!                        ├─ Failures                                                            restart.rs
//!                        └─ Lifecycle                                                           lifecycle.rs
//! ```
//!
//! Invariant: nothing here reads a clock, takes a lock, starts a task, or allocates on a message's
//! path. The time is an argument ([`Tick`]), and so is every random number. The manifest keeps this
//! true: the only dependency is the optional `serde`.

mod admission;
mod budget;
mod declare;
mod doom;
mod drain;
pub mod fields;
mod fill;
mod invalid;
pub mod lifecycle;
mod limiter;
#[cfg(feature = "serde")]
pub mod millis;
mod reason;
mod restart;
mod retry;
mod rng;
mod schedule;
pub mod seed;
mod short_turns;
pub mod sizing;
mod sojourn;
pub mod stop;
mod supervisor;
mod time;
pub mod word;
pub mod wording;

pub use admission::Admission;
pub use budget::RetryBudget;
pub use declare::{
    Action, CAPACITY_MAX, Inline, JOBS_MAX, Limits, MAX_BYTES_MAX, Order, Overflow, OverflowList, Policy,
    Pressure, Priority, Ramp, Rate, Schedule, Settings, WORKERS_MAX, Workers,
};
pub use doom::Outlook;
pub use drain::{Arrivals, DrainRate, TurnTime};
pub use invalid::InvalidPolicy;
pub use limiter::Limiter;
pub use reason::Reason;
pub use restart::{Failures, Fault, Restart, Revival, Strategy};
pub use retry::{Backlog, GUESS_FIRST, expected_wait, retry_after, spread, spread_span, wait_span};
pub use rng::Rng;
pub use schedule::{Lanes, Strict, TURNS_MAX, Weighted, WeightedByTime};
pub use short_turns::{Donation, ShortTurns, WhileBusy};
pub use sojourn::Sojourn;
pub use stop::{Spent, StopReason};
pub use supervisor::{Cause, Controller, Decided, DecisionKind, Level, Plan, Sample, Threshold, soft_limit};
pub use time::{ShortTime, Span, Tick};
