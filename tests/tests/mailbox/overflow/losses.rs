//! O10: every loss is counted, and those that no sender is told of have a dead letter.

use super::*;

#[test]
fn o10_every_loss_is_counted_and_has_a_dead_letter() {
    run(async |system| {
        let (store, _) = store(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&store);
        store.oldest(0).await.unwrap();
        store.brief(1).await.unwrap();
        store.blocked(2).await.unwrap();
        let asked = pending(store.reject_asked(3));
        store.oldest(4).await.unwrap();
        store.newest(5).await.unwrap();
        let waiter = pending(store.blocked(6));
        drop(waiter);
        tokio::time::advance(6 * SECOND).await;
        drop(asked);
        held.release();
        testing::quiet(&system).await;
        store.fails().await.unwrap();
        store.blocked(7).await.unwrap();
        assert_eq!(store.closed().await, StopReason::Panicked);
        let expected = [
            ("Oldest", Reason::Dropped),
            ("Newest", Reason::Dropped),
            ("Blocked", Reason::Cancelled),
            ("RejectAsked", Reason::Cancelled),
            ("Brief", Reason::Expired),
            ("Fails", Reason::Panicked),
            ("Blocked", Reason::Closed),
        ];
        let found = losses(&mut lost);
        assert_eq!(found, expected);
        let total = store.ledger().total();
        assert_eq!((total.dropped, total.cancelled, total.expired), (2, 2, 1));
        assert_eq!((total.panicked, total.undelivered), (1, 1));
    });
}

#[test]
fn o10_a_dead_letter_says_whose_it_was_why_and_how_old() {
    run(async |system| {
        let builder = system.instance(Store::default()).name("corner shop");
        let store: StoreHandle = builder.spawn().unwrap();
        let mut lost = system.dead_letters();
        let held = testing::hold(&store);
        store.brief(42).await.unwrap();
        tokio::time::advance(7 * SECOND).await;
        held.release();
        let letter = lost.next().await.unwrap();
        assert_eq!(letter.actor.as_str(), "corner shop");
        assert_eq!((letter.message, letter.reason), ("Brief", Reason::Expired));
        assert_eq!((letter.priority, letter.age), (Priority::Normal, 7 * SECOND));
        assert_eq!(letter.payload.as_deref(), Some("Brief { n: 42 }"));
        assert_eq!(letter.missed, 0);
    });
}

#[test]
fn o10_what_was_rejected_or_conflated_is_counted_only() {
    run(async |system| {
        let (store, _) = store(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&store);
        store.priced(Sku(1), 1).await.unwrap();
        store.priced(Sku(1), 2).await.unwrap();
        for n in 0..5 {
            drop(store.rejected(n).await);
        }
        let waiter = pending(store.blocked(0));
        store.stop();
        assert_eq!(waiter.await.unwrap_err().into_message().n, 0);
        held.release();
        store.closed().await;
        assert_eq!(letters(&mut lost).len(), 0);
        let total = store.ledger().total();
        assert_eq!((total.conflated, total.refused(Reason::Full)), (1, 2));
        assert_eq!(total.refused(Reason::Closed), 1);
    });
}

#[test]
fn o10_every_subscriber_gets_every_letter_and_none_gets_older_ones() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let mut early = system.dead_letters();
        for n in 0..5 {
            store.oldest(n).await.unwrap();
        }
        let mut late = system.dead_letters();
        store.oldest(5).await.unwrap();
        assert_eq!((letters(&mut early).len(), letters(&mut late).len()), (2, 1));
    });
}

/// Counts the writes of its `Debug`, which would write a megabyte.
#[derive(Clone, Default)]
struct Endless(Arc<std::sync::atomic::AtomicUsize>);

impl std::fmt::Debug for Endless {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for _ in 0..1_000_000 {
            self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            f.write_str("x")?;
        }
        Ok(())
    }
}

#[derive(Debug, Message)]
#[message(overflow = drop_newest)]
struct Whole {
    what: Endless,
}

#[test]
fn o10_a_dead_letter_formats_no_more_of_a_message_than_it_keeps() {
    struct Sink;
    #[actor(local, capacity = 1, reserve = 0)]
    impl Sink {
        #[message(overflow = drop_newest)]
        fn part(&mut self, before: u32, what: Endless) {
            drop((before, what));
        }
        #[handler]
        fn whole(&mut self, whole: Whole) {
            drop(whole.what);
        }
        #[message]
        fn fall(&mut self) {
            panic!("{}", "y".repeat(100_000));
        }
    }
    run(async |system| {
        let sink: SinkHandle = system.spawn(Sink);
        let mut letters = system.dead_letters();
        let held = testing::hold(&sink);
        sink.part(0, Endless::default()).try_send().unwrap();
        let what = Endless::default();
        assert_eq!(sink.part(7, what.clone()).try_send().unwrap(), Admission::Dropped);
        let text = letters.try_next().unwrap().payload.unwrap();
        assert!(text.starts_with("Part { before: 7, what: xxx"), "{text}");
        assert_eq!(text.chars().count(), 256);
        assert_eq!(sink.whole(Whole { what: what.clone() }).try_send().unwrap(), Admission::Dropped);
        let text = letters.try_next().unwrap().payload.unwrap();
        assert!(text.starts_with("Whole { what: xxx"), "{text}");
        let writes = what.0.load(std::sync::atomic::Ordering::Relaxed);
        assert!(writes < 2 * 256, "{writes} writes for two texts of 256 characters");
        drop(held);
        testing::quiet(&system).await;
        // A message's own `Debug` is not shortened; the text of a panic is.
        assert_eq!(format!("{:?}", SinkFall {}), "Fall");
        sink.fall().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(letters.try_next().unwrap().payload.unwrap().len(), 256);
    });
}
