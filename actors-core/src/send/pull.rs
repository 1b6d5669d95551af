//! Pull: an item is taken from its source only when there is a slot for it.
//!
//! ```text
//!   slot granted ──► next item of the stream ──► sent ──► slot granted ──► …        attach
//!   poll_ready: slot granted ──► start_send: sent                                   sink
//! ```
//!
//! The demand of a mailbox is a [`Permit`]: a source never has more items out than it has permits,
//! which is one, and a permit counts against the capacity. So a full mailbox stops reading from a
//! socket, and its peer's window closes.
//!
//! **Invariants.** No item is taken without a slot, and none is lost: one that was taken and could
//! not be sent comes back with the error. Ending one side ends the other: the end of the stream
//! ends the attachment, and the end of the actor drops the stream.

use super::{Permit, Reserve};
use crate::actor::Handler;
use crate::actor::ending::Waiting;
use crate::actor::handle::Handle;
use crate::actor::message::Message;
use crate::clock;
use crate::error::{About, AskError, Reason, SendError, StopReason};
use crate::send::timer::Timer;
use crate::wakers::discard;
use futures_core::Stream;
use futures_sink::Sink;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::task::coop;

/// A slot for one item: asked for until it is there, or the actor has closed.
pub(super) struct Grant<A: Handler<M>, M: Message> {
    handle: Handle<A>,
    state: State<A, M>,
}

enum State<A: Handler<M>, M: Message> {
    Idle,
    Asking(Reserve<'static, A, M>),
    /// Refused, with a time after which to ask again.
    Pausing(Timer),
    Granted(Permit<A, M>),
}

impl<A: Handler<M>, M: Message> Grant<A, M> {
    pub(super) fn new(handle: &Handle<A>) -> Self {
        Grant { handle: handle.clone(), state: State::Idle }
    }

    pub(super) fn handle(&self) -> &Handle<A> {
        &self.handle
    }

    /// Polls for the slot. An error is final. Each slot costs a unit of tokio's cooperative budget,
    /// so that a source which always has an item lets other tasks run.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AskError>> {
        if self.handle.is_closed() {
            return Poll::Ready(Err(self.closed()));
        }
        let unit = ready!(coop::poll_proceed(cx));
        let granted = self.poll_slot(cx);
        if granted.is_ready() {
            unit.made_progress();
        }
        granted
    }

    fn poll_slot(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), AskError>> {
        loop {
            match &mut self.state {
                State::Idle => self.state = State::Asking(self.handle.reserve::<M>().owned()),
                State::Asking(reserve) => match ready!(Pin::new(reserve).poll(cx)) {
                    Ok(permit) => self.state = State::Granted(permit),
                    Err(refused) => {
                        let ((), why) = refused.into_parts();
                        self.state = State::Idle;
                        if !self.may_ask_again(&why) {
                            return Poll::Ready(Err(why));
                        }
                    }
                },
                State::Pausing(timer) => {
                    let cell = self.handle.cell();
                    if !timer.poll(cell, cx) && !timer.is_lost(cell) {
                        return Poll::Pending;
                    }
                    self.end_pause();
                }
                State::Granted(_) => return Poll::Ready(Ok(())),
            }
        }
    }

    /// Whether a refusal is for the moment only; then it pauses.
    fn may_ask_again(&mut self, why: &AskError) -> bool {
        let is_for_now = matches!(why.reason(), Reason::Full | Reason::Shed | Reason::RateLimited);
        match why.retry_after() {
            Some(wait) if is_for_now => self.pause(wait),
            _ => return false,
        }
        true
    }

    fn pause(&mut self, wait: Duration) {
        let mut timer = Timer::none();
        timer.set(clock::now().after(wait), self.handle.cell());
        self.state = State::Pausing(timer);
    }

    fn end_pause(&mut self) {
        if let State::Pausing(mut timer) = std::mem::replace(&mut self.state, State::Idle) {
            timer.clear(self.handle.cell());
        }
    }

