//! B7: one visit to a mailbox does a bounded amount of work, whatever the mailbox holds. The unit
//! is messages and waiters touched, not time.

use actors_core::mailbox::{Class, Item, channel};
use actors_core::prelude::*;
use actors_core::{
    policy::{Overflow, Policy, Settings},
    testing,
};
use actors_tests::{SECOND, pending, poll, run, run_other_tasks};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

/// Far more than one visit may touch.
const MANY: usize = 5000;
/// The most that one visit may touch: 64 expired messages purged, 256 claimed, 64 waiters let in,
/// and 64 more purged at the claim.
const BOUND: usize = 512;

struct Store;

#[actor(capacity = 8192, reserve = 0, max_waiting = 8192)]
impl Store {
    #[message(overflow = reject, ttl = "1s")]
    fn brief(&mut self) {}

    #[message(overflow = [drop_oldest, reject])]
    fn kept(&mut self) {}

    #[message(overflow = block)]
    fn put(&mut self) {}

    #[message(overflow = block, max = 1)]
    fn single(&mut self) {}
}

fn is_bounded(store: &StoreHandle) -> usize {
    let most = testing::most_work(store);
    assert!(most <= BOUND, "one visit touched {most} messages and waiters");
    most
}

#[test]
fn b7_a_newcomer_to_a_mailbox_full_of_the_dead_clears_a_few_of_them() {
    run(async |system| {
        let store: StoreHandle = system.spawn(Store);
        let held = testing::hold(&store);
        while store.brief().try_send().is_ok() {}
        assert_eq!(store.reading().depth, 8192);
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.brief().try_send().unwrap(), Admission::Queued, "expired messages go first");
        is_bounded(&store);
        assert_eq!(store.ledger().total().expired, 64);
        // Later senders find room, and purge more when it is used up.
        for _ in 0..100 {
            store.kept().try_send().unwrap();
        }
        assert_eq!(store.ledger().total().expired, 128);
        assert_eq!(store.ledger().total().dropped, 0);
        drop(held);
        testing::quiet(&system).await;
        is_bounded(&store);
        let ledger = store.ledger();
        assert_eq!((ledger.total().expired, ledger.total().handled), (8192, 101));
        assert!(ledger.is_balanced());
    });
}

#[test]
fn b7_a_new_instance_and_an_actor_that_goes_on_clear_the_dead_in_parts() {
    struct Fragile;
    #[actor(local, capacity = 8192, reserve = 0)]
    impl Fragile {
        #[message(overflow = reject, ttl = "1s")]
        fn brief(&mut self) {}
        #[message(overflow = reject, priority = urgent)]
        fn fall(&mut self) {
            panic!("on purpose");
        }
    }
    run(async |system| {
        let fragile: FragileHandle = system.actor(|| Fragile).spawn().unwrap();
        let held = testing::hold(&fragile);
        let fall = tokio::spawn(fragile.fall().owned());
        run_other_tasks().await;
        while fragile.brief().try_send().is_ok() {}
        tokio::time::advance(2 * SECOND).await;
        drop(held);
        let _ = fall.await.unwrap();
        testing::quiet(&system).await;
        let most = testing::most_work(&fragile);
        assert!(most <= BOUND, "{most}");
        assert_eq!(fragile.ledger().total().expired, 8191);
    });
}

/// Counts its wake-ups.
#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn wait<'a>(
    store: &'a StoreHandle,
    waker: &Waker,
) -> Vec<actors_core::send::Tell<'a, Store, store_messages::Single>> {
    let mut line: Vec<_> = (0..MANY).map(|_| store.single()).collect();
    for sending in &mut line {
        let _ = actors_tests::poll_with(sending, waker);
    }
    line
}

