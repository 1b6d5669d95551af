//! Items that an actor emits, as a publisher.
//!
//! The actor keeps the [`Emitter`] in its state. Between it and the subscriber is a bounded buffer:
//! an item leaves it when it was requested. So an actor whose subscriber is slow waits in `emit`,
//! its mailbox fills, and the pressure reaches its own senders.

use super::inlet::Broken;
use super::publish::{StreamPublisher, try_publish};
use crate::panics::{discard, discard_each};
use crate::wake::Watched;
use actors_core::BoxError;
use futures_core::Stream;
use futures_sink::Sink;
use std::fmt;
use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tokio_util::sync::PollSender;

/// Creates an emitter, and the publisher of what it emits. At most `buffer` items wait to be
/// requested.
///
/// ```
/// # use actors_core::prelude::*;
/// use actors_streams::reactive::{self, Emitter, Window};
/// use futures_util::StreamExt;
/// use std::num::NonZeroUsize;
///
/// struct Mill { flour: Emitter<u32> }
/// #[actor(local, capacity = 8, reserve = 0)]
/// impl Mill {
///     #[message]
///     async fn grind(&mut self, sack: u32) {
///         // Waits while the baker is busy.
///         let _ = self.flour.emit(sack * 2).await;
///     }
/// }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (flour, publisher) = reactive::emitter(NonZeroUsize::new(4).unwrap());
/// let mill = System::new("village").spawn(Mill { flour });
/// for sack in 1..=3 { mill.grind(sack).await.unwrap(); }
/// let baker = reactive::stream(publisher, Window::DEFAULT);
/// let flour: Vec<_> = baker.take(3).map(Result::unwrap).collect().await;
/// assert_eq!(flour, [2, 4, 6]);
/// # }
/// ```
pub fn emitter<T: Send + 'static>(buffer: NonZeroUsize) -> (Emitter<T>, StreamPublisher<Emitted<T>>) {
    let (sender, receiver) = mpsc::channel(buffer.get());
    let end = Arc::new(Watched::new(None));
    let emitted = Emitted { receiver, end: end.clone(), is_over: false };
    (Emitter { sender: PollSender::new(sender), end }, try_publish(emitted))
}

/// Said before the channel is closed; `None` if the emitter was dropped without saying so.
type Ending = Arc<Watched<Option<Result<(), BoxError>>>>;

/// The subscriber has cancelled, or its publisher is gone. With the item that was not emitted.
pub struct EmitError<T> {
    item: T,
}

impl<T> EmitError<T> {
    /// Returns the item.
    pub fn into_item(self) -> T {
        self.item
    }
}

impl<T> fmt::Debug for EmitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitError").finish_non_exhaustive()
    }
}

impl<T> fmt::Display for EmitError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the item was not emitted: its subscriber has cancelled")
    }
}

impl<T> std::error::Error for EmitError<T> {}

/// Emits items to one subscriber. [`emitter`] creates it.
///
/// It is also a [`Sink`], whose close is [`complete`](Emitter::complete). Dropped without complete
/// or error, for example with an actor that fails, the subscriber gets an error.
pub struct Emitter<T> {
    sender: PollSender<T>,
    end: Ending,
}

impl<T: Send> fmt::Debug for Emitter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitter").finish_non_exhaustive()
    }
}

impl<T: Send + 'static> Emitter<T> {
    /// Waits for room in the buffer, then emits an item.
    ///
    /// In a turn, this wait is not in the wait-for graph (D1): a subscriber that asks the actor
    /// which waits for it is not reported as a deadlock.
    ///
    /// # Cancel safety
    /// Cancel safe, but a future that is dropped while it is pending drops the item, which was not
    /// emitted.
    ///
    /// # Errors
    /// An [`EmitError`] with the item when the subscriber has cancelled.
    pub async fn emit(&mut self, item: T) -> Result<(), EmitError<T>> {
        match poll_fn(|cx| self.sender.poll_reserve(cx)).await {
            Ok(()) => self.put(item),
            Err(_) => Err(EmitError { item }),
        }
    }

    fn put(&mut self, item: T) -> Result<(), EmitError<T>> {
        match self.sender.send_item(item) {
            Ok(()) => Ok(()),
            // The item is in every error of this call.
            Err(error) => match error.into_inner() {
                Some(item) => Err(EmitError { item }),
                None => Ok(()),
            },
        }
    }

    /// Returns whether the subscriber has cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.sender.get_ref().is_none_or(mpsc::Sender::is_closed)
    }

    /// Ends with success, after the items in the buffer.
    pub fn complete(mut self) {
        self.end(Ok(()));
    }

    /// Ends with an error, after the items in the buffer.
    pub fn fail(mut self, error: impl Into<BoxError>) {
        self.end(Err(error.into()));
    }

    fn end(&mut self, end: Result<(), BoxError>) {
        // Before the channel closes: the publisher looks at it then.
        discard(self.end.visit(|place| place.replace(end)));
        self.sender.close();
        // A slot from `poll_ready` would keep the channel open.
        self.sender.abort_send();
    }
}

impl<T: Send + 'static> Sink<T> for Emitter<T> {
    /// Has the item if one was given.
    type Error = EmitError<Option<T>>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.sender.poll_reserve(cx).map_err(|_| EmitError { item: None })
    }

    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), Self::Error> {
        self.put(item).map_err(|EmitError { item }| EmitError { item: Some(item) })
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.end(Ok(()));
        Poll::Ready(Ok(()))
    }
}

/// What an [`Emitter`] has emitted, as a stream. An error is the last item.
pub struct Emitted<T> {
    receiver: mpsc::Receiver<T>,
    end: Ending,
    is_over: bool,
}

impl<T> fmt::Debug for Emitted<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emitted").field("queued", &self.receiver.len()).finish_non_exhaustive()
    }
}

impl<T> Drop for Emitted<T> {
    fn drop(&mut self) {
        self.receiver.close();
        discard_each(std::iter::from_fn(|| self.receiver.try_recv().ok()));
    }
}

impl<T> Stream for Emitted<T> {
    type Item = Result<T, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        if let Some(item) = ready!(self.receiver.poll_recv(cx)) {
            return Poll::Ready(Some(Ok(item)));
        }
        self.is_over = true;
        let end = self.end.visit(Option::take).unwrap_or(Err(Broken::Vanished.into()));
        Poll::Ready(end.err().map(Err))
    }
}
