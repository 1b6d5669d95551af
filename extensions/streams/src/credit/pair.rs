//! Credit inside one process: a producer's end without a wire.

use super::consume::{Consume, ToConsumer, ToProducer};
use super::line::{Cancelled, Credit, CreditLine, SpendError, account};
use super::window::Window;
use crate::panics::discard_each;
use actors_core::{Actor, BoxError, Handle, Handler, Message};
use futures_core::Stream;
use futures_sink::Sink;
use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use tokio::sync::mpsc;

/// Creates a producer's end for an actor in this process, and the consumer that grants its credit.
/// Await the consumer, or spawn it as a task.
///
/// Between them is a channel with room for the window, so an item with credit always finds room.
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_streams::credit::{self, End, Window};
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
/// let (mut producer, consumer) = credit::pair::<_, MillGrind>(&mill, Window::DEFAULT);
/// let consumer = tokio::spawn(consumer);
/// for sack in 1..=100 {
///     producer.ready().await.unwrap(); // there is a slot: now it is worth fetching a sack
///     producer.send(MillGrind { sack }).unwrap();
/// }
/// producer.complete();
/// let report = consumer.await.unwrap();
/// assert_eq!((report.items, mill.ground().await.unwrap()), (100, 5050));
/// assert!(matches!(report.end, End::Completed));
/// # }
/// ```
pub fn pair<A, M>(handle: &Handle<A>, window: Window) -> (Producer<M>, Consume<A, M, Items<M>, LineSink>)
where
    A: Handler<M>,
    M: Message,
{
    let (line, credit) = account();
    let (sender, receiver) = channel(handle, window);
    let producer = Producer { credit, sender };
    let consumer = Consume::new(handle, window, Items::new(receiver), LineSink { line }, Some(Items::close));
    (producer, consumer)
}

/// Creates the channel between a producer and its consumer. It has room for the window, and one
/// more place for complete or error.
pub(crate) fn channel<A: Actor, M>(
    handle: &Handle<A>,
    window: Window,
) -> (mpsc::Sender<ToConsumer<M>>, mpsc::Receiver<ToConsumer<M>>) {
    let window = window.within(handle.reading().capacity);
    mpsc::channel(window.size() as usize + 1)
}

/// Why a [`Producer`] could not send an item, with the item.
pub struct ProducerError<M> {
    item: M,
    why: SpendError,
}

impl<M> fmt::Debug for ProducerError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProducerError").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<M> fmt::Display for ProducerError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.why, f)
    }
}

impl<M> std::error::Error for ProducerError<M> {}

impl<M> ProducerError<M> {
    /// Returns why the item was not sent.
    pub fn why(&self) -> SpendError {
        self.why
    }

    /// Returns the item.
    pub fn into_item(self) -> M {
        self.item
    }
}

/// The producer's end of a [`pair`].
///
/// It is also a [`Sink`], whose close is [`complete`](Producer::complete). Dropped without complete
/// or error, the consumer reports [`End::Vanished`](super::End::Vanished).
#[must_use = "dropping it ends the subscription"]
pub struct Producer<M> {
    credit: Credit,
    sender: mpsc::Sender<ToConsumer<M>>,
}

impl<M> fmt::Debug for Producer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Producer").field("available", &self.credit.available()).finish_non_exhaustive()
    }
}

impl<M> Producer<M> {
    /// Waits until an item may be sent, which is a slot in the mailbox.
    ///
    /// # Cancel safety
    /// Cancel safe: no credit is taken.
    ///
    /// # Errors
    /// [`Cancelled`] when the actor or the consumer's future is gone.
    pub async fn ready(&mut self) -> Result<(), Cancelled> {
        self.credit.ready().await
    }

    /// Returns the number of items that may be sent now.
    pub fn available(&self) -> u64 {
        self.credit.available()
    }

