//! A stream as a publisher.
//!
//! ```text
//!   subscriber ── request(n) ──► Account ── demand ──► Run: polls the stream, signals the receiver
//! ```
//!
//! `request` only adds to the account and wakes the run. So no call of a subscriber runs a signal,
//! the depth of recursion is one, and any number of requests within `on_next` is a loop (§3.3).

use super::traits::{IllegalRequest, Outcome, Publisher, Receiver, Subscriber, Subscription};
use crate::credit::{Demand, Stage};
use crate::panics::{caught, discard};
use crate::wake::Watched;
use actors_core::BoxError;
use futures_core::Stream;
use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::task::coop;

/// Makes a publisher of a stream whose items are never errors.
///
/// ```
/// use actors_streams::reactive::{self, Window};
/// use futures_util::{StreamExt, stream};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let publisher = reactive::publish(stream::iter(1..=3));
/// let items: Vec<_> = reactive::stream(publisher, Window::DEFAULT).map(Result::unwrap).collect().await;
/// assert_eq!(items, [1, 2, 3]);
/// # }
/// ```
pub fn publish<St: Stream + Unpin>(stream: St) -> StreamPublisher<Sure<St>> {
    try_publish(Sure { stream })
}

/// Makes a publisher of a stream of results. The first error is signalled, and ends it.
pub fn try_publish<St, T, E>(stream: St) -> StreamPublisher<St>
where
    St: Stream<Item = Result<T, E>> + Unpin,
    E: Into<BoxError>,
{
    StreamPublisher { stream }
}

/// A publisher of the items of a stream. [`publish`] and [`try_publish`] create it.
///
/// An item is taken from the stream only when it was requested. The end of the stream is found
/// when it is asked for an item, or from its `size_hint`. A stream that panics has failed.
#[derive(Debug)]
pub struct StreamPublisher<St> {
    stream: St,
}

/// A stream whose items are never errors.
#[derive(Debug)]
pub struct Sure<St> {
    stream: St,
}

impl<St: Stream + Unpin> Stream for Sure<St> {
    type Item = Result<St::Item, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.stream).poll_next(cx).map(|item| item.map(Ok))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

impl<St, T, E> Publisher for StreamPublisher<St>
where
    St: Stream<Item = Result<T, E>> + Unpin,
    E: Into<BoxError>,
{
    type Item = T;
    type Run<R: Receiver<T>> = Run<St, R>;

    fn subscribe<S: Subscriber<T>>(self, subscriber: S) -> Run<St, S::Receiver> {
        let account = Arc::new(Watched::new(Account::default()));
        let subscription = Box::new(Line { account: account.clone() });
        let state = match caught(|| subscriber.on_subscribe(subscription)) {
            Ok(receiver) => State::Running { stream: self.stream, receiver },
            Err(panic) => State::Over(Outcome::Panicked(panic)),
        };
        Run { state, account }
    }
}

/// What a subscriber has requested.
#[derive(Debug, Default)]
struct Account {
    demand: Demand,
    /// Whether zero was requested, which ends the subscription with an error.
    is_illegal: bool,
}

/// The subscription of a [`StreamPublisher`].
struct Line {
    account: Arc<Watched<Account>>,
}

impl Subscription for Line {
    fn request(&mut self, n: u64) {
        self.account.change(|account| {
            if account.demand.request(n).is_err() {
                account.is_illegal = true;
            }
        });
    }

    fn cancel(&mut self) {
        self.account.change(|account| account.demand.cancel());
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.cancel();
    }
}

/// The life of a subscription to a [`StreamPublisher`].
///
/// # Cancel safety
/// Cancel safe. Dropped, it cancels: the stream and the receiver are dropped, and later requests do
/// nothing. Items that were not signalled are still in the stream.
///
/// # Panics
/// When it is polled after it has completed.
#[must_use = "no item is signalled before it is polled"]
pub struct Run<St, R> {
    state: State<St, R>,
    account: Arc<Watched<Account>>,
}

enum State<St, R> {
    Running { stream: St, receiver: R },
    Over(Outcome),
    Reported,
}

/// What the account says is next.
enum Next {
    Item,
    Illegal,
    Cancelled,
}

// The stream is pinned by its own `Unpin`, and a receiver is not pinned.
impl<St: Unpin, R> Unpin for Run<St, R> {}

impl<St, R> fmt::Debug for Run<St, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("account", &self.account).finish_non_exhaustive()
    }
}

