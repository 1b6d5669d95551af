//! The mailbox by itself, as a channel.

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::{
    Admission, Priority, Reason,
    policy::{Overflow, Policy, Settings},
};
use actors_tests::{HOUR, pending, poll};
use futures_util::future::{Either, ready, select};
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;
use tokio::time::{advance, timeout};

#[derive(Debug, PartialEq)]
enum Work {
    Job(u32),
    View(u32),
    Price(u32, u32),
    Brief(u32),
    Note(u32),
    Stop,
}

use Work::{Brief, Job, Note, Price, Stop, View};

impl Item for Work {
    fn class(&self) -> usize {
        match self {
            Job(_) => 0,
            View(_) => 1,
            Price(..) => 2,
            Brief(_) => 3,
            Note(_) => 4,
            Stop => 5,
        }
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        match self {
            Price(key, _) => key.hash(state),
            _ => unreachable!("only asked for where a policy conflates"),
        }
    }

    fn same_key(&self, other: &Self) -> bool {
        matches!((self, other), (Price(a, _), Price(b, _)) if a == b)
    }
}

fn classes() -> Vec<Class> {
    vec![
        Class::new("job", Policy::tell()),
        Class::new("view", Policy::tell().overflow(&[Overflow::DropOldest])),
        Class::new("price", Policy::tell().keyed().overflow(&[Overflow::Conflate])),
        Class::new("brief", Policy::tell().overflow(&[Overflow::Reject]).ttl(Duration::from_secs(5))),
        Class::new("note", Policy::tell().overflow(&[Overflow::DropNewest])),
        Class::new("stop", Policy::tell().priority(Priority::Urgent)),
    ]
}

fn open(capacity: usize) -> (Sender<Work>, Receiver<Work>) {
    channel(Settings::new().capacity(capacity).reserve(0), classes()).unwrap()
}

/// Returns the values that can be received now.
fn drain(rx: &mut Receiver<Work>) -> Vec<Work> {
    std::iter::from_fn(|| match poll(&mut rx.recv()) {
        Poll::Ready(got) => got,
        Poll::Pending => None,
    })
    .collect()
}

#[test]
fn values_come_out_by_lane_and_age() {
    let (tx, mut rx) = open(8);
    for value in [Job(0), View(1), Stop, Price(1, 0), Note(2), Stop] {
        assert_eq!(tx.try_send(value).unwrap(), Admission::Queued);
    }
    let order = [Stop, Stop, Job(0), View(1), Price(1, 0), Note(2)];
    assert_eq!(drain(&mut rx), order);
    assert!(rx.ledger().is_balanced());
}

