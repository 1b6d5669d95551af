use crate::mill_messages::Grind;
use crate::{Mill, poll, run_other_tasks};
use actors_core::prelude::*;
use actors_core::testing;
use actors_streams::credit::End;
use actors_streams::reactive::{
    self, Broken, Emitter, Inlet, Outcome, Publisher, Receiver, Subscriber, Subscription, Window,
};
use futures_util::{StreamExt, sink, stream};
use std::io;
use std::num::{NonZeroU32, NonZeroUsize};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;

pub(super) fn window(size: u32) -> Window {
    Window::new(NonZeroU32::new(size).unwrap())
}

#[test]
fn c1_an_actor_requests_exactly_the_slots_that_it_was_granted() {
    testing::run(async |system| {
        let (mill, record) = Mill::spawn(&system);
        let held = testing::hold(&mill);
        let taken = Arc::new(AtomicU64::new(0));
        let count = taken.clone();
        let sacks = stream::iter((0..1000).map(move |sack| {
            count.fetch_add(1, Ordering::Relaxed);
            Grind { sack }
        }));
        let (subscriber, feed) = reactive::subscriber(&mill, window(16));
        let feed = tokio::spawn(feed);
        let run = tokio::spawn(reactive::publish(sacks).subscribe(subscriber));
        run_other_tasks().await;
        assert_eq!(taken.load(Ordering::Relaxed), 8, "the capacity, although the window is larger");
        assert_eq!((mill.reading().depth, mill.reading().permits), (8, 0));
        held.release();
        assert_eq!(run.await.unwrap(), Outcome::Completed);
        let report = feed.await.unwrap();
        assert!(matches!(report.end, End::Completed), "{:?}", report.end);
        testing::quiet(&system).await;
        assert_eq!((report.items, record.ground()), (1000, (0..1000).collect()));
        assert_eq!(mill.reading().permits, 0);
    });
}

#[test]
fn c4_the_actor_s_end_cancels_and_the_publisher_s_end_gives_the_slots_back() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        let endless = stream::iter(0..u64::MAX).map(|sack| Grind { sack });
        let (subscriber, feed) = reactive::subscriber(&mill, Window::DEFAULT);
        let feed = tokio::spawn(feed);
        let run = tokio::spawn(reactive::publish(endless).subscribe(subscriber));
        run_other_tasks().await;
        mill.kill();
        assert_eq!(run.await.unwrap(), Outcome::Cancelled);
        assert!(matches!(feed.await.unwrap().end, End::Refused(_)));

        let (mill, _) = Mill::spawn(&system);
        let failing = stream::iter([Ok(Grind { sack: 1 }), Err(io::Error::other("the cellar is flooded"))]);
        let (subscriber, feed) = reactive::subscriber(&mill, Window::DEFAULT);
        let (outcome, report) = tokio::join!(reactive::try_publish(failing).subscribe(subscriber), feed);
        assert_eq!((outcome, report.items), (Outcome::Failed, 1));
        assert!(report.end.to_string().contains("flooded"), "{}", report.end);
        assert_eq!(mill.reading().permits, 0);

        let (subscriber, feed) = reactive::subscriber::<_, Grind>(&mill, Window::DEFAULT);
        drop(subscriber);
        assert!(matches!(feed.await.end, End::Vanished), "never subscribed");
    });
}

/// Hears nothing.
struct Deaf;

impl Subscription for Deaf {
    fn request(&mut self, _: u64) {}
    fn cancel(&mut self) {}
}

/// Signals what was not requested.
struct Rude {
    items: u64,
}

impl Publisher for Rude {
    type Item = Grind;
    type Run<R: Receiver<Grind>> = std::future::Ready<Outcome>;

    fn subscribe<S: Subscriber<Grind>>(self, subscriber: S) -> std::future::Ready<Outcome> {
        let mut receiver = subscriber.on_subscribe(Box::new(Deaf));
        (0..self.items).for_each(|sack| receiver.on_next(Grind { sack }));
        receiver.on_complete();
        std::future::ready(Outcome::Completed)
    }
}

