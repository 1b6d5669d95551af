//! A message, and the parcel it travels in.

use super::Actor;
use super::context::Context;
use crate::error::Reason;
use crate::mailbox::Class;
use crate::panics::caught;
use crate::policy::Policy;
use crate::reply::{ReplySender, ReplyTo};
use std::any::{Any, TypeId};
use std::fmt;
use std::hash::Hasher;

/// A value that can be sent to an actor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    note = "derive it: `#[derive(Message)]`, with `#[message(reply = …)]` if it has an answer"
)]
#[rustfmt::skip]
pub trait Message: Sized + Send + 'static { // write `Arc` for `Rc`, `Box<dyn T + Send>` for `Box<dyn T>`
    /// What its handler answers; `()` for one-way messages.
    #[rustfmt::skip]
    type Reply: Send + 'static; // write `BoxError` for `Box<dyn Error>`, `Arc` for `Rc`

    /// Name of the type, for ledger, dead letters and logs.
    const NAME: &'static str;

    /// What the type declares.
    const POLICY: Policy;

    /// Feeds the key to `state`, for policies that are [`keyed`](Policy::keyed). Runs before the
    /// mailbox is locked.
    ///
    /// The mailbox passes a hasher that is seeded by the system. What is fed must depend on the key
    /// alone, so that a hasher with a fixed state gives the same number in every process. By
    /// default nothing is fed: all messages of the type have one key.
    fn hash_key<H: Hasher>(&self, state: &mut H) {
        let _ = state;
    }

    /// Whether both have the same conflation key. Runs while the mailbox is locked and must not use it.
    fn same_key(&self, other: &Self) -> bool {
        let _ = other;
        false
    }

    /// Bytes it counts for, where the mailbox has `max_bytes`. Called before the mailbox is locked.
    fn weight(&self) -> usize {
        size_of::<Self>()
    }

    /// The message as text, for dead letters; only asked for while there is a subscriber. No more than 256 characters of it are kept:
    /// [`observe::brief`](crate::observe::brief) formats no more.
    fn describe(&self) -> Option<String> {
        None
    }
}

impl Class {
    /// The class of a message type, as it declares itself.
    pub const fn of<M: Message>() -> Class {
        Class { name: M::NAME, policy: M::POLICY, type_id: TypeId::of::<M> }
    }
}

/// A message and whoever waits for its answer.
pub struct Parcel<M: Message> {
    message: M,
    asker: Option<ReplySender<M::Reply>>,
}

impl<M: Message> fmt::Debug for Parcel<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct(M::NAME).field("is_ask", &self.asker.is_some()).finish_non_exhaustive()
    }
}

impl<M: Message> Parcel<M> {
    pub(crate) fn new(message: M, asker: Option<ReplySender<M::Reply>>) -> Self {
        Parcel { message, asker }
    }

    /// The message, for its handler, and the answer it owes.
    #[inline]
    pub fn open(self) -> (M, Answer<M::Reply>) {
        (self.message, Answer { asker: self.asker })
    }

    /// The message, for its sender.
    pub(crate) fn into_message(self) -> M {
        self.message
    }
}

/// A [`Parcel`] whose message type is erased; for the rare paths: losses, conflation, dead letters.
pub trait AnyParcel: Send {
    #[doc(hidden)]
    fn send_lost(&mut self, reason: Reason);
    #[doc(hidden)]
    fn hash_key(&self, state: &mut dyn Hasher);
    #[doc(hidden)]
    fn same_key(&self, other: &dyn AnyParcel) -> bool;
    #[doc(hidden)]
    fn weight(&self) -> usize;
    #[doc(hidden)]
    fn describe(&self) -> Option<String>;
    #[doc(hidden)]
    fn message(&self) -> &dyn Any;
}

// `dyn Any` behind a reference needs no `Sync`: it never leaves the thread that looks.
impl<M: Message> AnyParcel for Parcel<M> {
    fn send_lost(&mut self, reason: Reason) {
        if let Some(asker) = self.asker.take() {
            asker.send(Err(reason));
        }
    }

    fn hash_key(&self, mut state: &mut dyn Hasher) {
        self.message.hash_key(&mut state);
    }

    fn same_key(&self, other: &dyn AnyParcel) -> bool {
        other.message().downcast_ref::<M>().is_some_and(|other| self.message.same_key(other))
    }

    fn weight(&self) -> usize {
        self.message.weight()
    }

    fn describe(&self) -> Option<String> {
        self.message.describe()
    }

    fn message(&self) -> &dyn Any {
        &self.message
    }
}

/// The answer that a handler owes; dropped without one, its asker is told what ended the turn.
pub struct Answer<R> {
    asker: Option<ReplySender<R>>,
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl<R> Answer<R> {
    /// The handler has returned: the turn ends, then the asker is told, so that whoever has an answer finds the message
    /// handled in the ledger.
    #[inline]
    pub fn send<A: Actor>(mut self, ctx: &mut Context<A>, reply: R) {
        if let Some(asker) = self.asker.take() {
            ctx.end_turn();
            // The reply may be dropped here, and the asker's waker runs: foreign code, and the turn is over.
            let _ = caught(|| asker.send(Ok(reply)));
        }
    }

    /// The handler answers at its own time. While the asker waits, a pool does not retire the
    /// instance that `ctx` belongs to.
    pub fn later<A: Actor>(mut self, ctx: &mut Context<A>) -> ReplyTo<R> {
        ReplyTo::new(self.asker.take(), || ctx.owe_reply())
    }
}

impl<R> Drop for Answer<R> {
    fn drop(&mut self) {
        if let Some(asker) = self.asker.take() {
            // A turn is dropped by its own panic or because the actor is killed at an await.
            let reason = if std::thread::panicking() { Reason::Panicked } else { Reason::Closed };
            asker.send(Err(reason));
        }
    }
}