#[test]
fn each_class_overflows_as_it_declares() {
    let (tx, mut rx) = open(4);
    for value in [Job(0), View(1), Price(1, 0), Note(2)] {
        tx.try_send(value).unwrap();
    }
    let full = tx.try_send(Job(9)).unwrap_err();
    assert_eq!(full.reason(), Reason::Full);
    assert!(full.retry_after().is_some());
    assert_eq!(full.into_message(), Job(9));
    assert_eq!(tx.try_send(Brief(9)).unwrap_err().reason(), Reason::Full);
    assert_eq!(tx.try_send(Note(9)).unwrap(), Admission::Dropped);
    assert_eq!(tx.try_send(View(3)).unwrap(), Admission::Displaced);
    assert_eq!(tx.try_send(Price(1, 5)).unwrap(), Admission::Conflated);
    assert_eq!(tx.try_send(Price(2, 6)).unwrap(), Admission::Displaced);
    assert_eq!(drain(&mut rx), [Job(0), Note(2), View(3), Price(2, 6)]);
    let ledger = rx.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    let names: Vec<_> = ledger.rows().iter().map(|row| row.message).collect();
    assert_eq!(names, ["job", "view", "price", "brief", "note", "stop"]);
    let price = ledger.rows()[2];
    assert_eq!((price.offered, price.conflated, price.dropped), (3, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_sender_waits_in_line_and_is_woken() {
    let (tx, mut rx) = open(2);
    let sender = tokio::spawn(async move {
        let mut waited = 0;
        for n in 0..100 {
            waited += usize::from(tx.send(Job(n)).await.unwrap() == Admission::Waited);
        }
        waited
    });
    let all = async {
        let mut next = 0;
        while let Some(got) = rx.recv().await {
            assert_eq!(got, Job(next));
            next += 1;
        }
        next
    };
    assert_eq!(timeout(HOUR, all).await.expect("the sender is not woken"), 100);
    assert!(sender.await.unwrap() > 0);
}

#[test]
fn a_sender_that_was_let_in_is_woken_by_the_receive_that_made_room() {
    struct Woken(AtomicU32);
    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (tx, mut rx) = open(4);
    // From here on the channel knows that the receiver is quick.
    for n in 0..1000 {
        for at in 0..4 {
            tx.try_send(Job(4 * n + at)).unwrap();
        }
        // A poll may be pending although values are queued: for a quick receiver the mailbox
        // collects a batch.
        let mut got = 0;
        while got < 4 {
            got += drain(&mut rx).len();
        }
    }
    for n in 0..4 {
        tx.try_send(Job(n)).unwrap();
    }
    let woken = Arc::new(Woken(AtomicU32::new(0)));
    let mut waiting = tx.send(Job(4));
    let waker = Waker::from(woken.clone());
    assert!(Pin::new(&mut waiting).poll(&mut Context::from_waker(&waker)).is_pending());
    assert!((0..2).any(|_| poll(&mut rx.recv()).is_ready()));
    assert_eq!(woken.0.load(Ordering::Relaxed), 1);
}

#[test]
fn a_send_dropped_in_line_was_never_sent() {
    let (tx, mut rx) = open(1);
    tx.try_send(Job(0)).unwrap();
    let waiting = pending(tx.send(Job(1)));
    drop(waiting);
    drop(tx.send(Job(2)));
    assert_eq!(drain(&mut rx), [Job(0)]);
    let row = rx.ledger().rows()[0];
    assert_eq!((row.offered, row.handled, row.cancelled, row.waiting), (2, 1, 1, 0));
}

#[test]
fn the_line_is_bounded_and_hands_over_in_order() {
    let settings = Settings::new().capacity(1).max_waiting(2);
    let (tx, mut rx) = channel(settings, classes()).unwrap();
    tx.try_send(Job(0)).unwrap();
    let (mut first, mut second, mut third) = (tx.send(Job(1)), tx.send(Job(2)), tx.send(Job(3)));
    assert!(poll(&mut first).is_pending() && poll(&mut second).is_pending());
    match poll(&mut third) {
        Poll::Ready(Err(refused)) => assert_eq!(refused.reason(), Reason::Full),
        other => panic!("{other:?}"),
    }
    assert_eq!(drain(&mut rx), [Job(0), Job(1), Job(2)]);
    assert!(matches!(poll(&mut first), Poll::Ready(Ok(Admission::Waited))));
    assert!(matches!(poll(&mut second), Poll::Ready(Ok(Admission::Waited))));
}

#[tokio::test(start_paused = true)]
async fn what_is_past_its_ttl_is_skipped_and_makes_room() {
    let (tx, mut rx) = open(2);
    tx.try_send(Brief(0)).unwrap();
    tx.try_send(Brief(1)).unwrap();
    assert_eq!(tx.try_send(Brief(2)).unwrap_err().reason(), Reason::Full);
    advance(Duration::from_secs(6)).await;
    assert_eq!(tx.try_send(Brief(3)).unwrap(), Admission::Queued);
    advance(Duration::from_secs(4)).await;
    assert_eq!(drain(&mut rx), [Brief(3)]);
    let row = rx.ledger().rows()[3];
    assert_eq!((row.expired, row.handled), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn with_the_last_sender_gone_the_receiver_gets_the_rest_and_then_nothing() {
    let (tx, mut rx) = open(4);
    let other = tx.clone();
    tx.send(Job(0)).await.unwrap();
    drop(tx);
    other.send(Job(1)).await.unwrap();
    drop(other);
    assert_eq!(rx.recv().await, Some(Job(0)));
    assert_eq!(rx.recv().await, Some(Job(1)));
    assert_eq!(rx.recv().await, None);
    assert_eq!(rx.recv().await, None);
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_waits_is_told_when_the_last_sender_goes() {
    let (tx, mut rx) = open(4);
    let receiver = tokio::spawn(async move { rx.recv().await });
    tokio::task::yield_now().await;
    drop(tx);
    let told = timeout(HOUR, receiver).await.expect("the receiver is not woken");
    assert_eq!(told.unwrap(), None);
}

#[test]
fn a_closed_channel_refuses_and_hands_out_what_it_has() {
    let (tx, mut rx) = open(2);
    tx.try_send(Job(0)).unwrap();
    tx.try_send(Job(1)).unwrap();
    let mut waiting = pending(tx.send(Job(2)));
    rx.close();
    rx.close();
    match poll(&mut waiting) {
        Poll::Ready(Err(refused)) => {
            assert_eq!((refused.reason(), refused.into_message()), (Reason::Closed, Job(2)));
        }
        other => panic!("{other:?}"),
    }
    let refused = tx.try_send(Job(3)).unwrap_err();
    assert_eq!((refused.reason(), refused.retry_after()), (Reason::Closed, None));
    assert_eq!(drain(&mut rx), [Job(0), Job(1)]);
    assert!(matches!(poll(&mut rx.recv()), Poll::Ready(None)));
}

#[test]
fn a_receiver_that_goes_leaves_the_rest_undelivered_and_drops_it() {
    let cargo = Arc::new(());
    struct Cargo(#[expect(dead_code, reason = "its count is read")] Arc<()>);
    impl Item for Cargo {}
    let classes = vec![Class::new("cargo", Policy::tell())];
    let (tx, rx) = channel(Settings::new().capacity(4).reserve(0), classes).unwrap();
    for _ in 0..4 {
        tx.try_send(Cargo(cargo.clone())).unwrap();
    }
    let mut waiting = pending(tx.send(Cargo(cargo.clone())));
    assert_eq!(Arc::strong_count(&cargo), 6);
    drop(rx);
    assert_eq!(Arc::strong_count(&cargo), 2, "only the waiter is left, and it is refused");
    match poll(&mut waiting) {
        Poll::Ready(Err(refused)) => assert_eq!(refused.reason(), Reason::Closed),
        other => panic!("{other:?}"),
    }
    drop(waiting);
    assert_eq!(Arc::strong_count(&cargo), 1);
}

#[tokio::test(start_paused = true)]
async fn many_values_are_received_at_once() {
    let (tx, mut rx) = open(100);
    for n in 0..70 {
        tx.try_send(Job(n)).unwrap();
    }
    let mut into = vec![Stop];
    assert_eq!(rx.recv_many(&mut into, 0).await, 0);
    assert_eq!(rx.recv_many(&mut into, 50).await, 50);
    assert_eq!(rx.recv_many(&mut into, 50).await, 20);
    assert_eq!(into.len(), 71);
    assert_eq!((&into[1], &into[70]), (&Job(0), &Job(69)));
    drop(tx);
    assert_eq!(rx.recv_many(&mut into, 50).await, 0);
}

#[tokio::test(start_paused = true)]
async fn a_receive_that_is_dropped_loses_nothing() {
    let (tx, mut rx) = open(16);
    let sender = tokio::spawn(async move {
        for n in 0..500 {
            tx.send(Job(n)).await.unwrap();
            if n % 3 == 0 {
                tokio::task::yield_now().await;
            }
        }
    });
    let all = async {
        let mut next = 0;
        loop {
            let got = match select(rx.recv(), ready(())).await {
                Either::Left((got, _)) => got,
                Either::Right(_) => {
                    tokio::task::yield_now().await;
                    match select(rx.recv(), pin!(tokio::task::yield_now())).await {
                        Either::Left((got, _)) => got,
                        Either::Right(_) => continue,
                    }
                }
            };
            let Some(got) = got else { return next };
            assert_eq!(got, Job(next));
            next += 1;
        }
    };
    assert_eq!(timeout(HOUR, all).await.expect("a value is lost"), 500);
    sender.await.unwrap();
}

#[test]
fn a_receiver_may_move_from_one_waker_to_another() {
    let (tx, mut rx) = open(4);
    for n in 0..10 {
        assert!(poll(&mut rx.recv()).is_pending());
        tx.try_send(Job(n)).unwrap();
        assert_eq!(drain(&mut rx), [Job(n)]);
    }
}

#[test]
fn impossible_channels_are_refused_with_a_sentence() {
    let capacity = |capacity| Settings::new().capacity(capacity);
    let bad =
        |settings, classes: Vec<Class>| channel::<Work>(settings, classes).map(drop).unwrap_err().to_string();
    assert!(bad(capacity(0), classes()).contains("at least 1"));
    assert!(bad(capacity(8).reserve(8), classes()).contains("at most 7"));
    assert!(bad(capacity(8), Vec::new()).contains("between 1"));
    let odd = Class::new("odd", Policy::tell().overflow(&[Overflow::Conflate]));
    let why = bad(capacity(8), vec![odd]);
    assert!(why.contains("odd") && why.contains("needs a key"), "{why}");
    let too_many = vec![Class::new("one", Policy::tell()); 65_536];
    assert!(bad(capacity(8), too_many).contains("65,535"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_send_through_few_slots_in_order() {
    let (tx, mut rx) = open(8);
    let senders: Vec<_> = (0..4_u32)
        .map(|sender| {
            let tx = tx.clone();
            tokio::spawn(async move {
                for n in 0..10_000 {
                    tx.send(Job(sender * 100_000 + n)).await.unwrap();
                }
            })
        })
        .collect();
    drop(tx);
    let mut next = [0; 4];
    while let Some(got) = rx.recv().await {
        let Job(n) = got else { panic!("{got:?}") };
        let expected = &mut next[(n / 100_000) as usize];
        assert_eq!(n % 100_000, *expected);
        *expected += 1;
    }
    assert_eq!(next, [10_000; 4]);
    for sender in senders {
        sender.await.unwrap();
    }
    let ledger = rx.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!(ledger.total().handled, 40_000);
}
