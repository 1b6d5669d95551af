//! Drives a [`Grantor`] over a wire: items in, requests out.

use super::grantor::{Grantor, ItemError};
use super::window::Window;
use crate::panics::{Panicked, caught, discard_each};
use actors_core::lifecycle::Waiting;
use actors_core::{BoxError, Handle, Handler, Message, SendError, StopReason};
use futures_core::Stream;
use futures_sink::Sink;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use tokio::task::coop;

/// What a consumer says to its producer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToProducer {
    /// So many more items may be sent.
    Request(u64),
    /// No more items are wanted.
    Cancel,
}

/// What a producer says to its consumer. Nothing follows complete or error.
#[derive(Debug)]
pub enum ToConsumer<T> {
    /// An item, for which there is credit.
    Item(T),
    /// There are no more items.
    Complete,
    /// The producer has failed.
    Error(BoxError),
}

/// What became of a producer.
#[derive(Debug)]
pub struct Report<M> {
    /// The number of items that are in the mailbox or were handled.
    pub items: u64,
    /// Items that have arrived and were not sent, oldest first: at most as many as the window has,
    /// and two more that came without credit.
    pub undelivered: Vec<M>,
    /// Items that a publisher signalled without demand, and for which this end had no place. They
    /// were dropped.
    pub overrun: u64,
    /// Why it ended.
    pub end: End,
}

/// Why a subscription ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum End {
    /// The producer has completed.
    #[error("the producer has completed")]
    Completed,
    /// The producer has failed, with its error.
    #[error("the producer has failed: {0}")]
    Failed(#[source] BoxError),
    /// The producer's end is gone, without complete or error.
    #[error("the producer is gone and has not said whether it had completed")]
    Vanished,
    /// An item arrived without credit. It is in [`undelivered`](Report::undelivered).
    #[error("an item arrived without credit: its producer sends more than it was granted")]
    NoCredit,
    /// The actor has closed, or the item can never be sent to it.
    #[error(transparent)]
    Refused(SendError<()>),
    /// No request can be written to the producer any more.
    #[error("the producer cannot be reached: {0}")]
    Unreachable(#[source] BoxError),
    /// The stream or the sink of the wire has panicked.
    #[error("the wire of the producer failed: {0}")]
    Panicked(#[source] Panicked),
}

/// Sends the items of a producer to an actor, and requests as many as there are slots.
///
/// `inbound` is what arrives from the producer, and `outbound` takes what is said to it. On the
/// other side of the wire, an [`account`](super::account) spends what is requested. Await the
/// result, or spawn it as a task.
pub fn consume<A: Handler<M>, M: Message, In, Out>(
    handle: &Handle<A>,
    window: Window,
    inbound: In,
    outbound: Out,
) -> Consume<A, M, In, Out>
where
    In: Stream<Item = ToConsumer<M>> + Unpin,
    Out: Sink<ToProducer, Error: Into<BoxError>> + Unpin,
{
    Consume::new(handle, window, inbound, outbound, None)
}

/// The future of [`consume`], which resolves with a [`Report`].
///
/// # Cancel safety
/// Cancel safe. After its own cancel it waits until that is written, so put a time limit around it
/// where the wire's other end may never read. Dropped, it gives its slots back and drops both
/// directions of the wire. Items that
/// have arrived and did not fit yet are dropped with it; see [`Grantor::held`].
///
/// # Panics
/// When it is polled after it has completed.
#[must_use = "nothing is requested before it is polled"]
pub struct Consume<A: Handler<M>, M: Message, In, Out> {
    /// `None` once this has completed.
    grantor: Option<Grantor<A, M>>,
    closed: Waiting<StopReason>,
    inbound: In,
    outbound: Out,
    /// To be written to the producer.
    signal: Option<ToProducer>,
    /// Whether something was written that is not flushed.
    is_flushing: bool,
    /// Why it ends, once that is known.
    end: Option<End>,
    undelivered: Vec<M>,
    /// Whether `inbound` has ended or panicked, so that it is not polled again.
    is_inbound_over: bool,
    /// Makes `inbound` take nothing more, so that what it has can be taken out to the last item.
    /// Returns the number of items that found no place in it. `None` for a wire that cannot be
    /// closed from here.
    close: Option<fn(&mut In) -> u64>,
    overrun: u64,
}

impl<A: Handler<M>, M: Message, In, Out> Drop for Consume<A, M, In, Out> {
    fn drop(&mut self) {
        discard_each(self.undelivered.drain(..));
    }
}

// The wire is pinned by its own `Unpin`.
impl<A: Handler<M>, M: Message, In: Unpin, Out: Unpin> Unpin for Consume<A, M, In, Out> {}

impl<A: Handler<M>, M: Message, In, Out> fmt::Debug for Consume<A, M, In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consume").field("grantor", &self.grantor).finish_non_exhaustive()
    }
}

