//! The consumer's end of credit: free slots of a mailbox become `request(n)`.

use super::window::Window;
use crate::panics::discard_each;
use actors_core::send::{MailSink, Permit, Slots};
use actors_core::{Handle, Handler, Message, Reason, Refusal, SendError};
use futures_core::Stream;
use futures_sink::Sink;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Why an item was not taken, with the item.
#[non_exhaustive]
pub enum ItemError<M> {
    /// The producer sent it without credit, or after the end: a violation of the protocol (C2).
    NoCredit(M),
    /// The actor has closed, or the item can never be sent to it.
    Refused(SendError<M>),
}

impl<M> fmt::Debug for ItemError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemError::NoCredit(_) => f.write_str("NoCredit"),
            ItemError::Refused(refused) => f.debug_tuple("Refused").field(refused).finish(),
        }
    }
}

impl<M> fmt::Display for ItemError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ItemError::NoCredit(_) => {
                f.write_str("an item arrived without credit: its producer sends more than it was granted")
            }
            ItemError::Refused(refused) => fmt::Display::fmt(refused, f),
        }
    }
}

impl<M> std::error::Error for ItemError<M> {}

/// Turns the free slots of a mailbox into credit for one producer, and puts the producer's items
/// into the slots.
///
/// Each unit of credit is backed by a permit, which counts against the capacity (C1). So an item
/// that arrives with credit finds its slot, whatever has happened meanwhile. This type knows no
/// wire: [`poll_grant`](Grantor::poll_grant) says what to write to the producer, and
/// [`item`](Grantor::item) takes what is read from it. [`consume`](super::consume) does both.
///
/// An item can be too large for a slot: its bytes do not fit yet (`max_bytes`), or its key has used
/// up its share of a pool. Such an item, and those behind it, are kept here until they fit. They
/// are at most as many as the window has, because no credit replaces them meanwhile.
///
/// It keeps the actor alive.
pub struct Grantor<A: Handler<M>, M: Message> {
    handle: Handle<A>,
    window: Window,
    slots: Slots<A, M>,
    /// One for each unit of credit that is out, and those that are ready for the next grant.
    permits: Vec<Permit<A, M>>,
    /// The credit that the producer has.
    granted: u32,
    /// Items that did not fit, or stand behind such an item. The first one may have used up its
    /// permit.
    held: VecDeque<(Option<Permit<A, M>>, M)>,
    /// Has the first item that did not fit, while `is_fitting`.
    sink: MailSink<A, M>,
    is_fitting: bool,
    is_over: bool,
    items: u64,
}

// No field is pinned.
impl<A: Handler<M>, M: Message> Unpin for Grantor<A, M> {}

impl<A: Handler<M>, M: Message> fmt::Debug for Grantor<A, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Grantor");
        shown.field("to", self.handle.name()).field("message", &M::NAME).field("granted", &self.granted);
        shown.field("held", &self.held.len()).field("items", &self.items).finish_non_exhaustive()
    }
}

impl<A: Handler<M>, M: Message> Grantor<A, M> {
    /// Creates the consumer's end for an actor. Nothing is granted before it is polled.
    pub fn new(handle: &Handle<A>, window: Window) -> Self {
        Grantor {
            handle: handle.clone(),
            window: window.within(handle.reading().capacity),
            slots: Slots::of(handle),
            permits: Vec::new(),
            granted: 0,
            held: VecDeque::new(),
            sink: handle.sink(),
            is_fitting: false,
            is_over: false,
            items: 0,
        }
    }

    /// Returns the credit that the producer has.
    pub fn granted(&self) -> u32 {
        self.granted
    }

    /// Returns the number of items that are in the mailbox or were handled.
    pub fn items(&self) -> u64 {
        self.items
    }

    /// Returns the number of items that have arrived and do not fit into the mailbox yet.
    pub fn held(&self) -> usize {
        self.held.len() + usize::from(self.is_fitting)
    }

    pub(super) fn window(&self) -> Window {
        self.window
    }

    /// Returns the error of an actor that has closed.
    pub(super) fn closed(&self) -> Option<SendError<()>> {
        self.handle.try_reserve::<M>().err()
    }

    /// Returns the items that have arrived and are not in the mailbox, oldest first.
    pub fn into_undelivered(mut self) -> Vec<M> {
        // The item in the sink was the first that did not fit.
        let first = self.sink.take_unsent();
        first.into_iter().chain(mem::take(&mut self.held).into_iter().map(|(_, item)| item)).collect()
    }

