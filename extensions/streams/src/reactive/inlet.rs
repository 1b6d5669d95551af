//! A subscriber whose items come out as a stream.
//!
//! ```text
//!   publisher ── on_next ──► InletReceiver ──► inbox, at most a window ──► Outlet: Stream
//!        ◄──────────────────── request(n): half of a window at a time ◄─────┘
//! ```

use super::traits::{Receiver, Subscriber, Subscription};
use crate::credit::{Demand, Window};
use crate::panics::{caught, discard, discard_each};
use crate::wake::Watched;
use actors_core::BoxError;
use futures_core::Stream;
use std::collections::VecDeque;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Why a publisher's items ended although it signalled neither complete nor error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Broken {
    /// The publisher dropped its subscriber.
    #[error("the publisher is gone and has not said whether it had completed")]
    Vanished,
    /// The publisher signalled an item that was not requested (§1.1). The item was dropped.
    #[error("§1.1: an item was signalled that was not requested")]
    NotRequested,
}

/// Creates a subscriber, and the stream of the items that it receives.
///
/// The window bounds the items that are requested and not taken out of the stream. Half of it is
/// requested again when half is taken out; see [`Window`].
pub fn inlet<T>(window: Window) -> (Inlet<T>, Outlet<T>) {
    let inbox = Arc::new(Watched::new(Inbox {
        items: VecDeque::new(),
        demand: Demand::new(),
        subscription: None,
        end: None,
    }));
    let receiver = InletReceiver { inbox: inbox.clone() };
    (Inlet { receiver }, Outlet { inbox, window, subscription: None, open: 0 })
}

struct Inbox<T> {
    items: VecDeque<T>,
    /// What was requested and is not signalled yet. Over when the outlet is gone.
    demand: Demand,
    /// On its way to the outlet.
    subscription: Option<Box<dyn Subscription>>,
    end: Option<Result<(), BoxError>>,
}

/// The subscriber of an [`inlet`].
pub struct Inlet<T> {
    receiver: InletReceiver<T>,
}

impl<T> fmt::Debug for Inlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inlet").finish_non_exhaustive()
    }
}

impl<T> Subscriber<T> for Inlet<T> {
    type Receiver = InletReceiver<T>;

    fn on_subscribe(self, subscription: Box<dyn Subscription>) -> InletReceiver<T> {
        // Without an outlet it is dropped, which cancels it (§2.6). That runs without the lock.
        let unwanted = self.receiver.inbox.change(|inbox| match inbox.end {
            None => inbox.subscription.replace(subscription),
            Some(_) => Some(subscription),
        });
        discard(unwanted);
        self.receiver
    }
}

/// The receiver of an [`Inlet`].
pub struct InletReceiver<T> {
    inbox: Arc<Watched<Inbox<T>>>,
}

impl<T> fmt::Debug for InletReceiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InletReceiver").finish_non_exhaustive()
    }
}

impl<T> InletReceiver<T> {
    /// Ends the items. The first end holds; the value of another one is dropped without the lock.
    fn end(&self, end: Result<(), BoxError>) {
        let unused = self.inbox.change(|inbox| match inbox.end {
            None => inbox.end.replace(end),
            Some(_) => Some(end),
        });
        discard(unused);
    }
}

impl<T> Receiver<T> for InletReceiver<T> {
    fn on_next(&mut self, item: T) {
        // An item after the end, or after the outlet is gone, is dropped (§2.8).
        let unwanted = self.inbox.change(|inbox| match (&inbox.end, inbox.demand.take()) {
            (Some(_), _) => Some(item),
            (None, true) => {
                inbox.items.push_back(item);
                None
            }
            (None, false) => {
                inbox.end = Some(Err(Broken::NotRequested.into()));
                Some(item)
            }
        });
        discard(unwanted);
    }

    fn on_error(self, error: BoxError) {
        self.end(Err(error));
    }

    fn on_complete(self) {
        self.end(Ok(()));
    }
}

impl<T> Drop for InletReceiver<T> {
    fn drop(&mut self) {
        // Does nothing after complete or error.
        self.end(Err(Broken::Vanished.into()));
    }
}

/// The items that an [`Inlet`] receives. An error is the last item.
///
/// Dropped, it cancels the subscription.
pub struct Outlet<T> {
    inbox: Arc<Watched<Inbox<T>>>,
    window: Window,
    /// `None` before it has arrived, and after the end.
    subscription: Option<Box<dyn Subscription>>,
    /// The items that are requested and not taken out.
    open: u32,
}

// No field is pinned.
impl<T> Unpin for Outlet<T> {}

impl<T> fmt::Debug for Outlet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outlet").field("open", &self.open).finish_non_exhaustive()
    }
}

enum Arrived<T> {
    Subscription(Box<dyn Subscription>),
    Item(T),
    Failed(BoxError),
    Over,
}

impl<T> Inbox<T> {
    fn next(&mut self) -> Option<Arrived<T>> {
        if let Some(subscription) = self.subscription.take() {
            return Some(Arrived::Subscription(subscription));
        }
        if let Some(item) = self.items.pop_front() {
            return Some(Arrived::Item(item));
        }
        // An error is handed out once.
        match self.end.as_mut().map(|end| mem::replace(end, Ok(())))? {
            Ok(()) => Some(Arrived::Over),
            Err(error) => Some(Arrived::Failed(error)),
        }
    }
}

impl<T> Outlet<T> {
    /// Requests what the window leaves, if that is half of it or more. A subscription that panics
    /// has failed: its error comes after the items that are here.
    fn request(&mut self) {
        let missing = self.window.size() - self.open;
        let Some(subscription) = &mut self.subscription else { return };
        if missing < self.window.batch() {
            return;
        }
        // Counted first: an item may be signalled before `request` returns. After the end, which
        // may stand behind items that are here, nothing is requested (§2.4).
        let is_counted =
            self.inbox.visit(|inbox| inbox.end.is_none() && inbox.demand.request(missing.into()).is_ok());
        if !is_counted {
            return;
        }
        self.open += missing;
        if let Err(panic) = caught(|| subscription.request(missing.into())) {
            discard(self.subscription.take());
            discard(self.inbox.visit(|inbox| {
                inbox.demand.cancel();
                inbox.end.replace(Err(panic.into()))
            }));
        }
    }
}

impl<T> Stream for Outlet<T> {
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            let arrived = this.inbox.look(cx, Inbox::next);
            match arrived {
                None => return Poll::Pending,
                Some(Arrived::Subscription(subscription)) => {
                    this.subscription = Some(subscription);
                    this.request();
                }
                Some(Arrived::Item(item)) => {
                    this.open -= 1;
                    this.request();
                    return Poll::Ready(Some(Ok(item)));
                }
                Some(Arrived::Failed(error)) => {
                    discard(this.subscription.take());
                    return Poll::Ready(Some(Err(error)));
                }
                Some(Arrived::Over) => {
                    discard(this.subscription.take());
                    return Poll::Ready(None);
                }
            }
        }
    }
}

impl<T> Drop for Outlet<T> {
    fn drop(&mut self) {
        // Takes no more items, and drops those that are here, without the lock.
        let left = self.inbox.visit(|inbox| {
            inbox.demand.cancel();
            let end = inbox.end.replace(Ok(()));
            (mem::take(&mut inbox.items), inbox.subscription.take(), end)
        });
        let (items, unused, end) = left;
        discard_each(items);
        discard(end);
        discard_each([unused, self.subscription.take()]);
    }
}
