//! The way in: what a call on a handle returns.
//!
//! ```text
//!   shop.viewed(page)   ──►  Tell ──► journey ──► mailbox      resolves when the message is in
//!   shop.charge(cents)  ──►  Ask  ──► journey ──► mailbox ──► … ──► slot      resolves with the answer
//! ```
//!
//! Both are futures themselves: no box, no allocation: an ask's slot and timer were used before. Nothing happens before the first poll.
//! The `journey` is the part they share: from the first poll to a slot in the mailbox, waiting in line where the policy says
//! so, with one timer for whichever of ttl and deadline comes first.
//!
//! **Cancel safety.** A send that is dropped while it is pending was not sent: it leaves the line, or its message is taken back
//! out of the queue, counted `cancelled`. The exception is a message whose turn has begun: it goes on.

mod ask;
mod cycle;
mod deliver;
mod donate;
mod elsewhere;
mod handle;
mod jobs;
mod journey;
mod line;
mod placed;
mod reserve;
mod tell;
mod tie;
mod timer;

pub use crate::actor::jobs::Job;
pub use ask::{Ask, AskReturning};
pub use deliver::Deliver;
pub use reserve::{Permit, Reserve};
pub use tell::Tell;

use crate::actor::Handler;
use crate::actor::message::Message;
use crate::mailbox::ClassId;

/// What the mailbox of `A` calls messages of type `M`.
const fn class_of<A: Handler<M>, M: Message>() -> ClassId {
    ClassId::new(A::CLASS)
}
