//! Messages, and the envelope that carries a message together with its asker's reply slot.

use super::Actor;
use super::context::Context;
use crate::current;
use crate::error::Reason;
use crate::mailbox::Class;
use crate::observe::span::Origin;
use crate::panics::caught;
use crate::policy::Policy;
use crate::reply::{ReplySender, ReplyTo};
use pin_project_lite::pin_project;
use std::any::{Any, TypeId};
use std::fmt;
use std::future::Future;
use std::hash::Hasher;
use std::pin::Pin;
use std::task::Poll;

/// A value that can be sent to an actor.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a message",
    note = "derive it: `#[derive(Message)]`, with `#[message(reply = …)]` if it has an answer"
)]
#[rustfmt::skip]
pub trait Message: Sized + Send + 'static { // write `Arc` for `Rc`, `Box<dyn T + Send>` for `Box<dyn T>`
    /// The reply of its handler; `()` for one-way messages.
    #[rustfmt::skip]
    type Reply: Send + 'static; // write `BoxError` for `Box<dyn Error>`, `Arc` for `Rc`

    /// The name of the type, for ledgers, dead letters and logs.
    const NAME: &'static str;

    /// The declared policy of the type.
    const POLICY: Policy;

    /// Feeds the key to `state`, for policies that are [`keyed`](Policy::keyed). It is called
    /// before the mailbox is locked.
    ///
    /// The mailbox passes a hasher with the system's seed. The fed bytes must depend on the key
    /// alone, so that a hasher with a fixed state returns the same number in every process. By
    /// default nothing is fed: all messages of the type have one key.
    fn hash_key<H: Hasher>(&self, state: &mut H) {
        let _ = state;
    }

    /// Returns whether both messages have the same conflation key. It runs while the mailbox is
    /// locked, and must not use that mailbox.
    fn same_key(&self, other: &Self) -> bool {
        let _ = other;
        false
    }

    /// Returns its weight in bytes, for a mailbox with `max_bytes`. It is called before the mailbox
    /// is locked.
    fn weight(&self) -> usize {
        size_of::<Self>()
    }

    /// Returns the tokens that it costs under a rate, for policies that are
    /// [`costed`](Policy::costed). It is called before the mailbox is locked.
    fn cost(&self) -> usize {
        1
    }

    /// Returns the message as text, for dead letters. It is called only while there is a
    /// subscriber.
    ///
    /// A dead letter keeps 256 characters; [`observe::brief`](crate::observe::brief) formats no
    /// more.
    fn describe(&self) -> Option<String> {
        None
    }
}

/// A message type whose sends may choose a priority of its range.
///
/// The macros implement it where a type declares a range: `#[message(priority = normal..=high)]`.
/// By hand, it belongs to a [`POLICY`](Message::POLICY) with [`Policy::up_to`].
#[diagnostic::on_unimplemented(
    message = "a send of `{Self}` cannot choose its priority",
    label = "this message type has one priority",
    note = "declare a range: `#[message(priority = normal..=high)]`"
)]
pub trait Prioritized: Message {}

impl Class {
    /// Returns the class of a message type with its declared policy.
    pub const fn of<M: Message>() -> Class {
        Class { name: M::NAME, policy: M::POLICY, type_id: TypeId::of::<M>, base: None }
    }
}

/// A message, and the reply sender of its asker if there is one.
pub struct Envelope<M: Message> {
    message: M,
    asker: Asker<M::Reply>,
}

/// The sender of a message, as the envelope knows it. As large as the reply sender of an asker that
/// may not be there, so that the span of a sender costs a slot of the mailbox nothing.
enum Asker<R> {
    /// The message was told.
    None,
    Waits(ReplySender<R>),
    /// The span in which it was sent is known (L7).
    Traced(Box<Traced<R>>),
}

struct Traced<R> {
    origin: Origin,
    asker: Option<ReplySender<R>>,
}

