//! Reserving a slot before the message exists.

use super::ask::Ask;
use super::cleanup::Target;
use super::journey::{Journey, give_back};
use super::tell::Tell;
use super::timer::{Timer, end_of_wait};
use super::{class_of, cycle};
use crate::actor::Handler;
use crate::actor::cell::{Cell, Packed};
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::clock::{self, Tick};
use crate::current::waits;
use crate::error::{About, Admission, AskError, Reason, SendError};
use crate::mailbox::{self, Entry, Offer, Outcome, WhenFull};
use crate::wait::Wait;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// Waits for a slot for a future message; resolves with a [`Permit`]. [`Handle::reserve`] returns
/// it.
///
/// It waits in the line of its type, whatever the type's overflow list, and never displaces a
/// message. Inside a turn it waits as long as that turn's caller does, or for the type's `timeout`
/// (30 seconds by default); elsewhere without a limit.
///
/// # Cancel safety
///
/// Cancel safe. If it is dropped while pending, nothing is reserved: it leaves the line, and a slot
/// that it was granted meanwhile goes to the next sender in line.
///
/// # Errors
///
/// [`Reason::Full`] if the line is full too, [`Reason::Shed`] while the supervisor refuses the type
/// (P3), [`Reason::Closed`], [`Reason::TimedOut`], and inside a turn [`Reason::WouldDeadlock`] if
/// only the end of that turn could make room.
#[must_use = "nothing is reserved before it is awaited"]
pub struct Reserve<'a, A: Handler<M>, M: Message> {
    to: Target<'a, A>,
    entry: Entry<(), mailbox::Permit>,
    timeout: Option<Duration>,
    end: Tick,
    timer: Timer,
    /// What it waits for, inside a turn (D1).
    wait: Option<Wait>,
    _message: PhantomData<fn() -> M>,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Reserve<'_, A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for Reserve<'_, A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reserve").field("to", self.to.name()).field("message", &M::NAME).finish()
    }
}

impl<'a, A: Handler<M>, M: Message> Reserve<'a, A, M> {
    pub(crate) fn new(handle: &'a Handle<A>) -> Self {
        Reserve::with(Target::Borrowed(handle))
    }

    fn with(to: Target<'a, A>) -> Self {
        Reserve {
            to,
            entry: Entry::Fresh(()),
            timeout: None,
            timer: Timer::none(),
            wait: None,
            end: Tick::NEVER,
            _message: PhantomData,
        }
    }

    /// Sets how long to wait in line, from the first poll on.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Takes an owned handle, so that the wait may leave this scope, for example into a task.
    ///
    /// # Panics
    ///
    /// After the first poll.
    #[track_caller]
    pub fn owned(self) -> Reserve<'static, A, M> {
        assert!(
            matches!(self.entry, Entry::Fresh(())),
            "the reservation of `{}` at `{}` was polled already, and stays where it is",
            M::NAME,
            self.to.name()
        );
        let mut owned = Reserve::with(Target::Owned(Handle::clone(&self.to)));
        owned.timeout = self.timeout;
        owned
    }

    pub(crate) fn now(mut self) -> Result<Permit<A, M>, SendError<()>> {
        self.entry = Entry::Over;
        match reserve::<A, M>(self.to.cell(), WhenFull::Refuse) {
            Offer::Granted((), _) => Ok(self.permit()),
            Offer::Refused((), reason, retry_after) => Err(self.refusal(reason, retry_after)),
            Offer::InLine(_) => unreachable!("`WhenFull::Refuse` never joins the line"),
        }
    }

    fn permit(&mut self) -> Permit<A, M> {
        self.wait = None;
        self.timer.clear(self.to.cell());
        Permit { handle: Some(Handle::clone(&self.to)), _message: PhantomData }
    }
}

/// Returns when the wait ends: like that of a blocked send (T2).
fn end_of_reservation<A: Handler<M>, M: Message>(cell: &Cell<A>, timeout: Option<Duration>) -> Tick {
    let own = timeout.map_or(Tick::NEVER, |timeout| clock::now().after(timeout));
    end_of_wait(cell, class_of::<A, M>(), own)
}

/// Requests a slot, after the gate (P3).
fn reserve<A: Handler<M>, M: Message>(
    cell: &Arc<Cell<A>>,
    when_full: WhenFull,
) -> Offer<mailbox::Permit, Packed<A>> {
    match cell.gate.refuses_permit(class_of::<A, M>()) {
        Some(retry_after) => Offer::Refused((), Reason::Shed, Some(retry_after)),
        None => cell.visit(|section| section.reserve(class_of::<A, M>(), when_full)),
    }
}