#[test]
fn items_that_were_not_requested_are_an_error_and_never_queued() {
    testing::run(async |system| {
        let (mill, _) = Mill::spawn(&system);
        for items in [1, 3, 1000] {
            let (subscriber, feed) = reactive::subscriber(&mill, window(4));
            Rude { items }.subscribe(subscriber).await;
            let report = feed.await;
            assert!(matches!(report.end, End::NoCredit), "{:?}", report.end);
            assert_eq!((report.items, mill.ledger().total().offered), (0, 0));
            assert_eq!(report.undelivered.len() as u64 + report.overrun, items, "each item is accounted for");

            let mut received: Vec<_> = reactive::stream(Rude { items }, window(4)).collect().await;
            let error = received.pop().unwrap().unwrap_err();
            assert_eq!(error.downcast_ref(), Some(&Broken::NotRequested));
            assert!(received.is_empty());
        }
    });
}

#[test]
fn an_inlet_holds_at_most_its_window() {
    testing::run(async |_| {
        let taken = Arc::new(AtomicU64::new(0));
        let count = taken.clone();
        let items = stream::iter(0..1000).inspect(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let (inlet, mut outlet) = reactive::inlet(window(4));
        let run = tokio::spawn(reactive::publish(items).subscribe(inlet));
        run_other_tasks().await;
        assert_eq!(taken.load(Ordering::Relaxed), 0, "nothing is requested before it is polled");
        for n in 0..1000 {
            assert_eq!(outlet.next().await.unwrap().unwrap(), n);
            run_other_tasks().await;
            let ahead = taken.load(Ordering::Relaxed) - n - 1;
            assert!(ahead <= 4, "{ahead}");
        }
        assert!(outlet.next().await.is_none());
        assert_eq!(run.await.unwrap(), Outcome::Completed);
    });
}

/// Panics where it is told to.
struct Fearful {
    fears_subscriptions: bool,
    fears: u64,
    dropped: Arc<AtomicU64>,
}

impl Subscriber<u64> for Fearful {
    type Receiver = Fearful;

    fn on_subscribe(self, mut subscription: Box<dyn Subscription>) -> Fearful {
        assert!(!self.fears_subscriptions, "no subscription, please");
        subscription.request(10);
        std::mem::forget(subscription);
        self
    }
}

impl Receiver<u64> for Fearful {
    fn on_next(&mut self, item: u64) {
        assert_ne!(item, self.fears, "no such item, please");
    }

    fn on_error(self, _: BoxError) {
        panic!("no error, please");
    }

    fn on_complete(self) {
        panic!("no end, please");
    }
}

impl Drop for Fearful {
    fn drop(&mut self) {
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn rs_2_13_a_subscriber_that_panics_counts_as_cancelled() {
    testing::run(async |_| {
        let dropped = Arc::new(AtomicU64::new(0));
        let make =
            |fears_subscriptions, fears| Fearful { fears_subscriptions, fears, dropped: dropped.clone() };
        let numbers = || stream::iter(0..3).boxed();
        let failing = reactive::try_publish(stream::iter([Err(io::Error::other("failed"))]));
        for (outcome, text) in [
            (reactive::publish(numbers()).subscribe(make(true, 9)).await, "no subscription"),
            (reactive::publish(numbers()).subscribe(make(false, 1)).await, "no such item"),
            (reactive::publish(numbers()).subscribe(make(false, 9)).await, "no end"),
            (failing.subscribe(make(false, 9)).await, "no error"),
        ] {
            let Outcome::Panicked(panic) = outcome else { panic!("{outcome:?}") };
            assert!(panic.text().contains(text), "{panic}");
        }
        assert_eq!(dropped.load(Ordering::Relaxed), 4);
    });
}

#[test]
fn rs_1_04_a_stream_that_panics_has_failed() {
    testing::run(async |_| {
        let burning = stream::poll_fn(|_| -> Poll<Option<u64>> { panic!("the mill burns") });
        let items: Vec<_> = reactive::stream(reactive::publish(burning), Window::DEFAULT).collect().await;
        assert!(items[0].as_ref().unwrap_err().to_string().contains("the mill burns"));
        assert_eq!(items.len(), 1);
    });
}

/// An item that panics when it is dropped.
pub(super) struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("the item explodes");
    }
}

#[test]
fn rs_2_13_items_that_are_not_wanted_may_panic_in_their_drop() {
    testing::run(async |_| {
        let (inlet, outlet) = reactive::inlet(window(4));
        let run = reactive::publish(stream::iter([Bomb, Bomb])).subscribe(inlet);
        let mut run = Box::pin(run);
        let mut next = Box::pin(outlet.into_future());
        assert!(poll(&mut next).is_pending());
        assert!(poll(&mut run).is_ready(), "both items are in the inbox");
        // The outlet drops them. The panic ends neither the drop nor this thread.
        drop(next);

        let (mut emitter, publisher) = reactive::emitter(NonZeroUsize::new(2).unwrap());
        emitter.emit(Bomb).await.unwrap();
        emitter.emit(Bomb).await.unwrap();
        drop(publisher);

        let (inlet, outlet) = reactive::inlet(window(4));
        let mut receiver = inlet.on_subscribe(Box::new(Deaf));
        drop(outlet);
        receiver.on_next(Bomb);
        receiver.on_complete();
    });
}

#[test]
fn a_run_that_is_dropped_cancels_and_tells_its_subscriber() {
    testing::run(async |_| {
        let (inlet, mut outlet) = reactive::inlet(window(4));
        let mut run = Box::pin(reactive::publish(stream::iter(0..10)).subscribe(inlet));
        assert!(poll(&mut run).is_pending());
        drop(run);
        let error = outlet.next().await.unwrap().unwrap_err();
        assert_eq!(error.downcast_ref(), Some(&Broken::Vanished));
        assert!(outlet.next().await.is_none());
        let (inlet, mut outlet): (Inlet<u64>, _) = reactive::inlet(window(4));
        drop(inlet);
        assert!(outlet.next().await.unwrap().is_err());
    });
}

#[test]
fn a_sink_gets_every_item_and_a_sink_that_fails_cancels() {
    testing::run(async |_| {
        // An emitter is a sink, too.
        let (emitter, publisher) = reactive::emitter(NonZeroUsize::new(2).unwrap());
        let (inlet, feed) = reactive::sink(emitter, window(4));
        let run = tokio::spawn(reactive::publish(stream::iter(0..100)).subscribe(inlet));
        let feed = tokio::spawn(feed);
        let received: Vec<u64> = reactive::stream(publisher, window(2)).map(Result::unwrap).collect().await;
        assert_eq!((feed.await.unwrap().unwrap(), received), (100, (0..100).collect()));
        assert_eq!(run.await.unwrap(), Outcome::Completed);

        let full = sink::unfold((), async |(), item: u64| match item {
            7 => Err(io::Error::other("the sink is full")),
            _ => Ok(()),
        });
        let (inlet, feed) = reactive::sink(Box::pin(full), window(4));
        let run = tokio::spawn(reactive::publish(stream::iter(0..u64::MAX)).subscribe(inlet));
        assert!(feed.await.unwrap_err().to_string().contains("full"));
        assert_eq!(run.await.unwrap(), Outcome::Cancelled);
    });
}

/// Emits what it is sent.
struct Source {
    emitter: Emitter<u64>,
}

#[actor(capacity = 8, reserve = 0)]
impl Source {
    #[message]
    async fn item(&mut self, number: u64) {
        assert_ne!(number, 13, "this source fears thirteen");
        let _ = self.emitter.emit(number).await;
    }
}

#[test]
fn a_slow_subscriber_slows_the_senders_of_the_actor_that_emits() {
    testing::run(async |system| {
        let (emitter, publisher) = reactive::emitter(NonZeroUsize::new(2).unwrap());
        let source: SourceHandle = system.spawn(Source { emitter });
        let mut items = reactive::stream(publisher, window(2));
        let sender = source.clone();
        let sending = tokio::spawn(async move {
            for number in 100..200 {
                sender.item(number).await.unwrap();
            }
        });
        run_other_tasks().await;
        // Two in the buffer, one in the turn that waits, eight in the mailbox, one in line.
        assert_eq!((source.ledger().total().handled, source.reading().depth), (2, 8));
        for number in 100..200 {
            assert_eq!(items.next().await.unwrap().unwrap(), number);
        }
        sending.await.unwrap();
        source.item(13).await.unwrap();
        let error = items.next().await.unwrap().unwrap_err();
        assert_eq!(
            error.downcast_ref(),
            Some(&Broken::Vanished),
            "a failed actor ends the stream with an error"
        );
    });
}
