//! An actor as a subscriber: it requests as many items as its mailbox has granted slots.

use super::traits::{Receiver, Subscriber, Subscription};
use crate::credit::{Consume, Items, ToConsumer, ToProducer, Window, channel};
use crate::panics::discard;
use crate::wake::Watched;
use actors_core::{BoxError, Handle, Handler, Message};
use futures_sink::Sink;
use std::convert::Infallible;
use std::fmt;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Creates a subscriber whose items go to an actor, and the future that requests them and sends
/// them. Await it, or spawn it as a task: it resolves with a [`Report`](crate::credit::Report).
///
/// It requests exactly the slots that the mailbox has granted (C1), in batches of half of the
/// window. So an item that is signalled always has its slot. Slots are granted from the first poll
/// on, also before it is subscribed. The actor's end cancels the subscription.
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_streams::reactive::{self, Publisher, Window};
/// use futures_util::stream;
/// # struct Mill { ground: u32 }
/// # #[actor(local, capacity = 8, reserve = 0)]
/// # impl Mill {
/// #     #[message]
/// #     fn grind(&mut self, sack: u32) { self.ground += sack; }
/// #     #[message(overflow = block)]
/// #     fn ground(&mut self) -> u32 { self.ground }
/// # }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let mill = System::new("village").spawn(Mill { ground: 0 });
/// let publisher = reactive::publish(stream::iter((1..=100).map(|sack| MillGrind { sack })));
/// let (subscriber, feed) = reactive::subscriber(&mill, Window::DEFAULT);
/// let (outcome, report) = tokio::join!(publisher.subscribe(subscriber), feed);
/// assert_eq!((outcome, report.items), (reactive::Outcome::Completed, 100));
/// assert_eq!(mill.ground().await.unwrap(), 5050);
/// # }
/// ```
pub fn subscriber<A, M>(
    handle: &Handle<A>,
    window: Window,
) -> (ActorSubscriber<M>, Consume<A, M, Items<M>, Requests>)
where
    A: Handler<M>,
    M: Message,
{
    let (sender, receiver) = channel(handle, window);
    let place = Arc::new(Watched::new(Place::Empty));
    let requests = Requests { place: place.clone(), subscription: None };
    let items = Items::new(receiver);
    let subscriber = ActorSubscriber { place, sender, overrun: items.overrun() };
    (subscriber, Consume::new(handle, window, items, requests, Some(Items::close)))
}

/// Where the subscription waits for the future that requests.
enum Place {
    Empty,
    Arrived(Box<dyn Subscription>),
    /// The future has it.
    Taken,
    /// Complete or error was signalled, or the future is gone: nothing is requested (§2.4).
    Closed,
}

/// An actor as a subscriber. [`subscriber`] creates it.
pub struct ActorSubscriber<M> {
    place: Arc<Watched<Place>>,
    sender: mpsc::Sender<ToConsumer<M>>,
    /// Counts items that found no place.
    overrun: Arc<AtomicU64>,
}

impl<M> fmt::Debug for ActorSubscriber<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSubscriber").finish_non_exhaustive()
    }
}

impl<M> Subscriber<M> for ActorSubscriber<M> {
    type Receiver = ActorReceiver<M>;

    fn on_subscribe(self, subscription: Box<dyn Subscription>) -> ActorReceiver<M> {
        // Without the future it is dropped, which cancels it (§2.6). That runs without the lock.
        let unwanted = self.place.change(|place| match place {
            Place::Empty => mem::replace(place, Place::Arrived(subscription)),
            Place::Arrived(_) | Place::Taken | Place::Closed => Place::Arrived(subscription),
        });
        discard(unwanted);
        ActorReceiver { place: self.place, sender: self.sender, overrun: self.overrun }
    }
}

/// Receives the items of an [`ActorSubscriber`].
pub struct ActorReceiver<M> {
    place: Arc<Watched<Place>>,
    sender: mpsc::Sender<ToConsumer<M>>,
    /// Counts items that found no place.
    overrun: Arc<AtomicU64>,
}

impl<M> fmt::Debug for ActorReceiver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorReceiver").finish_non_exhaustive()
    }
}

impl<M> ActorReceiver<M> {
    /// Signals the end, which stands behind the items that are on their way.
    fn end(self, end: ToConsumer<M>) {
        discard(self.place.change(|place| mem::replace(place, Place::Closed)));
        self.send(end);
    }

    /// Fails if the future is gone, which has cancelled, or behind items that were not requested.
    /// The first of those ends the subscription as soon as it is read, and the report counts those
    /// that found no place.
    fn send(&self, signal: ToConsumer<M>) {
        if let Err(unsent) = self.sender.try_send(signal) {
            if let TrySendError::Full(ToConsumer::Item(_)) = unsent {
                self.overrun.fetch_add(1, Ordering::Relaxed);
            }
            discard(unsent);
        }
    }
}

impl<M> Receiver<M> for ActorReceiver<M> {
    fn on_next(&mut self, item: M) {
        self.send(ToConsumer::Item(item));
    }

    fn on_error(self, error: BoxError) {
        self.end(ToConsumer::Error(error));
    }

    fn on_complete(self) {
        self.end(ToConsumer::Complete);
    }
}

/// Calls the subscription of an [`ActorSubscriber`].
pub struct Requests {
    place: Arc<Watched<Place>>,
    subscription: Option<Box<dyn Subscription>>,
}

impl fmt::Debug for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Requests").finish_non_exhaustive()
    }
}

impl Sink<ToProducer> for Requests {
    type Error = Infallible;

    /// Ready when there is a subscription.
    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        if self.subscription.is_some() {
            return Poll::Ready(Ok(()));
        }
        let arrived = self.place.look(cx, |place| match place {
            Place::Empty => None,
            Place::Arrived(_) => Some(mem::replace(place, Place::Taken)),
            Place::Taken | Place::Closed => Some(Place::Closed),
        });
        match arrived {
            None => return Poll::Pending,
            Some(Place::Arrived(subscription)) => self.subscription = Some(subscription),
            Some(Place::Empty | Place::Taken | Place::Closed) => {}
        }
        Poll::Ready(Ok(()))
    }

    fn start_send(mut self: Pin<&mut Self>, signal: ToProducer) -> Result<(), Infallible> {
        let is_over = self.place.visit(|place| matches!(place, Place::Closed));
        match (signal, &mut self.subscription) {
            (ToProducer::Request(n), Some(subscription)) if !is_over => subscription.request(n),
            (ToProducer::Cancel, Some(subscription)) => subscription.cancel(),
            (ToProducer::Request(_) | ToProducer::Cancel, _) => {}
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        discard(self.subscription.take());
        Poll::Ready(Ok(()))
    }
}

impl Drop for Requests {
    fn drop(&mut self) {
        discard(self.place.visit(|place| mem::replace(place, Place::Closed)));
        discard(self.subscription.take());
    }
}