impl<St, R> Drop for Run<St, R> {
    fn drop(&mut self) {
        self.account.visit(|account| account.demand.cancel());
        if let State::Running { stream, receiver } = mem::replace(&mut self.state, State::Reported) {
            discard(stream);
            discard(receiver);
        }
    }
}

impl Account {
    fn next(&self) -> Option<Next> {
        match self.demand.stage() {
            Stage::Cancelled | Stage::Ended => Some(Next::Cancelled),
            Stage::Open if self.is_illegal => Some(Next::Illegal),
            Stage::Open => (self.demand.open() > 0).then_some(Next::Item),
        }
    }
}

impl<St, R, T, E> Run<St, R>
where
    St: Stream<Item = Result<T, E>> + Unpin,
    E: Into<BoxError>,
    R: Receiver<T>,
{
    /// Ends the subscription, and calls the receiver a last time. Everything is dropped before the
    /// outcome is known.
    fn finish(&mut self, outcome: Outcome, signal: impl FnOnce(R)) {
        let state = mem::replace(&mut self.state, State::Reported);
        let State::Running { stream, receiver } = state else { return };
        // A subscriber that has cancelled meanwhile is signalled no more.
        let is_signalled = self.account.visit(|account| account.demand.end());
        discard(stream);
        let signalled = match is_signalled {
            true => caught(|| signal(receiver)).map(|()| outcome),
            false => caught(|| drop(receiver)).map(|()| Outcome::Cancelled),
        };
        self.state = State::Over(signalled.unwrap_or_else(Outcome::Panicked));
    }

    fn fail(&mut self, error: impl Into<BoxError>) {
        self.finish(Outcome::Failed, |receiver| receiver.on_error(error.into()));
    }

    /// Signals one item, or the end. Pending without demand, and without an item.
    fn poll_signal(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Running { stream, receiver } = &mut self.state else { return Poll::Ready(()) };
        match self.account.look(cx, |account| account.next()) {
            None if caught(|| stream.size_hint()) == Ok((0, Some(0))) => {
                self.finish(Outcome::Completed, R::on_complete);
                return Poll::Ready(());
            }
            None => return Poll::Pending,
            Some(Next::Cancelled) => {
                self.finish(Outcome::Cancelled, drop);
                return Poll::Ready(());
            }
            Some(Next::Illegal) => {
                self.fail(IllegalRequest);
                return Poll::Ready(());
            }
            Some(Next::Item) => {}
        }
        // Each item costs a unit of tokio's cooperative budget, so that a stream which always has
        // one lets other tasks run.
        let unit = ready!(coop::poll_proceed(cx));
        match caught(|| Pin::new(stream).poll_next(cx)) {
            Ok(Poll::Pending) => {
                // Only a cancel or an illegal request matters now; the stream wakes for an item.
                let ended = self.account.look(cx, |account| match account.next() {
                    Some(Next::Cancelled | Next::Illegal) => Some(()),
                    Some(Next::Item) | None => None,
                });
                return if ended.is_some() { Poll::Ready(()) } else { Poll::Pending };
            }
            Ok(Poll::Ready(Some(Ok(item)))) => {
                unit.made_progress();
                // Taken after the item is there: a cancel that came first wins, and drops it.
                if !self.account.visit(|account| account.demand.take()) {
                    discard(item);
                } else if let Err(panic) = caught(|| receiver.on_next(item)) {
                    self.account.visit(|account| account.demand.cancel());
                    self.finish(Outcome::Cancelled, drop);
                    self.state = State::Over(Outcome::Panicked(panic));
                }
            }
            Ok(Poll::Ready(None)) => self.finish(Outcome::Completed, R::on_complete),
            Ok(Poll::Ready(Some(Err(error)))) => self.fail(error),
            Err(panic) => self.fail(panic),
        }
        Poll::Ready(())
    }
}

impl<St, R, T, E> Future for Run<St, R>
where
    St: Stream<Item = Result<T, E>> + Unpin,
    E: Into<BoxError>,
    R: Receiver<T>,
{
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Outcome> {
        let this = &mut *self;
        loop {
            if let State::Running { .. } = this.state {
                ready!(this.poll_signal(cx));
                continue;
            }
            let State::Over(outcome) = mem::replace(&mut this.state, State::Reported) else {
                panic!("the run of a subscription was polled after its end");
            };
            return Poll::Ready(outcome);
        }
    }
}