impl<A: Handler<M>, M: Message, In, Out> Consume<A, M, In, Out>
where
    In: Stream<Item = ToConsumer<M>> + Unpin,
    Out: Sink<ToProducer, Error: Into<BoxError>> + Unpin,
{
    pub(crate) fn new(
        handle: &Handle<A>,
        window: Window,
        inbound: In,
        outbound: Out,
        close: Option<fn(&mut In) -> u64>,
    ) -> Self {
        Consume {
            grantor: Some(Grantor::new(handle, window)),
            closed: handle.closed().untracked(),
            inbound,
            outbound,
            signal: None,
            is_flushing: false,
            end: None,
            undelivered: Vec::new(),
            is_inbound_over: false,
            overrun: 0,
            close,
        }
    }

    /// Ends the subscription. Of two reasons, the first one holds.
    fn finish(&mut self, end: End) {
        if self.end.is_some() {
            return;
        }
        if let Some(grantor) = &mut self.grantor {
            grantor.finish();
        }
        // A producer that has ended by itself, or cannot be reached, needs no cancel. It may read
        // no more, so a request that is not flushed is not waited for.
        (self.signal, self.is_flushing) = match end {
            End::NoCredit | End::Refused(_) => (Some(ToProducer::Cancel), self.is_flushing),
            _ => (None, false),
        };
        self.end = Some(end);
    }

    /// Ends because the actor has ended.
    fn finish_closed(&mut self) {
        let refused = self.grantor.as_ref().and_then(Grantor::closed);
        self.finish(refused.map_or(End::Vanished, End::Refused));
    }

    /// Writes the signal that is due, and flushes it. Returns whether something was done.
    fn write(&mut self, cx: &mut Context<'_>) -> bool {
        let Consume { outbound, signal, is_flushing, .. } = self;
        let written = caught(|| {
            let mut outbound = Pin::new(outbound);
            let mut has_written = false;
            if signal.is_some() && outbound.as_mut().poll_ready(cx)?.is_ready() {
                if let Some(signal) = signal.take() {
                    outbound.as_mut().start_send(signal)?;
                }
                (has_written, *is_flushing) = (true, true);
            }
            if *is_flushing && outbound.poll_flush(cx)?.is_ready() {
                *is_flushing = false;
            }
            Ok::<_, Out::Error>(has_written)
        });
        let end = match written {
            Ok(Ok(has_written)) => return has_written,
            Ok(Err(why)) => End::Unreachable(why.into()),
            Err(panic) => End::Panicked(panic),
        };
        // Also where this was the cancel, and the end is known.
        (self.signal, self.is_flushing) = (None, false);
        self.finish(end);
        true
    }

    /// Takes what has arrived. Returns whether something has.
    fn read(&mut self, cx: &mut Context<'_>) -> bool {
        let arrived = match caught(|| Pin::new(&mut self.inbound).poll_next(cx)) {
            Ok(Poll::Pending) => return false,
            Ok(Poll::Ready(arrived)) => arrived,
            Err(panic) => {
                self.is_inbound_over = true;
                self.finish(End::Panicked(panic));
                return true;
            }
        };
        // Nothing follows complete or error.
        self.is_inbound_over = !matches!(arrived, Some(ToConsumer::Item(_)));
        match arrived {
            None => self.finish(End::Vanished),
            Some(ToConsumer::Complete) => self.finish(End::Completed),
            Some(ToConsumer::Error(why)) => self.finish(End::Failed(why)),
            Some(ToConsumer::Item(item)) => match self.grantor.as_mut().map(|grantor| grantor.item(item)) {
                None | Some(Ok(())) => {}
                Some(Err(ItemError::NoCredit(item))) => {
                    self.undelivered.push(item);
                    self.finish(End::NoCredit);
                }
                Some(Err(ItemError::Refused(refused))) => {
                    let refused = refused.map(|item| self.undelivered.push(item));
                    self.finish(End::Refused(refused));
                }
            },
        }
        true
    }

    /// Polls for the next grant while the signal's place is free. Returns whether there is one, or
    /// the actor has ended.
    fn grant(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(grantor) = &mut self.grantor else { return false };
        let refused = match self.signal {
            Some(_) => match grantor.poll_held(cx) {
                Poll::Ready(Err(refused)) => refused,
                Poll::Ready(Ok(())) | Poll::Pending => return false,
            },
            None => match grantor.poll_grant(cx) {
                Poll::Pending => return false,
                Poll::Ready(Ok(n)) => {
                    self.signal = Some(ToProducer::Request(n.into()));
                    return true;
                }
                Poll::Ready(Err(refused)) => refused,
            },
        };
        self.finish(End::Refused(refused));
        true
    }

    /// Finishes what the end leaves to be done: the cancel, and items that do not fit yet.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while self.write(cx) {}
        let is_unwritten = self.signal.is_some() || self.is_flushing;
        let Some(grantor) = &mut self.grantor else { return Poll::Ready(()) };
        if !matches!(self.end, Some(End::Refused(_)))
            && let Err(refused) = ready!(grantor.poll_held(cx))
        {
            self.end = Some(End::Refused(refused));
        }
        if is_unwritten { Poll::Pending } else { Poll::Ready(()) }
    }

    /// Takes out the items that are still in the wire, so that the report has them.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_inbound_over {
            return Poll::Ready(());
        }
        if let Some(close) = self.close {
            self.overrun = close(&mut self.inbound);
        }
        // A spent cooperative budget must not look like an empty wire.
        pin!(coop::unconstrained(poll_fn(|cx| self.poll_rest_at_once(cx)))).poll(cx)
    }

    /// Reads a wire that was closed to its end. Reads another one until it is empty, and no more
    /// items than could be sent with credit.
    fn poll_rest_at_once(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut left = self.grantor.as_ref().map_or(0, |grantor| grantor.window().size());
        while left > 0 || self.close.is_some() {
            // A panic loses what the stream has kept, and nothing that it has handed out.
            match caught(|| Pin::new(&mut self.inbound).poll_next(cx)) {
                Ok(Poll::Ready(Some(ToConsumer::Item(item)))) => self.undelivered.push(item),
                Ok(Poll::Ready(_)) | Err(_) => break,
                // A producer is in the middle of its send, and wakes this task after it.
                Ok(Poll::Pending) if self.close.is_some() => return Poll::Pending,
                Ok(Poll::Pending) => break,
            }
            left = left.saturating_sub(1);
        }
        self.is_inbound_over = true;
        Poll::Ready(())
    }

    /// Makes the report.
    fn report(&mut self, grantor: Grantor<A, M>) -> Report<M> {
        let items = grantor.items();
        let mut undelivered = grantor.into_undelivered();
        undelivered.append(&mut self.undelivered);
        Report { items, undelivered, overrun: self.overrun, end: self.end.take().unwrap_or(End::Vanished) }
    }
}

impl<A: Handler<M>, M: Message, In, Out> Future for Consume<A, M, In, Out>
where
    In: Stream<Item = ToConsumer<M>> + Unpin,
    Out: Sink<ToProducer, Error: Into<BoxError>> + Unpin,
{
    type Output = Report<M>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report<M>> {
        let this = &mut *self;
        assert!(this.grantor.is_some(), "the consumer of a producer was polled after its end");
        if this.end.is_none() && Pin::new(&mut this.closed).poll(cx).is_ready() {
            this.finish_closed();
        }
        // Each item needs a slot, and each slot costs a unit of tokio's cooperative budget.
        while this.end.is_none() {
            let mut has_moved = this.read(cx);
            has_moved |= this.end.is_none() && this.grant(cx);
            has_moved |= this.end.is_none() && this.write(cx);
            if !has_moved {
                return Poll::Pending;
            }
        }
        ready!(this.poll_end(cx));
        ready!(this.poll_rest(cx));
        match this.grantor.take() {
            Some(grantor) => Poll::Ready(this.report(grantor)),
            None => Poll::Pending,
        }
    }
}