    /// Uses the slot. Where the item does not fit although there is a slot (bytes, or the share of
    /// its key), it comes back and the slot is free; `Some` of the error if that is final.
    fn send(&mut self, item: M) -> Result<(), (M, Option<AskError>)> {
        let State::Granted(permit) = std::mem::replace(&mut self.state, State::Idle) else {
            panic!("an item was sent to `{}` before there was a slot for it", self.handle.name())
        };
        let Err(refused) = permit.send(item) else { return Ok(()) };
        let (item, why) = refused.into_parts();
        let is_final = !self.may_ask_again(&why);
        Err((item, is_final.then_some(why)))
    }

    /// Takes the slot out, if there is one.
    pub(super) fn take(&mut self) -> Option<Permit<A, M>> {
        match std::mem::replace(&mut self.state, State::Idle) {
            State::Granted(permit) => Some(permit),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// Gives the slot back, if there is one.
    fn give_back(&mut self) {
        self.end_pause();
        self.state = State::Idle;
    }

    fn closed(&self) -> AskError {
        AskError::new(&self.handle.cell().life, About::class(A::CLASS), Reason::Closed)
    }
}

impl<A: Handler<M>, M: Message> Drop for Grant<A, M> {
    fn drop(&mut self) {
        self.end_pause();
    }
}

/// A stream whose items go to an actor, each only when there is a slot for it.
/// [`Handle::attach`] returns it.
///
/// It resolves with the number of items that were sent when the stream ends. Nothing happens before
/// it is polled: await it, or spawn it as a task.
///
/// # Cancel safety
///
/// Cancel safe. Dropped, it drops the stream and gives its slot back; no item is out.
///
/// # Errors
///
/// A [`SendError`] when the actor closes ([`Reason::Closed`]), where an item cannot be sent at all,
/// and inside a turn at the end of that turn's time ([`Reason::TimedOut`]) or where only the end of
/// that turn could make room. It has the item that was taken from the stream and not sent, if there
/// is one. While the mailbox is full, load is shed, or the rate of the type is spent, it waits.
///
/// # Panics
///
/// When it is polled after it has completed.
#[must_use = "nothing is taken from the stream before it is awaited"]
pub struct Attach<A: Handler<M>, M: Message, St> {
    grant: Grant<A, M>,
    /// Resolves at the actor's end, which the attachment does not need.
    ended: Waiting<StopReason>,
    /// `None` once this has completed.
    stream: Option<St>,
    /// Taken from the stream, and did not fit yet.
    item: Option<M>,
    sent: u64,
}

// The stream is pinned by its own `Unpin`; nothing else needs to stay where it is.
impl<A: Handler<M>, M: Message, St: Unpin> Unpin for Attach<A, M, St> {}

impl<A: Handler<M>, M: Message, St> fmt::Debug for Attach<A, M, St> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.grant.handle.name();
        f.debug_struct("Attach").field("to", to).field("message", &M::NAME).field("sent", &self.sent).finish()
    }
}

impl<A: Handler<M>, M: Message, St: Stream<Item = M> + Unpin> Attach<A, M, St> {
    pub(super) fn new(handle: &Handle<A>, stream: St) -> Self {
        let ended = handle.closed().untracked();
        Attach { grant: Grant::new(handle), ended, stream: Some(stream), item: None, sent: 0 }
    }

    /// Returns the number of items that were sent so far. After an error or a time-out around it,
    /// a source continues behind these.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Gives the slot back, and drops the stream.
    fn complete(&mut self) {
        self.grant.give_back();
        self.stream = None;
    }

    fn fail(&mut self, why: AskError) -> Poll<Result<u64, SendError<Option<M>>>> {
        self.complete();
        Poll::Ready(Err(SendError::new(self.item.take(), why)))
    }
}

