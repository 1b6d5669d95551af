//! Actors on tokio with **bounded mailboxes**: what happens when one is full is declared per
//! message type.
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
//! The root has the names that most programs use. Each other name has one module:
//!
//! | module | what it has |
//! |---|---|
//! | [`prelude`] | what a file with an actor imports |
//! | [`policy`] | what a message type and an actor declare; pure decisions |
//! | [`send`] | the futures that a call returns, permits, jobs |
//! | [`spawn`], [`system`] | the builders of actors and systems, their errors and reports |
//! | [`lifecycle`] | the futures of an actor's start and end |
//! | [`outlet`] | actors in another place: what takes their messages over |
//! | [`observe`] | ledger rows, snapshots, visits, dead letters, decisions, advice |
//! | [`mailbox`] | the bounded queue, which is also a channel by itself |
//! | [`sizing`] | how large a mailbox must be, from rates |
//! | [`by_hand`] | what `#[actor]` generates, for actors without the macro |
//! | `config` (feature `serde`) | the words of the attributes, from configuration |
//! | `testing` (feature) | paused time, probes, held actors |
//!
//! A message takes this way:
//!
//! ```text
//!   handle ─► send ─► mailbox ─► run ─► turn ─► your method ─► reply
//!                        │
//!                        └─► ledger, readings, dead letters (observe)
//! ```
//!
//! # Features
//!
//! | feature | default | adds |
//! |---|---|---|
//! | `macros` | yes | `#[actor]` and `#[derive(Message)]` |
//! | `tracing` | yes | log lines, spans of turns, names of tasks |
//! | `serde` | no | snapshots that serialize, and `config` |
//! | `testing` | no | `testing`; for dev-dependencies, because it enables tokio's `test-util` |
//!
//! The numbered promises (B1, O4, …) that docs and tests cite are in `docs/spec.md`.

#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod mailbox;
pub mod observe;
pub mod policy;
pub mod send;
pub mod spawn;
pub mod system;

#[cfg(feature = "serde")]
pub mod config;
#[cfg(feature = "testing")]
pub mod testing;

mod actor;
mod clock;
mod current;
mod deadlines;
mod drops;
mod env;
mod error;
mod local_pool;
mod panics;
mod reentry;
mod reply;
mod run;
mod runtime_guard;
mod seed;
mod stripes;
mod supervise;
mod sync;
mod tasks;
mod text;
mod turn;
mod wait;
mod wakers;

#[doc(hidden)]
pub mod __private;

pub use actor::context::Context;
pub use actor::handle::{Handle, WeakHandle};
pub use actor::message::Message;
pub use actor::outlet;
pub use actor::recipient::Recipient;
pub use actor::{Actor, Handler};
#[cfg(feature = "macros")]
pub use actors_macros::{Message, actor};
#[doc(inline)]
pub use actors_policy::{Priority, Restart, sizing};
pub use env::System;
pub use error::{
    ActorName, Admission, AskError, BoxError, PolicyError, Reason, Refusal, SendError, StopReason,
};
pub use mailbox::books::ledger::Ledger;
pub use observe::reading::Reading;
pub use reply::ReplyTo;

/// What a file with an actor imports: `use actors_core::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Actor, Admission, AskError, BoxError, Context, Handle, Handler, Ledger, Message, Priority, Reading,
        Reason, Recipient, ReplyTo, Restart, SendError, StopReason, System, WeakHandle,
    };
    #[cfg(feature = "macros")]
    pub use actors_macros::actor;
}

/// The futures of an actor's start and end: [`Handle::ready`], [`Handle::stop`],
/// [`Handle::closed`].
pub mod lifecycle {
    pub use crate::actor::ending::{Closed, Ending, Ready, Stop, Waiting};
}

/// The items that `#[actor]` generates code for, for actors without the macro.
///
/// [`Actor`], [`Message`] and [`Handler`] are the traits of a program. The names here pack the
/// messages of an actor into one type, so that they travel without a box; they change more often
/// than the rest.
///
/// ```
/// use actors_core::{Actor, Context, Handle, Handler, Message, System, by_hand::{AnyEnvelope, Mail, Envelope, Typed}, mailbox::Class, policy::Policy};
///
/// struct Counter(u64);
/// struct Add(u64);
/// impl Message for Add {
///     type Reply = u64;
///     const NAME: &'static str = "Add";
///     const POLICY: Policy = Policy::ask();
/// }
///
/// // All messages of the actor, inline: no box and no `dyn` on their way.
/// enum CounterMail { Add(Envelope<Add>) }
/// impl Mail<Counter> for CounterMail {
///     const CLASSES: &'static [Class] = &[Class::of::<Add>()];
///     fn class(&self) -> usize { 0 }
///     fn envelope(&self) -> &dyn AnyEnvelope { let CounterMail::Add(envelope) = self; envelope }
///     fn envelope_mut(&mut self) -> &mut dyn AnyEnvelope { let CounterMail::Add(envelope) = self; envelope }
///     fn deliver_now(self, actor: &mut Counter, ctx: &mut Context<Counter>) -> Option<Self> {
///         let CounterMail::Add(envelope) = self;
///         let (Add(n), answer) = envelope.open();
///         actor.0 += n;
///         answer.send(ctx, actor.0);
///         None
///     }
///     async fn deliver(self, actor: &mut Counter, ctx: &mut Context<Counter>) { self.deliver_now(actor, ctx); }
/// }
/// impl Actor for Counter {
///     type Mail = CounterMail;
///     const NAME: &'static str = "Counter";
/// }
/// impl Handler<Add> for Counter {
///     const CLASS: usize = 0;
///     fn pack(envelope: Envelope<Add>) -> CounterMail { CounterMail::Add(envelope) }
///     fn unpack(mail: CounterMail) -> Option<Envelope<Add>> { let CounterMail::Add(envelope) = mail; Some(envelope) }
/// }
/// impl Typed<Handle<Counter>> for Counter {}
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let counter = System::new("by-hand").spawn(Counter(0));
/// assert_eq!(counter.ask(Add(2)).await.unwrap(), 2);
/// # }
/// ```
pub mod by_hand {
    pub use crate::actor::message::{Answer, AnyEnvelope, Envelope};
    pub use crate::actor::{Inline, Mail, Typed, TypedHandle};
}