    /// Sends an item, and uses a unit of credit. It never waits.
    ///
    /// # Errors
    /// A [`ProducerError`] with the item: the credit is used up, or the consumer is gone.
    pub fn send(&mut self, item: M) -> Result<(), ProducerError<M>> {
        if let Err(why) = self.credit.spend() {
            return Err(ProducerError { item, why });
        }
        // There is room for every item with credit, so only a consumer that is gone refuses.
        self.sender.try_send(ToConsumer::Item(item)).map_err(|refused| match refused.into_inner() {
            ToConsumer::Item(item) => ProducerError { item, why: SpendError::Over },
            ToConsumer::Complete | ToConsumer::Error(_) => unreachable!("an item was sent"),
        })
    }

    /// Waits for credit, then sends an item.
    ///
    /// # Cancel safety
    /// Cancel safe, but a future that is dropped while it is pending drops the item, which was not
    /// sent. To keep it, use [`ready`](Producer::ready) and [`send`](Producer::send).
    ///
    /// # Errors
    /// Like [`send`](Producer::send).
    pub async fn feed(&mut self, item: M) -> Result<(), ProducerError<M>> {
        // A cancel is reported by `send`, with the item.
        let _ = self.ready().await;
        self.send(item)
    }

    /// Ends with success: nothing follows.
    pub fn complete(mut self) {
        self.end(ToConsumer::Complete);
    }

    /// Ends with an error: nothing follows.
    pub fn fail(mut self, error: impl Into<BoxError>) {
        self.end(ToConsumer::Error(error.into()));
    }

    fn end(&mut self, end: ToConsumer<M>) {
        if self.credit.end() {
            // Fails if the consumer's future is gone. There is room otherwise.
            let _ = self.sender.try_send(end);
        }
    }
}

// No field is pinned.
impl<M> Unpin for Producer<M> {}

impl<M> Sink<M> for Producer<M> {
    /// Has the item if one was given.
    type Error = ProducerError<Option<M>>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.credit.poll_ready(cx).map_err(|Cancelled| ProducerError { item: None, why: SpendError::Over })
    }

    fn start_send(mut self: Pin<&mut Self>, item: M) -> Result<(), Self::Error> {
        self.send(item).map_err(|ProducerError { item, why }| ProducerError { item: Some(item), why })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.end(ToConsumer::Complete);
        Poll::Ready(Ok(()))
    }
}

/// What a [`Producer`] has sent, for its consumer.
pub struct Items<M> {
    receiver: mpsc::Receiver<ToConsumer<M>>,
    /// Items that were sent without credit and found no place.
    overrun: Arc<AtomicU64>,
}

impl<M> Items<M> {
    pub(crate) fn new(receiver: mpsc::Receiver<ToConsumer<M>>) -> Self {
        Items { receiver, overrun: Arc::default() }
    }

    /// Returns where the other end counts the items that found no place.
    pub(crate) fn overrun(&self) -> Arc<AtomicU64> {
        self.overrun.clone()
    }

    /// Takes nothing more. What was taken before is still handed out. Returns the number of items
    /// that found no place.
    pub(crate) fn close(&mut self) -> u64 {
        self.receiver.close();
        self.overrun.load(Ordering::Relaxed)
    }
}

impl<M> fmt::Debug for Items<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Items").field("queued", &self.receiver.len()).finish_non_exhaustive()
    }
}

impl<M> Drop for Items<M> {
    fn drop(&mut self) {
        self.receiver.close();
        discard_each(std::iter::from_fn(|| self.receiver.try_recv().ok()));
    }
}

impl<M> Stream for Items<M> {
    type Item = ToConsumer<M>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ToConsumer<M>>> {
        self.receiver.poll_recv(cx)
    }
}

/// Puts requests into the [`CreditLine`] of a producer in this process.
#[derive(Debug)]
pub struct LineSink {
    line: CreditLine,
}

impl Sink<ToProducer> for LineSink {
    type Error = Infallible;

    fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn start_send(self: Pin<&mut Self>, signal: ToProducer) -> Result<(), Infallible> {
        match signal {
            // A grant is at least one item.
            ToProducer::Request(n) => drop(self.line.request(n)),
            ToProducer::Cancel => self.line.cancel(),
        }
        Ok(())
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.line.cancel();
        Poll::Ready(Ok(()))
    }
}