impl<R> Traced<R> {
    #[cold]
    #[inline(never)]
    #[expect(
        clippy::boxed_local,
        reason = "unboxed by its caller it would be copied in the code of every turn"
    )]
    fn into_reply_sender(self: Box<Self>) -> Option<ReplySender<R>> {
        self.asker
    }
}

impl<R> Asker<R> {
    #[inline]
    fn new(asker: Option<ReplySender<R>>) -> Self {
        asker.map_or(Asker::None, Asker::Waits)
    }

    /// Returns the reply sender. The span of the sender is dropped.
    #[inline]
    fn into_reply_sender(self) -> Option<ReplySender<R>> {
        match self {
            Asker::None => None,
            Asker::Waits(asker) => Some(asker),
            Asker::Traced(traced) => traced.into_reply_sender(),
        }
    }

    fn take(&mut self) -> Self {
        std::mem::replace(self, Asker::None)
    }
}

impl<M: Message> fmt::Debug for Envelope<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_ask = match &self.asker {
            Asker::None => false,
            Asker::Waits(_) => true,
            Asker::Traced(traced) => traced.asker.is_some(),
        };
        f.debug_struct(M::NAME).field("is_ask", &is_ask).finish_non_exhaustive()
    }
}

impl<M: Message> Envelope<M> {
    pub(crate) fn new(message: M, asker: Option<ReplySender<M::Reply>>) -> Self {
        Envelope { message, asker: Asker::new(asker) }
    }

    /// Makes the envelope of a message that is sent in the span `origin`.
    pub(crate) fn traced(message: M, asker: Option<ReplySender<M::Reply>>, origin: Origin) -> Self {
        Envelope { message, asker: Asker::Traced(Box::new(Traced { origin, asker })) }
    }

    /// Splits into the message, for its handler, and the answer that the handler owes.
    #[inline]
    pub fn open(self) -> (M, Answer<M::Reply>) {
        (self.message, Answer { asker: self.asker.into_reply_sender() })
    }

    /// Returns the message to its sender.
    pub(crate) fn into_message(self) -> M {
        self.message
    }
}

/// A [`Envelope`] with its message type erased, for cold paths: losses, conflation, dead letters.
pub trait AnyEnvelope: Send + sealed::Sealed {
    #[doc(hidden)]
    fn send_lost(&mut self, reason: Reason);
    #[doc(hidden)]
    fn take_origin(&mut self) -> Option<Origin>;
    #[doc(hidden)]
    fn hash_key(&self, state: &mut dyn Hasher);
    #[doc(hidden)]
    fn same_key(&self, other: &dyn AnyEnvelope) -> bool;
    #[doc(hidden)]
    fn weight(&self) -> usize;
    #[doc(hidden)]
    fn cost(&self) -> usize;
    #[doc(hidden)]
    fn describe(&self) -> Option<String>;
    #[doc(hidden)]
    fn message(&self) -> &dyn Any;
}

mod sealed {
    /// Only [`Envelope`](super::Envelope) implements it, so that
    /// [`AnyEnvelope`](super::AnyEnvelope) can change.
    pub trait Sealed {}
}

impl<M: Message> sealed::Sealed for Envelope<M> {}

// `dyn Any` needs no `Sync` here: the reference never leaves the thread that borrows it.
impl<M: Message> AnyEnvelope for Envelope<M> {
    fn send_lost(&mut self, reason: Reason) {
        if let Some(asker) = self.asker.take().into_reply_sender() {
            asker.send(Err(reason));
        }
    }

    fn take_origin(&mut self) -> Option<Origin> {
        match self.asker.take() {
            Asker::Traced(traced) => {
                let Traced { origin, asker } = *traced;
                self.asker = Asker::new(asker);
                Some(origin)
            }
            other => {
                self.asker = other;
                None
            }
        }
    }

    fn hash_key(&self, mut state: &mut dyn Hasher) {
        self.message.hash_key(&mut state);
    }

    fn same_key(&self, other: &dyn AnyEnvelope) -> bool {
        other.message().downcast_ref::<M>().is_some_and(|other| self.message.same_key(other))
    }

