//! Actors in another place: what a handle sends to when its actor is not in this process.
//!
//! ```text
//!   shop.charge(card, 990) ──► cell without an instance ──► Outlet ──► broker, channel, other process
//!     the same generated handle   books, deadlines, name      takes the packed message over, or gives it back
//! ```
//!
//! [`System::outlet`](crate::System::outlet) registers a cell that has no instance, and returns the
//! actor's typed handle: call sites do not change. Messages are never queued in that cell. Each
//! send hands its message to the [`Outlet`] and waits until it is taken over or given back.
//!
//! **Books.** The ledger of such a handle is the sender's side: `in_service` while the outlet
//! decides, then `handled` (taken over; what becomes of it is in the books of the other side),
//! refused for the outlet's reason, or `cancelled` when the sender goes away first.
//!
//! **End.** A stop closes the handle at the call. The actor ends, here, when the outlet has decided
//! about every message that it holds. A kill, and the end of the runtime, end it at once: messages
//! that the outlet holds are lost as [`Closed`](Reason::Closed) (`undelivered`), and their futures
//! are dropped. Their senders are told: an ask fails as `Closed`, and a tell, whose value is with
//! the outlet, resolves as [`Dropped`](Admission::Dropped). The outlet itself is dropped with the
//! actor's end, also where a handle is kept.
//!
//! **Price.** The path is cold: allocations for the packed message's state, for the outlet's future
//! and for the watch on the actor's end. A local actor pays nothing for it: the cell of an outlet
//! declines the fast path, and only the long way asks whether there is one.

use super::Actor;
use crate::error::{Admission, Reason};
use crate::policy::Priority;
use crate::sync::Lock;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Takes messages over for an actor in another place.
///
/// Both methods are called without any lock. A panic counts as [`Reason::Panicked`], and the
/// message is lost.
pub trait Outlet<A: Actor>: Send + Sync + 'static {
    /// Hands a message over, and waits for room on the other side if it must.
    ///
    /// The future gives the message back with [`Reason::TimedOut`] at the
    /// [`deadline`](Call::deadline). It is dropped when the sender goes away, when the handle's
    /// actor is killed, and for an ask that is past its deadline all the same: then a message that
    /// was not taken over must not arrive later.
    fn send(&self, mail: A::Mail, call: Call) -> Handing<A>;

    /// Hands a message over without waiting; a full other side refuses with [`Reason::Full`].
    ///
    /// # Errors
    /// The message, with the reason.
    fn try_send(&self, mail: A::Mail, call: Call) -> Handed<A>;
}

/// A message that is being handed over.
pub type Handing<A> = Pin<Box<dyn Future<Output = Handed<A>> + Send>>;

/// How a message was taken over, or the message back.
pub type Handed<A> = Result<Admission, Returned<<A as Actor>::Mail>>;

/// What an outlet must know of a send, apart from its message.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Call {
    /// When the message is worthless.
    pub deadline: Option<Instant>,
    /// The sender waits for an answer: the message holds the way to give it.
    pub is_ask: bool,
    /// The priority of the message: that of its type, or the one that the send chose (S9).
    pub priority: Priority,
}

impl Call {
    pub(crate) fn new(deadline: Option<Instant>, is_ask: bool, priority: Priority) -> Self {
        Call { deadline, is_ask, priority }
    }
}

/// A message that was not taken over.
#[derive(Debug)]
#[non_exhaustive]
pub struct Returned<T> {
    /// The message, unless it was lost with its value.
    pub mail: Option<T>,
    /// Why it was refused: [`Full`](Reason::Full), [`Shed`](Reason::Shed),
    /// [`RateLimited`](Reason::RateLimited), [`Doomed`](Reason::Doomed),
    /// [`TimedOut`](Reason::TimedOut), [`Dropped`](Reason::Dropped) or [`Closed`](Reason::Closed).
    /// Any other reason counts as `closed`.
    pub reason: Reason,
    /// When to try again.
    pub retry_after: Option<Duration>,
}

impl<T> Returned<T> {
    /// A message refused for this reason.
    pub fn new(mail: T, reason: Reason) -> Self {
        Returned { mail: Some(mail), reason, retry_after: None }
    }

    /// Says when to try again.
    pub fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }
}

/// The outlet of a cell, until the actor ends.
pub(crate) struct OutletSlot<A: Actor>(Lock<Option<Arc<dyn Outlet<A>>>>);

impl<A: Actor> OutletSlot<A> {
    pub(crate) fn new(outlet: Arc<dyn Outlet<A>>) -> Self {
        OutletSlot(Lock::new(Some(outlet)))
    }

    /// Returns the outlet, to be called without a lock. `None` once the actor has ended.
    pub(crate) fn get(&self) -> Option<Arc<dyn Outlet<A>>> {
        self.0.lock().clone()
    }

    /// Takes the outlet out, to be dropped without a lock.
    pub(crate) fn take(&self) -> Option<Arc<dyn Outlet<A>>> {
        self.0.lock().take()
    }
}