    /// Polls for the next `request(n)` to write to the producer, and moves items that did not fit
    /// before. Poll it again after each [`item`](Grantor::item): an item may make a grant due.
    ///
    /// While it is pending, slots that are ready for the next grant stay reserved. Pending for ever
    /// once the subscription is over.
    ///
    /// # Errors
    /// A [`SendError`] when the actor closes. Then tell the producer to cancel.
    pub fn poll_grant(&mut self, cx: &mut Context<'_>) -> Poll<Result<u32, SendError<()>>> {
        ready!(self.poll_held(cx))?;
        if self.is_over {
            return Poll::Pending;
        }
        while self.window.wants_slot(self.granted, self.reserved()) {
            match Pin::new(&mut self.slots).poll_next(cx) {
                Poll::Ready(Some(Ok(permit))) => self.permits.push(permit),
                Poll::Ready(Some(Err(refused))) => {
                    self.finish();
                    return Poll::Ready(Err(refused));
                }
                Poll::Ready(None) | Poll::Pending => break,
            }
        }
        let reserved = self.reserved();
        if !self.window.is_due(self.granted, reserved) {
            return Poll::Pending;
        }
        self.granted += reserved;
        Poll::Ready(Ok(reserved))
    }

    /// Returns the number of slots that are not announced yet.
    fn reserved(&self) -> u32 {
        // Both numbers are at most the window.
        let permits = u32::try_from(self.permits.len()).unwrap_or(u32::MAX);
        permits.saturating_sub(self.granted)
    }

    /// Polls until every item that has arrived is in the mailbox. No credit is granted before.
    ///
    /// # Errors
    /// A [`SendError`] when the actor closes, or an item can never be sent. The items are in
    /// [`into_undelivered`](Grantor::into_undelivered).
    pub fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<()>>> {
        loop {
            if self.is_fitting {
                let flushed = ready!(Pin::new(&mut self.sink).poll_flush(cx));
                self.is_fitting = false;
                flushed.map_err(|refused| self.fail(refused))?;
                self.items += 1;
            }
            match self.held.pop_front() {
                None => return Poll::Ready(Ok(())),
                Some((Some(permit), item)) => match permit.send(item) {
                    Ok(_) => self.items += 1,
                    Err(refused) if is_for_now(&refused) => {
                        self.held.push_front((None, refused.into_message()));
                    }
                    Err(refused) => return Poll::Ready(Err(self.fail(refused.map(Some)))),
                },
                Some((None, item)) => match Pin::new(&mut self.sink).poll_ready(cx) {
                    Poll::Pending => {
                        self.held.push_front((None, item));
                        return Poll::Pending;
                    }
                    Poll::Ready(ready) => {
                        let sent = match ready {
                            Ok(()) => Pin::new(&mut self.sink).start_send(item),
                            Err(refused) => Err(refused.map(|_| Some(item))),
                        };
                        sent.map_err(|refused| self.fail(refused))?;
                        self.is_fitting = true;
                    }
                },
            }
        }
    }

    /// Ends the subscription, and keeps the item for
    /// [`into_undelivered`](Grantor::into_undelivered).
    fn fail(&mut self, refused: SendError<Option<M>>) -> SendError<()> {
        self.finish();
        refused.map(|item| {
            if let Some(item) = item {
                self.held.push_front((None, item));
            }
        })
    }

    /// Ends the subscription: the producer has completed, failed, or vanished, or is told to
    /// cancel. The slots that are granted are given back. Items that do not fit yet are still moved
    /// by [`poll_held`](Grantor::poll_held).
    pub fn finish(&mut self) {
        self.is_over = true;
        self.granted = 0;
        self.permits.clear();
        self.leave_line();
    }

    /// Gives up the place in line for the next slot, which may have been granted meanwhile.
    fn leave_line(&mut self) {
        self.slots = Slots::of(&self.handle);
    }

    /// Takes an item that has arrived, and uses a unit of credit for it.
    ///
    /// # Errors
    /// [`ItemError::NoCredit`] for an item without credit, which ends the subscription: tell the
    /// producer to cancel. [`ItemError::Refused`] if the actor has closed, or the item can never be
    /// sent, for example because it weighs more than the mailbox may hold.
    pub fn item(&mut self, item: M) -> Result<(), ItemError<M>> {
        let permit = if self.granted > 0 { self.permits.pop() } else { None };
        let Some(permit) = permit else {
            self.finish();
            return Err(ItemError::NoCredit(item));
        };
        self.granted -= 1;
        if self.held() > 0 {
            self.held.push_back((Some(permit), item));
            return Ok(());
        }
        match permit.send(item) {
            Ok(_) => self.items += 1,
            Err(refused) if is_for_now(&refused) => {
                self.held.push_back((None, refused.into_message()));
                // No credit is granted until it fits: other senders need the slot more.
                self.leave_line();
            }
            Err(refused) => {
                self.finish();
                return Err(ItemError::Refused(refused));
            }
        }
        Ok(())
    }
}

impl<A: Handler<M>, M: Message> Drop for Grantor<A, M> {
    fn drop(&mut self) {
        discard_each(self.held.drain(..));
    }
}

/// Returns whether an item that was refused although it had a slot may fit later. `attach` decides
/// the same way.
pub(crate) fn is_for_now(refused: &impl Refusal) -> bool {
    let is_passing = matches!(refused.reason(), Reason::Full | Reason::Shed | Reason::RateLimited);
    is_passing && refused.retry_after().is_some()
}