impl<A: Handler<M>, M: Message> Reserve<'_, A, M> {
    /// Registers the wait in line, inside a turn. Ready if it would close a cycle (D1).
    #[inline]
    fn wait_inside(&mut self, cx: &Context<'_>) -> Poll<Result<Permit<A, M>, SendError<()>>> {
        let Entry::InLine(line) = &self.entry else { return Poll::Pending };
        if !waits::concerns(self.wait.as_ref()) {
            return Poll::Pending;
        }
        let (cell, waiter) = (self.to.cell(), line.waiter());
        match waits::enter(&mut self.wait, cell, self.end, cx.waker(), || cycle::slot(cell, waiter)) {
            Ok(()) => Poll::Pending,
            Err(names) => {
                let why = AskError::in_cycle(&self.to.cell().life, About::class(A::CLASS), names);
                Poll::Ready(self.give_up(why))
            }
        }
    }

    fn why(&self, reason: Reason) -> AskError {
        AskError::new(&self.to.cell().life, About::class(A::CLASS), reason)
    }

    fn refusal(&self, reason: Reason, retry_after: Option<Duration>) -> SendError<()> {
        SendError::new((), self.why(reason).retry(retry_after))
    }

    /// Leaves the line. Returns the outcome of the wait, if it had ended just before.
    fn leave(&mut self, reason: Reason) -> Option<Outcome<(), ()>> {
        let line = self.entry.take_line()?;
        self.wait = None;
        self.to.cell().visit(|section| section.give_up(line, reason)).err().map(|(outcome, _)| outcome)
    }

    /// Gives up in line, unless the permit was granted or refused just before.
    fn give_up(&mut self, why: AskError) -> Result<Permit<A, M>, SendError<()>> {
        match self.leave(why.reason()) {
            Some(Outcome::Granted(())) => Ok(self.permit()),
            Some(Outcome::Refused((), reason)) => Err(self.refusal(reason, None)),
            None => Err(SendError::new((), why)),
        }
    }
}

impl<A: Handler<M>, M: Message> Future for Reserve<'_, A, M> {
    type Output = Result<Permit<A, M>, SendError<()>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let Reserve { to, entry, timeout, end, timer, .. } = this;
        let cell = to.cell();
        let entered = entry.poll(&cell.mailbox, cx, |()| {
            let offer = reserve::<A, M>(cell, WhenFull::Wait);
            if let Offer::InLine(_) = offer {
                // Set before the line is polled, because the `clone` of the waker may panic there.
                *end = end_of_reservation::<A, M>(cell, *timeout);
                timer.set(*end, cell);
            }
            offer
        });
        match entered {
            Poll::Pending => {}
            Poll::Ready(Some(Ok(_))) => return Poll::Ready(Ok(this.permit())),
            Poll::Ready(Some(Err(((), reason, retry_after)))) => {
                this.wait = None;
                return Poll::Ready(Err(this.refusal(reason, retry_after)));
            }
            Poll::Ready(None) => panic!(
                "the reservation of `{}` at `{}` was polled after it had completed",
                M::NAME,
                this.to.name()
            ),
        }
        if !this.timer.poll(this.to.cell(), cx) {
            return this.wait_inside(cx);
        }
        let why = this.why(Reason::TimedOut).retry(this.to.reading().retry_after);
        Poll::Ready(this.give_up(why))
    }
}

impl<A: Handler<M>, M: Message> Drop for Reserve<'_, A, M> {
    fn drop(&mut self) {
        if let Some(Outcome::Granted(())) = self.leave(Reason::Cancelled) {
            drop(self.permit());
        }
    }
}

/// A slot in an actor's mailbox for one message of type `M`. It counts against capacity and the
/// type's `max`, and gives both back if it is dropped unused. It keeps the actor alive, and is void
/// once the actor is told to stop (F4).
///
/// Order, age and ttl count from the send, not from the reservation. A message that replaces one of
/// its key needs no slot, and gives this one back.
///
/// ```
/// use actors_core::prelude::*;
///
/// struct Mill { ground: u32 }
/// #[actor(local, capacity = 2, reserve = 0)]
/// impl Mill {
///     #[message]
///     fn grind(&mut self, sack: u32) { self.ground += sack; }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let mill = System::new("village").spawn(Mill { ground: 0 });
/// // Fetch only what there will be room for.
/// let permit = mill.reserve::<MillGrind>().await.unwrap();
/// assert_eq!(mill.reading().permits, 1);
/// let sack = 7; // expensive to fetch
/// permit.send(MillGrind { sack }).unwrap();
/// assert_eq!(mill.reading().permits, 0);
/// # }
/// ```
#[must_use = "dropping it gives the slot back"]
pub struct Permit<A: Handler<M>, M: Message> {
    /// `None` once it was used.
    handle: Option<Handle<A>>,
    _message: PhantomData<fn() -> M>,
}

impl<A: Handler<M>, M: Message> fmt::Debug for Permit<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.handle.as_ref().map(Handle::name);
        f.debug_struct("Permit").field("to", &to).field("message", &M::NAME).finish()
    }
}

impl<A: Handler<M>, M: Message> Permit<A, M> {
    /// Sends the message. The slot is reserved, so this never waits.
    ///
    /// # Errors
    ///
    /// With the message: [`Reason::Closed`] if the actor was told to stop meanwhile.
    /// [`Reason::Full`] if the message's bytes do not fit into a mailbox with `max_bytes`, or if in
    /// a pool its key has used up its share (S8): a permit reserves a slot, but neither bytes nor a
    /// share, because weight and key are not known before. [`Reason::Panicked`] if the `Hash`, the
    /// `Eq` or the weight of the message panics.
    pub fn send(self, message: M) -> Result<Admission, SendError<M>> {
        Tell::from_journey(self.journey(message)).try_send()
    }

    /// Sends the message and waits for the answer. Nothing is sent before the first poll; dropped
    /// before it, the slot is given back.
    ///
    /// # Errors
    ///
    /// As for any ask; in particular as for [`send`](Permit::send).
    pub fn ask(self, message: M) -> Ask<'static, A, M> {
        Ask::from_journey(self.journey(message))
    }

    fn journey(mut self, message: M) -> Journey<'static, A, M> {
        let Some(handle) = self.handle.take() else { unreachable!("a permit is used once, by value") };
        Journey::with_permit(handle, message)
    }
}

impl<A: Handler<M>, M: Message> Drop for Permit<A, M> {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            give_back(&handle, class_of::<A, M>());
        }
    }
}