#[test]
fn b7_a_changed_policy_lets_a_long_line_in_by_parts() {
    run(async |system| {
        let store: StoreHandle = system.spawn(Store);
        let held = testing::hold(&store);
        let woken = Arc::new(Woken::default());
        let mut line = wait(&store, &Waker::from(woken.clone()));
        assert_eq!(store.reading().waiting, MANY - 1);
        store.adjust::<store_messages::Single>(|policy| policy.max(8000)).unwrap();
        // All waiters are let in, although no visit let in more than a few.
        assert_eq!((store.reading().waiting, store.reading().depth), (0, MANY));
        assert_eq!(woken.0.load(Ordering::Relaxed), MANY - 1);
        is_bounded(&store);
        drop(held);
        testing::quiet(&system).await;
        assert!(
            line.iter_mut()
                .skip(1)
                .all(|sending| matches!(poll(sending), Poll::Ready(Ok(Admission::Waited))))
        );
        assert!(store.ledger().is_balanced());
        is_bounded(&store);
    });
}

#[test]
fn b7_stop_and_kill_tell_a_long_line_and_lose_a_long_queue_by_parts() {
    run(async |system| {
        for is_kill in [false, true] {
            let store: StoreHandle = system.spawn(Store);
            let held = testing::hold(&store);
            for _ in 0..MANY - 1 {
                store.put().try_send().unwrap();
            }
            let woken = Arc::new(Woken::default());
            let mut line = wait(&store, &Waker::from(woken.clone()));
            if is_kill {
                store.kill();
            } else {
                drop(store.stop());
            }
            // At once, as without waiters.
            assert_eq!(woken.0.load(Ordering::Relaxed), MANY - 1);
            for sending in line.iter_mut().skip(1) {
                let Poll::Ready(Err(refused)) = poll(sending) else { panic!("it is refused by the call") };
                assert_eq!(refused.reason(), Reason::Closed);
            }
            drop(line);
            drop(held);
            testing::quiet(&system).await;
            is_bounded(&store);
            let total = store.ledger().total();
            assert!(total.is_balanced(), "{total:?}");
            let (handled, undelivered) = if is_kill { (0, MANY as u64) } else { (MANY as u64, 0) };
            assert_eq!((total.handled, total.undelivered), (handled, undelivered));
        }
    });
}

#[test]
fn b7_a_pool_that_is_killed_loses_what_waits_for_its_keys_by_parts() {
    struct Till(Arc<Mutex<usize>>);
    #[actor(local, capacity = 8192, reserve = 0, workers = 2)]
    impl Till {
        #[message(key = customer, overflow = reject, max_per_key = 8192)]
        async fn pay(&mut self, customer: u32) {
            *self.0.lock().unwrap() += customer as usize;
            tokio::time::sleep(Duration::from_secs(3600)).await;
        }
    }
    run(async |system| {
        let seen = Arc::new(Mutex::new(0));
        let made = seen.clone();
        let till: TillHandle = system.actor(move || Till(made.clone())).spawn().unwrap();
        for n in 0..MANY {
            till.pay(n as u32 % 3).try_send().unwrap();
        }
        run_other_tasks().await;
        for _ in 0..200 {
            run_other_tasks().await;
        }
        till.kill();
        testing::quiet(&system).await;
        let most = testing::most_work(&till);
        assert!(most <= BOUND, "{most}");
        let total = till.ledger().total();
        assert_eq!(total.undelivered, MANY as u64, "{total:?}");
        assert!(total.is_balanced());
    });
}

#[test]
fn b7_a_receiver_that_goes_loses_a_long_queue_and_line() {
    struct Work;
    impl Item for Work {}
    let settings = Settings::new().capacity(MANY).reserve(0).max_waiting(MANY);
    let classes = vec![Class::new("work", Policy::tell().overflow(&[Overflow::Block]))];
    let (tx, rx) = channel::<Work>(settings, classes).unwrap();
    for _ in 0..MANY {
        tx.try_send(Work).unwrap();
    }
    let mut line: Vec<_> = (0..MANY).map(|_| pending(tx.send(Work))).collect();
    drop(rx);
    assert!(line.iter_mut().all(|sending| matches!(poll(sending), Poll::Ready(Err(_)))));
}
