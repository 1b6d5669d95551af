//! The vocabulary and the decisions of `actors-core`, as pure functions.
//!
//! **An implementation crate of `actors-core`, with no stability promise of its own.** Depend on `actors-core`, which re-exports
//! the public part. `actors-core` and `actors-macros` both build on this crate, so an attribute, a configuration file and a
//! running system use the same words, the same limits and the same sentences about a mistake.
//!
//! ```text
//!   attributes (actors-macros) ──┐
//!                                ├──► wording ──► Policy, Settings ──checked──► Limits
//!   configuration (actors-core) ─┘
//!
//!   a running mailbox (actors-core)   numbers and `now` ──► policy, seed, sizing ──► a decision
//! ```
//!
//! Invariant: nothing here reads a clock, takes a lock, starts a task or allocates on a message's path. The time is an argument
//! ([`Tick`]), and so is every random number. The manifest keeps this true: the only dependency is the optional `serde`.

pub mod admission;
mod policy;
pub mod reason;
pub mod seed;
pub mod sizing;
pub mod stop;
pub mod time;
pub mod wording;

pub use admission::Admission;
pub use policy::*;
pub use reason::Reason;
pub use stop::{Spent, StopReason};
pub use time::{Span, Tick};