    fn weight(&self) -> usize {
        self.message.weight()
    }

    fn cost(&self) -> usize {
        self.message.cost()
    }

    fn describe(&self) -> Option<String> {
        self.message.describe()
    }

    fn message(&self) -> &dyn Any {
        &self.message
    }
}

/// The answer that a handler owes. Dropped without one, it sends the asker the reason why the turn
/// ended.
pub struct Answer<R> {
    asker: Option<ReplySender<R>>,
}

impl<R> fmt::Debug for Answer<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").finish_non_exhaustive()
    }
}

impl<R> Answer<R> {
    /// Ends the turn, then sends the reply to the asker. In this order, an asker that has its
    /// answer finds the message as handled in the ledger.
    #[inline]
    pub fn send<A: Actor>(mut self, ctx: &mut Context<A>, reply: R) {
        if let Some(asker) = self.asker.take() {
            ctx.end_turn();
            // The reply may be dropped here, and the asker's waker runs. Both are foreign code, and
            // the turn has ended, so a panic must not fail it.
            let _ = caught(|| asker.send(Ok(reply)));
        }
    }

    /// Runs a turn until it returns, or until its asker has gone away: then returns `None`. The
    /// turn is dropped at the await at which it is suspended.
    ///
    /// `cancels` is that of the type's policy; without it the turn always runs to its end. So does
    /// the turn of a message that was told: it has no asker.
    ///
    /// # Cancel safety
    /// Dropping it drops the turn at its await.
    pub fn unless_abandoned<F: Future>(&self, cancels: bool, turn: F) -> UnlessAbandoned<'_, F, R> {
        UnlessAbandoned { turn, answer: self, cancels, is_suspended: false }
    }

    /// Counts the turn as cancelled, because its asker has gone away.
    pub fn cancelled<A: Actor>(self, ctx: &mut Context<A>) {
        ctx.note_cancelled();
    }

    fn poll_abandoned(&self, cx: &std::task::Context<'_>) -> Poll<()> {
        self.asker.as_ref().map_or(Poll::Pending, |asker| asker.poll_abandoned(cx))
    }

    /// Defers the answer, so that the handler can send it later. While the asker waits, a pool does
    /// not retire the instance of `ctx`.
    pub fn later<A: Actor>(mut self, ctx: &mut Context<A>) -> ReplyTo<R> {
        ReplyTo::new(self.asker.take(), || ctx.owe_reply())
    }
}

pin_project! {
    /// The future of [`Answer::unless_abandoned`].
    ///
    /// # Cancel safety
    /// Cancel safe, if the turn is: dropping it drops the turn at its await.
    #[must_use = "futures do nothing unless polled"]
    pub struct UnlessAbandoned<'a, F, R> {
        #[pin]
        turn: F,
        answer: &'a Answer<R>,
        cancels: bool,
        is_suspended: bool,
    }
}

impl<F, R> fmt::Debug for UnlessAbandoned<'_, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnlessAbandoned").field("cancels", &self.cancels).finish_non_exhaustive()
    }
}

impl<F: Future, R> Future for UnlessAbandoned<'_, F, R> {
    type Output = Option<F::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if *this.cancels && *this.is_suspended && this.answer.poll_abandoned(cx).is_ready() {
            return Poll::Ready(None);
        }
        let polled = this.turn.poll(cx).map(Some);
        if *this.cancels && polled.is_pending() {
            *this.is_suspended = true;
            return this.answer.poll_abandoned(cx).map(|()| None);
        }
        polled
    }
}

impl<R> Drop for Answer<R> {
    fn drop(&mut self) {
        if let Some(asker) = self.asker.take() {
            // A turn is dropped by its own panic, while it is polled; or at an await, because the
            // actor was killed, or because its runtime ends: perhaps by a panic on that thread.
            let is_own_panic = std::thread::panicking() && current::is_in_turn();
            let reason = if is_own_panic { Reason::Panicked } else { Reason::Closed };
            asker.send(Err(reason));
        }
    }
}
