//! The mailbox: a bounded queue with four lanes, in which every message type declares what happens
//! when there is no room.
//!
//! ```text
//!   offer ──► twin? room? ──► slot ──► lane ──► claim ──► turn
//!                 │                      ▲
//!                 ├─ block ──► line ─────┘   (a freed slot takes the message of the oldest waiter)
//!                 └─ reject, drop_newest, drop_oldest: the sender is told at once, and the ledger counts it
//! ```
//!
//! A mailbox moves values of any `T` by [`Class`] and knows no actors. Alone it is a channel: see
//! [`channel`].
//!
//! # How it works
//!
//! There is one short critical section (a one-byte lock) around slots in an arena. The slots are
//! linked per lane and per message type, so eviction, conflation, withdrawal and exact books are
//! O(1). Wake-ups and user code run after the lock is free. The consumer claims up to 32 messages
//! per lock and publishes its progress in one atomic number (`store/claim.rs`): a message costs one
//! lock on its way in and a fraction of one on its way out.
//!
//! The right to take messages out travels with a *seat* of type `S`. Between turns it may lie
//! under the same lock. An actor's state lives there between its turns; the seat of a channel is
//! empty.
//!
//! # Where things are
//!
//! ```text
//!   channel  control  adjust  sample      what callers use: a channel, stop and kill, new policies, numbers
//!   enter/                     take/      the way in; the way out
//!   section  core  consumers              the lock; what is under it, and the steps that both ways share
//!   store/                                slots, lanes, types, keys, expiry, waiters, claims
//!   books/                                ledger, and what is noted for a supervisor
//!   spill                                 messages outside: the seam for a durable store
//!   effects  signals  item                what follows after the lock; atomics beside it; what is moved
//! ```
//!
//! Imports point down. `enter/` and `take/` use what is below them and never each other: they meet
//! in `core`.
//!
//! # Invariants
//!
//! B1 to B7, O0 to O10, S1 to S8 and L1 of `docs/spec.md`; locally Q1 to Q3 (`store/queue.rs`), K1
//! to K3 (`store/keys.rs`), E1 (`store/expiry.rs`) and C1 to C3 (`take/pool.rs`).
//!
//! # Trade-off
//!
//! All producers share one lock. A sharded queue would scale further with many cores, but it could
//! neither evict the oldest message nor count exactly. Memory follows what is queued, not the
//! capacity; after a burst it is given back as soon as the queue has run empty.

mod adjust;
pub(crate) mod books;
mod channel;
mod consumers;
mod control;
mod core;
mod effects;
mod enter;
mod ids;
mod item;
#[cfg(all(test, actors_loom))]
mod loom;
#[cfg(feature = "serde")]
mod reconfigure;
pub(crate) mod sample;
mod section;
mod signals;
mod spill;
mod store;
mod take;
#[cfg(all(test, not(actors_loom)))]
mod tests;

pub(crate) use books::ledger::{Ledger, Row};
pub(crate) use books::ledger::{add_shed, has_letter};
pub(crate) use books::marks::Marks;
pub use channel::{Receiver, Recv, Sender, Sending, channel};
pub(crate) use effects::{Effects, Lost, Wake};
pub(crate) use enter::elsewhere::Verdict;
pub(crate) use enter::entry::{Entered, Entry, InLine};
pub(crate) use enter::fast_path::FastPath;
pub(crate) use enter::outcome::{Message, Offer, Permit, WhenFull, Withdrawal};
pub(crate) use enter::transit::Fate;
pub(crate) use ids::{ClassId, Ticks, WaiterId, WorkerId};
pub use item::{Class, Item};
#[cfg(feature = "serde")]
pub(crate) use reconfigure::Present;
pub(crate) use sample::{Depth, LaneDepths, RunningClass};
pub(crate) use section::{Mailbox, Section};
#[cfg(test)]
pub(crate) use spill::memory;
pub(crate) use spill::{FETCH_MAX, Fetch, Fetched, Leaving, StoreFailed, Stored};
pub(crate) use store::slots::{Place, Tag};
pub(crate) use store::waiters::Outcome;
pub(crate) use take::seat::{SeatAttempt, SeatUse};
pub(crate) use take::taker::{Seated, Take, Taker};
