//! Publishers as streams, sinks as subscribers, and stages that are both.

use super::inlet::{Inlet, InletReceiver, Outlet, inlet};
use super::publish::{StreamPublisher, try_publish};
use super::traits::Publisher;
use crate::credit::Window;
use crate::panics::{caught, discard};
use actors_core::BoxError;
use futures_core::Stream;
use futures_sink::Sink;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Subscribes to a publisher, and returns its items as a stream. An error is the last item.
///
/// The window bounds the items that are requested and not taken out. The stream runs the publisher
/// while it is polled. Dropped, it cancels.
pub fn stream<P: Publisher>(publisher: P, window: Window) -> PublisherStream<P> {
    let (inlet, outlet) = inlet(window);
    let run = Box::pin(publisher.subscribe(inlet));
    PublisherStream { outlet, run: Some(run), failed: None, is_over: false }
}

/// The items of a publisher. [`stream`] creates it.
pub struct PublisherStream<P: Publisher> {
    outlet: Outlet<P::Item>,
    /// `None` once the publisher has run to its end. Boxed, so that the stream is `Unpin`.
    run: Option<Pin<Box<RunOf<P>>>>,
    /// The panic of the run, which comes after the items that it has signalled.
    failed: Option<BoxError>,
    /// Whether the end or an error is out.
    is_over: bool,
}

type RunOf<P> = <P as Publisher>::Run<InletReceiver<<P as Publisher>::Item>>;

// The run is behind a box.
impl<P: Publisher> Unpin for PublisherStream<P> {}

impl<P: Publisher> fmt::Debug for PublisherStream<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublisherStream").field("outlet", &self.outlet).finish_non_exhaustive()
    }
}

impl<P: Publisher> PublisherStream<P> {
    fn poll_outlet(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<P::Item, BoxError>>> {
        match Pin::new(&mut self.outlet).poll_next(cx) {
            Poll::Ready(Some(Ok(item))) => Poll::Ready(Some(Ok(item))),
            Poll::Pending if self.failed.is_none() => Poll::Pending,
            end => {
                self.is_over = true;
                self.failed.take().map_or(end, |failed| Poll::Ready(Some(Err(failed))))
            }
        }
    }
}

impl<P: Publisher> Stream for PublisherStream<P> {
    type Item = Result<P::Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        if this.is_over {
            return Poll::Ready(None);
        }
        let next = this.poll_outlet(cx);
        let Some(run) = &mut this.run else { return next };
        if next.is_ready() {
            return next;
        }
        // The request that the outlet has just made, if any, is known to the run.
        match caught(|| run.as_mut().poll(cx)) {
            Ok(Poll::Pending) => {}
            Ok(Poll::Ready(_)) => discard(this.run.take()),
            Err(panic) => {
                discard(this.run.take());
                this.failed = Some(panic.into());
            }
        }
        this.poll_outlet(cx)
    }
}

/// Creates a subscriber whose items go into a sink, and the future that moves them. Await it, or
/// spawn it as a task.
///
/// The window bounds the items that are requested and not in the sink.
pub fn sink<T, Si>(sink: Si, window: Window) -> (Inlet<T>, SinkFeed<T, Si>)
where
    Si: Sink<T, Error: Into<BoxError>> + Unpin,
{
    let (inlet, outlet) = inlet(window);
    (inlet, SinkFeed { outlet: Some(outlet), sink, item: None, items: 0, error: None })
}

/// Moves items into a sink; [`sink`] creates it. It resolves with their number when the publisher
/// has completed and the sink is closed.
///
/// # Cancel safety
/// Cancel safe. Dropped, it cancels the subscription, and drops the items that are not in the sink.
///
/// # Errors
/// The publisher's error, after the sink is closed. The sink's error, which cancels the
/// subscription. A sink that panics has failed.
#[must_use = "nothing is requested before it is polled"]
pub struct SinkFeed<T, Si> {
    /// `None` once there are no more items.
    outlet: Option<Outlet<T>>,
    sink: Si,
    /// Taken out, and waits for the sink.
    item: Option<T>,
    items: u64,
    /// The publisher's.
    error: Option<BoxError>,
}

// The sink is pinned by its own `Unpin`.
impl<T, Si: Unpin> Unpin for SinkFeed<T, Si> {}

impl<T, Si> Drop for SinkFeed<T, Si> {
    fn drop(&mut self) {
        discard(self.item.take());
    }
}

impl<T, Si> fmt::Debug for SinkFeed<T, Si> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SinkFeed").field("items", &self.items).finish_non_exhaustive()
    }
}

impl<T, Si: Sink<T, Error: Into<BoxError>> + Unpin> SinkFeed<T, Si> {
    /// Moves items into the sink, then closes it. An error is the sink's.
    fn poll_sink(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Si::Error>> {
        let mut sink = Pin::new(&mut self.sink);
        loop {
            if self.item.is_some() {
                ready!(sink.as_mut().poll_ready(cx))?;
                if let Some(item) = self.item.take() {
                    sink.as_mut().start_send(item)?;
                    self.items += 1;
                }
            }
            let Some(outlet) = &mut self.outlet else { return sink.poll_close(cx) };
            match Pin::new(outlet).poll_next(cx) {
                Poll::Ready(Some(Ok(item))) => self.item = Some(item),
                Poll::Ready(Some(Err(error))) => (self.error, self.outlet) = (Some(error), None),
                Poll::Ready(None) => self.outlet = None,
                Poll::Pending => {
                    // Nothing to move now: what the sink has buffered goes out.
                    ready!(sink.poll_flush(cx))?;
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<T, Si: Sink<T, Error: Into<BoxError>> + Unpin> Future for SinkFeed<T, Si> {
    type Output = Result<u64, BoxError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let failed = match caught(|| self.poll_sink(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(Ok(()))) => None,
            Ok(Poll::Ready(Err(error))) => Some(error.into()),
            Err(panic) => Some(panic.into()),
        };
        // Dropping the outlet cancels.
        self.outlet = None;
        Poll::Ready(match self.error.take().or(failed) {
            Some(error) => Err(error),
            None => Ok(self.items),
        })
    }
}

/// Creates a processing stage, which is a subscriber and a publisher (section 4). `stage` makes the
/// stream of its results of the stream of its items.
///
/// An error of the publisher above is an item of that stream: a stage that passes it on fails with
/// it, and a stage that replaces it recovers (§4.2). A cancel below drops the stream, which cancels
/// above.
///
/// ```
/// use actors_streams::reactive::{self, Publisher, Window};
/// use futures_util::{StreamExt, TryStreamExt, stream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let (above, doubled) = reactive::processor(Window::DEFAULT, |items| items.map_ok(|n: u32| n * 2));
/// let run = tokio::spawn(reactive::publish(stream::iter(1..=3)).subscribe(above));
/// let doubled: Vec<_> = reactive::stream(doubled, Window::DEFAULT).try_collect().await.unwrap();
/// assert_eq!(doubled, [2, 4, 6]);
/// assert_eq!(run.await.unwrap(), reactive::Outcome::Completed);
/// # }
/// ```
pub fn processor<T, St, R, E>(
    window: Window,
    stage: impl FnOnce(Outlet<T>) -> St,
) -> (Inlet<T>, StreamPublisher<St>)
where
    St: Stream<Item = Result<R, E>> + Unpin,
    E: Into<BoxError>,
{
    let (inlet, outlet) = inlet(window);
    (inlet, try_publish(stage(outlet)))
}
