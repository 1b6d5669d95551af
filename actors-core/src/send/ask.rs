//! A send that waits for the answer.

use super::donate::Attempt;
use super::journey::Journey;
use super::tell::Tell;
use crate::actor::Handler;
use crate::actor::handle::Handle;
use crate::actor::message::{Message, Prioritized};
use crate::clock::Tick;
use crate::error::AskError;
use crate::policy::Priority;
use crate::reply::{ReplySender, Slot};
use crate::sync::Arc;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// An ask on its way to an actor; resolves with the answer. A call of a message with a reply
/// returns it.
///
/// Its deadline covers line, queue and handler together. It is [`timeout`](Ask::timeout) if set,
/// otherwise the remaining time of the turn in which it is made, otherwise the message's declared
/// `timeout`, otherwise 30 seconds. If the message is lost, the ask fails at that time, not at its
/// deadline. An ask inside a turn that could only be answered after that turn fails at once with
/// [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock), and names the actors of the
/// [`cycle`](AskError::cycle).
///
/// It borrows the handle. [`owned`](Ask::owned) makes a future that may outlive the handle, for
/// example in a task: `tokio::spawn(shop.price(7).owned())`.
///
/// # Cancel safety
///
/// Cancel safe. If it is dropped while pending, the message is withdrawn from the line or the
/// queue, and counted `cancelled`. A message whose turn has begun is still handled, and its answer
/// is dropped.
///
/// # Errors
///
/// An [`AskError`] with the [`Reason`](crate::Reason).
#[must_use = "nothing is asked before it is awaited, or `blocking` is called"]
pub struct Ask<'a, A: Handler<M>, M: Message> {
    pub(super) journey: Journey<'a, A, M>,
    slot: Option<Waiting<M::Reply>>,
}

/// A slot whose answer is awaited. Dropping it tells the slot that its asker is gone.
struct Waiting<R>(Option<Arc<Slot<R>>>);

impl<R> Waiting<R> {
    fn into_slot(mut self) -> Option<Arc<Slot<R>>> {
        self.0.take()
    }
}

impl<R> Drop for Waiting<R> {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            slot.abandon();
        }
    }
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Ask<'_, A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for Ask<'_, A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ask").field("to", self.journey.handle().name()).field("message", &M::NAME).finish()
    }
}

impl<'a, A: Handler<M>, M: Message> Ask<'a, A, M> {
    pub(crate) fn new(handle: &'a Handle<A>, message: M) -> Self {
        Ask::from_journey(Journey::new(handle, message))
    }

    pub(super) fn from_journey(journey: Journey<'a, A, M>) -> Self {
        Ask { journey, slot: None }
    }

