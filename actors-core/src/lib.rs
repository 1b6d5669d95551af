//! Actors on tokio with **bounded mailboxes**: what happens when one is full is declared per message type.
//!
//! ```
//! use actors_core::prelude::*;
//!
//! pub struct Shop { views: u64, sold: u64 }
//!
//! #[actor(capacity = 1024, local)]
//! impl Shop {
//!     /// Payments are never lost: when the mailbox is full the caller waits in line.
//!     #[message(priority = high, overflow = block, timeout = "2s")]
//!     async fn charge(&mut self, cents: u64) -> u64 { self.sold += cents; self.sold }
//!
//!     /// Page views are worth losing, oldest first, and worth nothing after five seconds.
//!     #[message(priority = low, overflow = drop_oldest, ttl = "5s")]
//!     fn viewed(&mut self) { self.views += 1; }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), BoxError> {
//! let system = System::new("shop");
//! let shop = system.spawn(Shop { views: 0, sold: 0 });
//! shop.viewed().await?;                          // resolves when it is in the mailbox
//! assert_eq!(shop.charge(990).await?, 990);      // resolves with the answer
//! assert!(shop.ledger().is_balanced());
//! # Ok(())
//! # }
//! ```
//!
//! The modules stand in the order of a message's journey:
//!
//! ```text
//!   handle ─► send ─► mailbox ─► run ─► turn ─► your method ─► reply
//!                        │
//!                        └─► ledger, readings, dead letters (observe)
//! ```
//!
//! - [`mod@actor`]: the nouns. What an actor and a message are, handles, the context.
//! - [`send`]: [`Tell`] and [`Ask`], the futures that a call returns.
//! - [`mailbox`]: lanes, lines, overflow, the ledger. Also a channel by itself.
//! - [`policy`]: pure decisions; no clock, no lock.
//! - [`reply`]: answers, now or later.
//! - [`observe`]: readings, dead letters, snapshots, advice.
//! - [`sizing`]: how large a mailbox must be, from rates.
//! - `config` (feature `serde`): the words of the attributes, said where the service runs.
//! - `testing` (feature): paused time, probes, held actors.
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | `#[actor]` and `#[derive(Message)]` |
//! | `tracing` | yes | log lines, and a span around each handler |
//! | `serde` | no | snapshots that serialize, and `config` |
//! | `testing` | no | `testing`; for dev-dependencies, because it enables tokio's `test-util` |
//!
//! The numbered promises (B1, O4, …) that docs and tests cite are in `docs/spec.md`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod actor;
pub mod send;

pub mod mailbox;
pub mod policy;

mod current;
mod env;
mod run;
mod turn;
mod wait;

pub mod reply;

pub mod observe;

mod clock;
#[cfg(feature = "serde")]
pub mod config;
mod drops;
mod error;
mod local_pool;
mod panics;
mod reentry;
mod runtime_guard;
mod seed;
mod spawn;
mod supervise;
mod sync;
mod system;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod wakers;

#[doc(hidden)]
pub mod __private;

pub use actor::context::Context;
pub use actor::ending::{Closed, Ending, Ready, Stop};
pub use actor::handle::{Handle, WeakHandle};
pub use actor::jobs::Job;
pub use actor::message::{Answer, AnyParcel, Message, Parcel};
pub use actor::recipient::Recipient;
pub use actor::{Actor, Handler, Inline, Mail, Typed, TypedHandle};
#[cfg(feature = "macros")]
pub use actors_macros::{Message, actor};
#[doc(inline)]
pub use actors_policy::sizing;
pub use clock::Tick;
pub use env::System;
pub use error::{
    ActorName, Admission, AskError, BoxError, PolicyError, Reason, Refusal, SendError, SpawnError, Spent,
    StartError, StopReason,
};
pub use mailbox::{Class, Ledger, Row};
pub use observe::{ActorSnapshot, DeadLetter, DeadLetters, Decision, Reading, Snapshot};
pub use policy::{
    Action, CAPACITY_MAX, Cause, DecisionKind, InvalidPolicy, JOBS_MAX, Level, MAX_BYTES_MAX, Order,
    Overflow, OverflowList, Policy, Pressure, Priority, Ramp, Restart, Schedule, Settings, Strategy,
    WORKERS_MAX, Workers,
};
pub use reply::ReplyTo;
pub use send::{Ask, AskReturning, Permit, Reserve, Tell};
pub use spawn::{Makes, Repeats, SpawnBuilder};
pub use system::{ShutdownReport, SystemBuilder};
pub use wait::Deadlock;

/// Everything a file with an actor in it needs.
pub mod prelude {
    pub use crate::{
        Actor, Admission, AskError, BoxError, Context, Handle, Handler, Ledger, Message, Priority, Reading,
        Reason, Recipient, ReplyTo, Restart, SendError, StopReason, System, WeakHandle,
    };
    #[cfg(feature = "macros")]
    pub use actors_macros::actor;
}
