//! Terminal signals are the last ones, and items that nothing wants may panic in their drop.

use super::adapters::{Bomb, window};
use actors_core::testing;
use actors_streams::reactive::{self, Emitter, Outcome, Publisher, Receiver, Subscriber, Subscription};
use futures_util::{Sink, SinkExt, StreamExt, stream};
use std::num::NonZeroUsize;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

/// Signals two items, then panics.
struct Crashing;

struct Crash<R>(R);

struct Ignored;

impl Subscription for Ignored {
    fn request(&mut self, _: u64) {}
    fn cancel(&mut self) {}
}

impl Publisher for Crashing {
    type Item = u64;
    type Run<R: Receiver<u64>> = Crash<R>;

    fn subscribe<S: Subscriber<u64>>(self, subscriber: S) -> Crash<S::Receiver> {
        Crash(subscriber.on_subscribe(Box::new(Ignored)))
    }
}

impl<R> Unpin for Crash<R> {}

impl<R: Receiver<u64>> Future for Crash<R> {
    type Output = Outcome;

    fn poll(mut self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<Outcome> {
        (1..=2).for_each(|item| self.0.on_next(item));
        panic!("the publisher crashes");
    }
}

#[test]
fn rs_1_07_a_stream_ends_with_the_panic_of_its_publisher_after_the_items() {
    testing::run(async |_| {
        let mut items = reactive::stream(Crashing, window(4));
        for expected in 1..=2 {
            assert_eq!(items.next().await.unwrap().unwrap(), expected);
        }
        let error = items.next().await.unwrap().unwrap_err();
        assert!(error.to_string().contains("the publisher crashes"), "{error}");
        for _ in 0..2 {
            assert!(items.next().await.is_none(), "an error is the last item");
        }
    });
}

#[test]
fn rs_1_05_an_emitter_that_is_closed_while_it_has_a_place_completes() {
    testing::run(async |_| {
        let (mut emitter, publisher) = reactive::emitter::<u64>(NonZeroUsize::new(2).unwrap());
        emitter.feed(7).await.unwrap();
        let cx = &mut TaskContext::from_waker(Waker::noop());
        assert!(Pin::new(&mut emitter).poll_ready(cx).is_ready());
        emitter.close().await.unwrap();
        let items = reactive::stream(publisher, window(2)).map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(tokio::time::timeout(Duration::from_secs(1), items).await.unwrap(), [7]);
        assert!(Emitter::is_cancelled(&emitter));
    });
}

type Line = Arc<Mutex<Option<Box<dyn Subscription>>>>;

/// Requests one item, and keeps the subscription for a cancel.
struct Fickle(Line);

impl Subscriber<Bomb> for Fickle {
    type Receiver = Fickle;

    fn on_subscribe(self, mut subscription: Box<dyn Subscription>) -> Fickle {
        subscription.request(1);
        *self.0.lock().unwrap() = Some(subscription);
        self
    }
}

impl Receiver<Bomb> for Fickle {
    fn on_next(&mut self, item: Bomb) {
        std::mem::forget(item);
        panic!("nothing was wanted");
    }
    fn on_error(self, _: actors_core::BoxError) {}
    fn on_complete(self) {}
}

#[test]
fn rs_2_13_an_item_that_comes_after_a_cancel_may_panic_in_its_drop() {
    testing::run(async |_| {
        let line = Line::default();
        let cancel = line.clone();
        let bombs = stream::poll_fn(move |_| {
            cancel.lock().unwrap().take().expect("it is subscribed").cancel();
            Poll::Ready(Some(Bomb))
        });
        assert_eq!(reactive::publish(bombs).subscribe(Fickle(line)).await, Outcome::Cancelled);
    });
}