    /// Sends without waiting for the answer.
    ///
    /// # Panics
    ///
    /// After the first poll.
    #[track_caller]
    pub fn tell(self) -> Tell<'a, A, M> {
        Tell::from_journey(self.journey.fresh())
    }

    /// Sets a deadline for line, queue and handler together, from the first poll on.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.journey.set_timeout(timeout);
        self
    }

    /// Chooses the priority of this message, within the range that its type declares: from a range
    /// `normal..=high`, `urgent` chooses `high`. Has no effect after the first poll.
    ///
    /// ```
    /// use actors_core::prelude::*;
    /// # struct Shop;
    /// # #[actor(local)]
    /// # impl Shop {
    /// #[message(priority = normal..=high)]
    /// async fn order(&mut self, sku: u32) -> u32 { sku }
    /// # }
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// # let shop = System::new("shop").spawn(Shop);
    /// assert_eq!(shop.order(7).priority(Priority::High).await.unwrap(), 7);
    /// # }
    /// ```
    pub fn priority(mut self, priority: Priority) -> Self
    where
        M: Prioritized,
    {
        self.journey.set_priority(priority);
        self
    }

    /// Takes an owned handle, so that the call may leave this scope, for example into a task.
    pub fn owned(self) -> Ask<'static, A, M> {
        Ask { journey: self.journey.owned(), slot: self.slot }
    }

    /// Returns the message with the error if the message was not accepted.
    pub fn returning(self) -> AskReturning<'a, A, M> {
        AskReturning { ask: self }
    }

    /// Asks from a plain thread. Only its deadline cancels it, on the clock of the actor's runtime:
    /// a current-thread runtime that no thread drives at the time neither answers nor times out.
    ///
    /// # Errors
    ///
    /// As for awaiting it.
    ///
    /// # Panics
    ///
    /// On a thread that drives async tasks, which it would block.
    pub fn blocking(mut self) -> Result<M::Reply, AskError> {
        self.journey.block();
        let rt = self.journey.handle().cell().rt.clone();
        rt.block_on(self)
    }

    /// Makes it ready to be polled for the first time again, with its message.
    pub(super) fn renew(&mut self, message: M) {
        self.journey.renew(message);
        self.slot = None;
    }

    pub(super) fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<Answered<M>> {
        // Its turn has begun in this very poll, so the answer may be here.
        let mut has_begun = false;
        if !self.journey.is_in() {
            if let Some(refused) = self.journey.is_ask_refused() {
                let Err(error) = self.journey.send_refused(refused) else { unreachable!("it was refused") };
                let (message, why) = error.into_parts();
                return Poll::Ready(Err((why, Some(message))));
            }
            let Ask { journey, slot } = self;
            let mut asker = || {
                let slot = slot.get_or_insert_with(|| Waiting(Some(Slot::new())));
                slot.0.clone().map(ReplySender::new)
            };
            match journey.donate(cx, true, &mut asker) {
                Attempt::Done(answer) => {
                    return Poll::Ready(answer.map_err(|reason| (journey.why(reason), None)));
                }
                Attempt::Begun => has_begun = true,
                Attempt::Yield => return Poll::Pending,
                Attempt::No => {
                    if let Err(refusal) = ready!(journey.poll_in(cx, asker)) {
                        return Poll::Ready(Err((refusal.why, refusal.message)));
                    }
                }
            }
        }
        let Some(Waiting(Some(slot))) = &mut self.slot else {
            panic!(
                "the ask of `{}` from `{}` was polled after it had completed",
                M::NAME,
                self.journey.handle().name()
            )
        };
        let is_first = !self.journey.has_timer();
        if (!is_first || has_begun)
            && let Some(answer) = Slot::take_alone(slot)
        {
            self.journey.finish();
            self.slot.take().and_then(Waiting::into_slot).into_iter().for_each(Slot::keep);
            return Poll::Ready(answer.map_err(|reason| (self.journey.why_lost(reason), None)));
        }
        let answer = if is_first && !has_begun { slot.register(cx) } else { slot.poll(cx) };
        if let Poll::Ready(answer) = answer {
            // A wait inside a turn holds the slot too.
            self.journey.finish();
            if let Some(slot) = self.slot.take().and_then(Waiting::into_slot) {
                Slot::recycle(slot);
            }
            return Poll::Ready(answer.map_err(|reason| (self.journey.why_lost(reason), None)));
        }
        if is_first {
            if has_begun && self.journey.deadline == Tick::NEVER {
                // The turn is over, and the answer comes later.
                self.journey.set_deadline(true);
            }
            self.journey.await_answer();
        }
        let Poll::Ready(reason) = self.journey.poll_deadline(cx) else {
            let refusal = ready!(self.journey.await_inside(cx, slot));
            self.slot = None;
            return Poll::Ready(Err((refusal.why, refusal.message)));
        };
        self.slot = None;
        self.journey.finish();
        Poll::Ready(Err((self.journey.why_lost(reason), None)))
    }
}

impl<A: Handler<M>, M: Message> Future for Ask<'_, A, M> {
    type Output = Result<M::Reply, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.poll_answer(cx).map_err(|(why, _)| why)
    }
}

/// An answer, or why there is none and the message if it was not taken.
pub(super) type Answered<M> = Result<<M as Message>::Reply, (AskError, Option<M>)>;

/// An [`Ask`] whose error includes the message: `Some` if it was refused, `None` if it was accepted
/// and then lost.
///
/// # Cancel safety
///
/// Cancel safe, like the [`Ask`] it was made from. The message is dropped with it.
#[must_use = "nothing is asked before it is awaited"]
pub struct AskReturning<'a, A: Handler<M>, M: Message> {
    ask: Ask<'a, A, M>,
}

impl<A: Handler<M>, M: Message> fmt::Debug for AskReturning<'_, A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.ask, f)
    }
}

impl<A: Handler<M>, M: Message> Future for AskReturning<'_, A, M> {
    type Output = Answered<M>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.ask.poll_answer(cx)
    }
}
