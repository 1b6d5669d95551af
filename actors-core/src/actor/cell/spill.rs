//! Messages that go to the mailbox's store, and the task that brings them back (O8).
//!
//! The mailbox decides under its lock; the store is called here, without one. A sender hands its
//! message over itself. What comes back is fetched by a task that lives while there is something to
//! fetch and room for it, so a slow store delays neither a turn nor a sender of another type.
//!
//! **Invariant.** The task holds the cell weakly while the store works: a store that never answers
//! keeps no actor alive.

use super::{Cell, Packed};
use crate::actor::Actor;
use crate::error::Reason;
use crate::mailbox::{FETCH_MAX, Fetch, Fetched, Leaving, Message, Offer, StoreFailed, Stored, Tag};
use crate::mailbox::{Verdict, WhenFull};
use crate::panics::caught;
use crate::tasks;
use std::future::poll_fn;
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

/// The delay before a store that failed is asked again; it doubles with each failure.
const RETRY_FIRST: Duration = Duration::from_millis(10);
/// The longest such delay: a store that works again is noticed within a second.
const RETRY_MAX: Duration = Duration::from_secs(1);

/// What became of a message that may be stored.
pub(crate) enum Placement<A: Actor> {
    Offered(Offer<Message, Packed<A>>),
    /// The store has it.
    Spilled,
    /// The store lost it; counted and reported.
    Lost(Reason),
}

impl<A: Actor> Cell<A> {
    /// Offers a message that may be stored.
    pub(crate) fn offer_or_store(
        self: &Arc<Self>,
        item: Packed<A>,
        tag: Tag,
        when_full: WhenFull,
        has_permit: bool,
    ) -> Placement<A> {
        let verdict = self.visit(|section| match has_permit {
            true => section.redeem_or_store(item, tag),
            false => section.offer_or_store(item, tag, when_full),
        });
        // A permit does not wait: what it was for is taken.
        let when_full = if has_permit { WhenFull::Refuse } else { when_full };
        match verdict {
            Verdict::Decided(offer) => Placement::Offered(offer),
            Verdict::Elsewhere(leaving) => self.put(leaving, when_full),
        }
    }

    #[cold]
    fn put(self: &Arc<Self>, leaving: Leaving<Packed<A>>, when_full: WhenFull) -> Placement<A> {
        let Leaving { store, message } = leaving;
        let (class, stamp) = (message.tag.class, message.tag.stamp);
        let mut message = Some(message);
        let put = caught(|| store.put(&mut message));
        match (message, put) {
            (Some(message), _) => {
                Placement::Offered(self.visit(|section| section.put_refused(message, when_full)))
            }
            (None, Ok(())) => {
                self.visit(|section| section.put_done(class));
                Placement::Spilled
            }
            (None, Err(text)) => {
                self.visit(|section| section.put_lost(class));
                self.report_loss(class, stamp, Reason::Panicked, || Some(text));
                Placement::Lost(Reason::Panicked)
            }
        }
    }

    /// Starts the task that fetches messages from the store.
    #[cold]
    pub(super) fn start_fetch(self: &Arc<Self>) {
        tasks::spawn(&self.rt, format_args!("{}: store", self.name()), fetch(Arc::downgrade(self)));
    }

    /// Takes over what the store has handed out, and says what follows.
    fn bring_back(
        self: &Arc<Self>,
        taken: Result<Vec<Stored<Packed<A>>>, StoreFailed>,
        asked: usize,
    ) -> Fetched {
        let is_complete = taken.as_ref().is_ok_and(|messages| messages.len() >= asked);
        let mut messages = taken.unwrap_or_default().into_iter();
        // More than was asked for takes several visits (B7).
        while messages.len() > 0 {
            self.visit(|section| section.bring_back(messages.by_ref().take(FETCH_MAX)));
        }
        if is_complete { Fetched::Next } else { self.visit(|section| section.fetch_failed()) }
    }
}

/// Fetches messages while there are any and there is room for them.
async fn fetch<A: Actor>(cell: Weak<Cell<A>>) {
    let mut delay = RETRY_FIRST;
    loop {
        let Some(fetch) = cell.upgrade().and_then(|cell| cell.visit(|section| section.next_fetch())) else {
            return;
        };
        let asked = fetch.max;
        let taken = take(fetch).await;
        let Some(next) = cell.upgrade().map(|cell| cell.bring_back(taken, asked)) else { return };
        match next {
            Fetched::Next => delay = RETRY_FIRST,
            Fetched::Later => {
                tokio::time::sleep(delay).await;
                delay = (delay * 2).min(RETRY_MAX);
            }
            Fetched::GivenUp => return,
        }
        // A store that is always ready leaves the thread to other tasks, too.
        tokio::task::consume_budget().await;
    }
}

/// Asks the store; a panic is a failure.
async fn take<A: Actor>(fetch: Fetch<Packed<A>>) -> Result<Vec<Stored<Packed<A>>>, StoreFailed> {
    let Fetch { store, class, max } = fetch;
    let mut taking = caught(|| store.take(class, max)).map_err(|_| StoreFailed)?;
    poll_fn(|cx| match caught(|| taking.as_mut().poll(cx)) {
        Ok(polled) => polled,
        Err(_) => Poll::Ready(Err(StoreFailed)),
    })
    .await
}

#[cfg(all(test, feature = "macros"))]
mod tests;
