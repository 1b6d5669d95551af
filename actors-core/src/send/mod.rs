//! Sends: the futures that a call on a handle returns.
//!
//! ```text
//!   shop.viewed(page)   ──►  Tell ──► journey ──► mailbox      resolves when the message is in
//!   shop.charge(cents)  ──►  Ask  ──► journey ──► mailbox ──► … ──► slot      resolves with the answer
//! ```
//!
//! Both are futures without a box or an allocation: an ask's slot and timer are reused. Nothing
//! happens before the first poll. They share the `journey` from the first poll to a slot in the
//! mailbox. It waits in line where the policy says so, with one timer for the earlier of ttl and
//! deadline.
//!
//! **Cancel safety.** If a send is dropped while pending, its message is withdrawn from the line or
//! the queue, and counted `cancelled`. A message whose turn has begun is still handled.

mod ask;
mod cleanup;
mod cycle;
mod deliver;
mod donate;
mod elsewhere;
mod handle;
mod jobs;
mod journey;
mod line;
mod offer;
mod placed;
mod pull;
mod reserve;
mod retry;
mod slots;
mod tell;
mod timer;

pub use crate::actor::jobs::Job;
pub use crate::actor::message::Prioritized;
pub use ask::{Ask, AskReturning};
pub use deliver::Deliver;
pub use pull::{Attach, MailSink};
pub use reserve::{Permit, Reserve};
pub use retry::{AskRetry, TellRetry};
pub use slots::Slots;
pub use tell::Tell;

use crate::actor::Handler;
use crate::actor::message::Message;
use crate::mailbox::ClassId;

/// The class of messages of type `M` in the mailbox of `A`.
const fn class_of<A: Handler<M>, M: Message>() -> ClassId {
    ClassId::new(A::CLASS)
}