impl<A: Handler<M>, M: Message, St: Stream<Item = M> + Unpin> Future for Attach<A, M, St> {
    type Output = Result<u64, SendError<Option<M>>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        assert!(
            this.stream.is_some(),
            "a stream attached to `{}` was polled after its end",
            this.grant.handle.name()
        );
        if Pin::new(&mut this.ended).poll(cx).is_ready() {
            let why = this.grant.closed();
            return this.fail(why);
        }
        loop {
            if let Err(why) = ready!(this.grant.poll(cx)) {
                return this.fail(why);
            }
            let item = match (this.item.take(), &mut this.stream) {
                (Some(item), _) => Some(item),
                (None, Some(stream)) => ready!(Pin::new(stream).poll_next(cx)),
                (None, None) => None,
            };
            let Some(item) = item else {
                this.complete();
                return Poll::Ready(Ok(this.sent));
            };
            match this.grant.send(item) {
                Ok(()) => this.sent += 1,
                Err((item, why)) => {
                    this.item = Some(item);
                    if let Some(why) = why {
                        return this.fail(why);
                    }
                }
            }
        }
    }
}

/// A [`Sink`] of messages that is ready when there is a slot. [`Handle::sink`] returns it.
///
/// Being ready is a permit: the slot is kept until an item is sent or the sink is dropped. While
/// the mailbox is full, load is shed, or the rate of the type is spent, it is not ready.
///
/// # Errors
///
/// A [`SendError`] when the actor closes, or where an item cannot be sent at all, with the item if
/// one was given. An item that does not fit although there is a slot is kept until it does:
/// `poll_ready` and `poll_flush` wait for that.
pub struct MailSink<A: Handler<M>, M: Message> {
    grant: Grant<A, M>,
    /// Given, and did not fit yet.
    item: Option<M>,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for MailSink<A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for MailSink<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.grant.handle.name();
        f.debug_struct("MailSink").field("to", to).field("message", &M::NAME).finish_non_exhaustive()
    }
}

impl<A: Handler<M>, M: Message> MailSink<A, M> {
    pub(super) fn new(handle: &Handle<A>) -> Self {
        MailSink { grant: Grant::new(handle), item: None }
    }

    /// Takes out the item that was given and is not sent yet, if there is one. A sink that is
    /// dropped drops that item, so take it out before where it must not be lost.
    pub fn take_unsent(&mut self) -> Option<M> {
        self.item.take()
    }

    /// Polls until the item that did not fit is sent.
    fn poll_item(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<Option<M>>>> {
        while let Some(item) = self.item.take() {
            match self.grant.poll(cx) {
                Poll::Pending => {
                    self.item = Some(item);
                    return Poll::Pending;
                }
                Poll::Ready(Err(why)) => return Poll::Ready(Err(SendError::new(Some(item), why))),
                Poll::Ready(Ok(())) => self.give(item)?,
            }
        }
        Poll::Ready(Ok(()))
    }

    fn give(&mut self, item: M) -> Result<(), SendError<Option<M>>> {
        match self.grant.send(item) {
            Ok(()) => Ok(()),
            Err((item, Some(why))) => Err(SendError::new(Some(item), why)),
            Err((item, None)) => {
                self.item = Some(item);
                Ok(())
            }
        }
    }
}

impl<A: Handler<M>, M: Message> Drop for MailSink<A, M> {
    fn drop(&mut self) {
        // The item's `Drop` may panic, and this thread may be unwinding already.
        discard(self.item.take());
    }
}

impl<A: Handler<M>, M: Message> Sink<M> for MailSink<A, M> {
    type Error = SendError<Option<M>>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.poll_item(cx))?;
        self.grant.poll(cx).map_err(|why| SendError::new(None, why))
    }

    fn start_send(mut self: Pin<&mut Self>, item: M) -> Result<(), Self::Error> {
        self.give(item)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.poll_item(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        ready!(self.poll_item(cx))?;
        self.grant.give_back();
        Poll::Ready(Ok(()))
    }
}
