//! A one-way send.

use super::ask::Ask;
use super::donate::Attempt;
use super::journey::{Arrival, Journey};
use crate::actor::Handler;
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::error::{Admission, Reason, SendError};
use crate::mailbox::{FastPath, WhenFull};
use crate::panics::ignored;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// A message on its way to an actor; resolves when it is in the mailbox. What a call of a message without a reply returns.
///
/// Where its policy says `block`, it waits in line; inside a turn for as long as that turn's caller waits, or 30 seconds by
/// default, elsewhere for as long as it takes; and not at all where only the end of that turn could make room
/// ([`Reason::WouldDeadlock`](crate::Reason::WouldDeadlock)). A dropped newcomer (`drop_newest`) is no error: `Ok(Admission::Dropped)`.
///
/// It borrows the handle. What outlives the handle, such as a task, takes [`owned`](Tell::owned):
/// `tokio::spawn(shop.viewed(page).owned())`.
///
/// # Cancel safety
/// Cancel safe. Dropped while it is pending, the message was not sent: it leaves the line, and where it was let in meanwhile it is
/// withdrawn, both counted `cancelled`. Only a message whose turn has begun by then is handled all the same.
///
/// # Errors
/// A [`SendError`] with the message: refused, closed, or too late.
#[must_use = "nothing is sent before it is awaited, or `try_send` or `blocking` is called"]
pub struct Tell<'a, A: Handler<M>, M: Message> {
    journey: Journey<'a, A, M>,
}

// Nothing in it is pinned.
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

    /// Sends now, and never waits: where the policy says `block`, a full mailbox refuses with
    /// [`Reason::Full`](crate::Reason::Full). Never runs the handler. Needs no async context.
    ///
    /// # Errors
    /// As for awaiting it.
    #[inline(always)]
    pub fn try_send(mut self) -> Result<Admission, SendError<M>> {
        // Inlined up to here, so that the message goes straight to its slot: a value that was just written in parts and is
        // copied as a whole waits for the parts to arrive.
        if let Some(retry_after) = self.journey.is_shed() {
            return settle(self.journey.refused(Reason::Shed, retry_after));
        }
        match self.journey.try_fast_path(WhenFull::Refuse) {
            FastPath::Slot(()) => Ok(Admission::Queued),
            FastPath::Full(retry_after) => settle(self.journey.refused(Reason::Full, retry_after)),
            FastPath::LongWay => settle(self.journey.try_in()),
        }
    }

    /// Waits until the message has been handled, instead of until it is in the mailbox.
    ///
    /// # Panics
    /// When it was polled already.
    #[track_caller]
    pub fn ask(self) -> Ask<'a, A, M> {
        Ask::from_journey(self.journey.fresh())
    }

    /// A deadline, from the first poll on: for the wait in line, and for the beginning of the turn.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.journey.set_timeout(timeout);
        self
    }

    /// Takes a handle of its own, so that the call may leave this scope, for example into a task.
    pub fn owned(self) -> Tell<'static, A, M> {
        Tell { journey: self.journey.owned() }
    }

    /// Sends from a plain thread, and waits as long as awaiting it would. Nothing cancels it but its deadline.
    ///
    /// # Errors
    /// As for awaiting it.
    ///
    /// # Panics
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
        if let Some(retry_after) = self.journey.is_shed() {
            return Poll::Ready(settle(self.journey.refused(Reason::Shed, retry_after)));
        }
        match self.journey.donate(cx, false) {
            Attempt::Done(answer) => {
                if std::mem::needs_drop::<M::Reply>() {
                    // A tell has no use for the reply, whose `Drop` is user code.
                    ignored(|| drop(answer));
                }
                // A panic is the actor's affair: the message was taken.
                return Poll::Ready(Ok(Admission::Queued));
            }
            Attempt::Yield => return Poll::Pending,
            Attempt::No => {}
        }
        match self.journey.try_fast_path(WhenFull::Wait) {
            FastPath::Slot(()) => Poll::Ready(Ok(Admission::Queued)),
            FastPath::Full(retry_after) => {
                Poll::Ready(settle(self.journey.refused(Reason::Full, retry_after)))
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
