//! A one-way send.

use super::ask::Ask;
use super::donate::Attempt;
use super::journey::{Arrival, Journey};
use crate::actor::Handler;
use crate::actor::handle::Handle;
use crate::actor::message::{Message, Prioritized};
use crate::error::{Admission, SendError};
use crate::mailbox::{FastPath, WhenFull};
use crate::panics::ignored;
use crate::policy::Priority;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A message on its way to an actor; resolves when it is in the mailbox. A call of a message
/// without a reply returns it.
///
/// If its policy says `block`, it waits in line: inside a turn as long as that turn's caller waits,
/// or 30 seconds by default, elsewhere without a limit. Where only the end of that turn could make
/// room it does not wait, but fails with [`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock). A
/// dropped newcomer (`drop_newest`) is not an error: `Ok(Admission::Dropped)`.
///
/// It borrows the handle. [`owned`](Tell::owned) makes a future that may outlive the handle, for
/// example in a task: `tokio::spawn(shop.viewed(page).owned())`.
///
/// # Cancel safety
///
/// Cancel safe. If it is dropped while pending, the message leaves the line, or is withdrawn if it
/// was let in meanwhile, and counts `cancelled`. A message whose turn has begun is still handled.
///
/// # Errors
///
/// A [`SendError`] with the message: refused, closed, or too late.
#[must_use = "nothing is sent before it is awaited, or `try_send` or `blocking` is called"]
pub struct Tell<'a, A: Handler<M>, M: Message> {
    pub(super) journey: Journey<'a, A, M>,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Tell<'_, A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for Tell<'_, A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tell").field("to", self.journey.handle().name()).field("message", &M::NAME).finish()
    }
}

impl<'a, A: Handler<M>, M: Message> Tell<'a, A, M> {
    #[inline(always)]
    pub(crate) fn new(handle: &'a Handle<A>, message: M) -> Self {
        Tell { journey: Journey::new(handle, message) }
    }

    pub(super) fn from_journey(journey: Journey<'a, A, M>) -> Self {
        Tell { journey }
    }

    /// Sends now, and never waits: if the policy says `block`, a full mailbox refuses with
    /// [`Reason::Full`](crate::Reason::Full). Never runs the handler. Needs no async context.
    ///
    /// # Errors
    /// As for awaiting it.
    #[inline(always)]
    pub fn try_send(mut self) -> Result<Admission, SendError<M>> {
        // Inlined up to here, so that the message is written straight to its slot. A copy of a
        // value that was just written in parts would stall until the parts are stored.
        if let Some(refused) = self.journey.is_refused(WhenFull::Refuse) {
            return self.journey.send_refused(refused);
        }
        match self.journey.try_fast_path(WhenFull::Refuse) {
            FastPath::Slot(()) => Ok(Admission::Queued),
            FastPath::Refused(reason, retry_after) => self.journey.send_refused((reason, retry_after)),
            FastPath::LongWay => settle(self.journey.try_in()),
        }
    }

    /// Waits until the message has been handled, instead of until it is in the mailbox.
    ///
    /// # Panics
    ///
    /// After the first poll.
    #[track_caller]
    pub fn ask(self) -> Ask<'a, A, M> {
        Ask::from_journey(self.journey.fresh())
    }

    /// Sets a deadline, from the first poll on, for the wait in line and for the beginning of the
    /// turn.
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
    pub fn owned(self) -> Tell<'static, A, M> {
        Tell { journey: self.journey.owned() }
    }

    /// Sends from a plain thread, and waits as long as awaiting it would. Only its deadline cancels
    /// it, on the clock of the actor's runtime: a current-thread runtime that no thread drives at
    /// the time neither makes room nor times out.
    ///
    /// # Errors
    ///
    /// As for awaiting it.
    ///
    /// # Panics
    ///
    /// On a thread that drives async tasks, which it would block.
    pub fn blocking(mut self) -> Result<Admission, SendError<M>> {
        self.journey.block();
        let rt = self.journey.handle().cell().rt.clone();
        rt.block_on(self)
    }
}

impl<A: Handler<M>, M: Message> Future for Tell<'_, A, M> {
    type Output = Result<Admission, SendError<M>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if let Some(refused) = self.journey.is_refused(WhenFull::Wait) {
            return Poll::Ready(self.journey.send_refused(refused));
        }
        match self.journey.donate(cx, false, || None) {
            Attempt::Done(answer) => {
                if std::mem::needs_drop::<M::Reply>() {
                    // A tell does not use the reply, whose `Drop` is user code.
                    ignored(|| drop(answer));
                }
                // The actor handles its panic; for the sender the message was accepted.
                return Poll::Ready(Ok(Admission::Queued));
            }
            Attempt::Begun => return Poll::Ready(Ok(Admission::Queued)),
            Attempt::Yield => return Poll::Pending,
            Attempt::No => {}
        }
        match self.journey.try_fast_path(WhenFull::Wait) {
            FastPath::Slot(()) => Poll::Ready(Ok(Admission::Queued)),
            FastPath::Refused(reason, retry_after) => {
                Poll::Ready(self.journey.send_refused((reason, retry_after)))
            }
            FastPath::LongWay => self.journey.poll_in(cx, || None).map(settle),
        }
    }
}

fn settle<M>(arrival: Arrival<M>) -> Result<Admission, SendError<M>> {
    arrival.or_else(|refusal| match refusal.message {
        Some(message) => Err(SendError::new(message, refusal.why)),
        None => Ok(Admission::Dropped),
    })
}
