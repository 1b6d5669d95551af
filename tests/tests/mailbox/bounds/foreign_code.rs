//! B6: user code (hash, eq, drop, wakers) runs without a lock, and may panic.

use super::*;

/// A value with hooks in its key and its drop.
struct Noisy {
    class: usize,
    key: u32,
    value: u32,
    on_hash: Hook,
    on_eq: Hook,
    on_drop: Hook,
}

impl Noisy {
    const PRICE: usize = 0;
    const VIEW: usize = 1;
    const WORK: usize = 2;

    fn new(class: usize, key: u32, value: u32) -> Self {
        Noisy {
            class,
            key,
            value,
            on_hash: Hook::default(),
            on_eq: Hook::default(),
            on_drop: Hook::default(),
        }
    }
}

impl Item for Noisy {
    fn class(&self) -> usize {
        self.class
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.on_hash.call();
        self.key.hash(state);
    }

    fn same_key(&self, other: &Self) -> bool {
        self.on_eq.call();
        other.on_eq.call();
        self.key == other.key
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            self.on_drop.call();
        }
    }
}

fn noisy(capacity: usize) -> (Sender<Noisy>, Receiver<Noisy>) {
    let classes = vec![
        Class::new("price", Policy::tell().keyed().overflow(&[Overflow::Conflate, Overflow::Block])),
        Class::new("view", Policy::tell().overflow(&[Overflow::DropOldest])),
        Class::new("work", Policy::tell()),
    ];
    channel(Settings::new().capacity(capacity).max_waiting(8).reserve(0), classes).unwrap()
}

/// Checks that the mailbox still works, so that no change was left half done.
fn assert_works(tx: &Sender<Noisy>, rx: &mut Receiver<Noisy>) {
    assert!(rx.ledger().is_balanced(), "{}", rx.ledger());
    while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
    let capacity = 4;
    for n in 0..capacity {
        tx.try_send(Noisy::new(Noisy::PRICE, n, 1)).unwrap();
    }
    for n in 0..capacity {
        let admission = tx.try_send(Noisy::new(Noisy::PRICE, n, 2)).unwrap();
        assert_eq!(admission, Admission::Conflated);
    }
    let full = tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap_err();
    assert_eq!(full.reason(), Reason::Full);
    for n in 0..capacity {
        match poll(&mut rx.recv()) {
            Poll::Ready(Some(got)) => assert_eq!((got.key, got.value), (n, 2)),
            _ => panic!("a message was lost"),
        }
    }
    let ledger = rx.ledger();
    assert!(ledger.is_balanced(), "{ledger}");
    assert_eq!((ledger.total().queued, ledger.total().waiting), (0, 0));
}

#[test]
fn b6_a_panic_in_a_key_s_hash_gives_the_message_back_and_harms_nothing() {
    let (tx, mut rx) = noisy(4);
    let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
    bad.on_hash = Hook::new(|| panic!("hash"));
    let refused = tx.try_send(bad).unwrap_err();
    assert_eq!(refused.reason(), Reason::Panicked);
    assert_eq!(refused.into_message().value, 9);
    assert_eq!(rx.ledger().rows()[Noisy::PRICE].panicked, 1);
    assert_works(&tx, &mut rx);
}

#[test]
fn b6_a_panic_in_a_key_s_eq_gives_the_newcomer_back_and_leaves_the_queued_one() {
    let (tx, mut rx) = noisy(4);
    tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
    let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
    bad.on_eq = Hook::new(|| panic!("eq"));
    let refused = tx.try_send(bad).unwrap_err();
    assert_eq!(refused.reason(), Reason::Panicked);
    assert_eq!(refused.into_message().value, 9);
    let Poll::Ready(Some(first)) = poll(&mut rx.recv()) else { panic!("the queued one is gone") };
    assert_eq!(first.value, 1);
    assert_works(&tx, &mut rx);
}

#[test]
fn b6_a_panic_in_eq_while_a_waiter_is_let_in_harms_only_that_waiter() {
    let (tx, mut rx) = noisy(2);
    tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap();
    tx.try_send(Noisy::new(Noisy::WORK, 0, 1)).unwrap();
    let is_armed = Arc::new(AtomicUsize::new(0));
    let armed = is_armed.clone();
    let mut bad = Noisy::new(Noisy::PRICE, 7, 70);
    bad.on_eq = Hook::new(move || assert_eq!(armed.load(Ordering::Relaxed), 0, "eq"));
    let mut first = tx.send(Noisy::new(Noisy::PRICE, 7, 60));
    let mut bad = tx.send(bad);
    let mut next = tx.send(Noisy::new(Noisy::PRICE, 8, 80));
    assert!(poll(&mut first).is_pending() && poll(&mut bad).is_pending() && poll(&mut next).is_pending());
    is_armed.store(1, Ordering::Relaxed);
    assert!(poll(&mut rx.recv()).is_ready());
    assert!(poll(&mut rx.recv()).is_ready());
    assert!(matches!(poll(&mut first), Poll::Ready(Ok(Admission::Waited))));
    match poll(&mut bad) {
        Poll::Ready(Err(refused)) => {
            assert_eq!(refused.reason(), Reason::Panicked);
            drop(refused.into_message());
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(poll(&mut next), Poll::Ready(Ok(Admission::Waited))));
    drop((first, bad, next));
    assert!(rx.ledger().is_balanced(), "{}", rx.ledger());
    let rest: Vec<_> = std::iter::from_fn(|| match poll(&mut rx.recv()) {
        Poll::Ready(got) => got.map(|got| got.value),
        Poll::Pending => None,
    })
    .collect();
    assert_eq!(rest, [60, 80]);
}

#[test]
fn b6_an_eq_that_uses_its_own_mailbox_is_told_so_and_waits_for_nobody() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
        let inner = tx.clone();
        let mut bad = Noisy::new(Noisy::PRICE, 1, 9);
        bad.on_eq = Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        let refused = tx.try_send(bad).unwrap_err();
        assert_eq!(refused.reason(), Reason::Panicked);
        drop(refused);
        assert_works(&tx, &mut rx);
    });
}

#[test]
fn b6_an_eq_may_use_another_mailbox() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let (other_tx, mut other_rx) = noisy(4);
        tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
        let mut talkative = Noisy::new(Noisy::PRICE, 1, 9);
        let to_other = other_tx.clone();
        talkative.on_eq = Hook::new(move || drop(to_other.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        assert_eq!(tx.try_send(talkative).unwrap(), Admission::Conflated);
        assert_eq!(other_rx.ledger().total().offered, 1);
        assert_works(&other_tx, &mut other_rx);
        assert_works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_hash_may_use_its_own_mailbox_because_no_lock_is_held() {
    finishes(|| {
        let (tx, mut rx) = noisy(8);
        let inner = tx.clone();
        let mut talkative = Noisy::new(Noisy::PRICE, 1, 9);
        talkative.on_hash = Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 0, 0))));
        tx.try_send(talkative).unwrap();
        assert_eq!(rx.ledger().total().queued, 2);
        drop(tx);
        while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
        assert!(rx.ledger().is_balanced());
    });
}

#[test]
fn b6_a_drop_that_panics_or_sends_runs_after_the_update() {
    finishes(|| {
        for is_panicking in [true, false] {
            let (tx, mut rx) = noisy(4);
            let inner = tx.clone();
            let victim = move |class, key| {
                let inner = inner.clone();
                let mut victim = Noisy::new(class, key, 0);
                victim.on_drop = Hook::new(move || {
                    assert!(!is_panicking, "drop");
                    drop(inner.try_send(Noisy::new(Noisy::VIEW, 0, 1)));
                });
                victim
            };
            // One is dropped by `drop_oldest`, one is replaced by `conflate`.
            tx.try_send(victim(Noisy::VIEW, 0)).unwrap();
            tx.try_send(victim(Noisy::PRICE, 1)).unwrap();
            tx.try_send(Noisy::new(Noisy::PRICE, 1, 1)).unwrap();
            for _ in 0..4 {
                tx.try_send(Noisy::new(Noisy::VIEW, 0, 2)).unwrap();
            }
            let ledger = rx.ledger();
            assert!(ledger.is_balanced(), "{ledger}");
            assert_eq!(ledger.rows()[Noisy::PRICE].conflated, 1);
            assert!(ledger.rows()[Noisy::VIEW].dropped > 0);
            assert_works(&tx, &mut rx);
        }
    });
}

#[test]
fn b6_values_left_at_the_end_may_panic_in_drop_one_by_one() {
    let drops = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = noisy(4);
    for n in 0..4 {
        let drops = drops.clone();
        let mut value = Noisy::new(Noisy::WORK, n, n);
        value.on_drop = Hook::new(move || {
            drops.fetch_add(1, Ordering::Relaxed);
            panic!("drop");
        });
        tx.try_send(value).unwrap();
    }
    drop(rx);
    assert_eq!(drops.load(Ordering::Relaxed), 4);
    let closed = tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap_err();
    assert_eq!(closed.reason(), Reason::Closed);
}

#[test]
fn b6_a_waker_that_panics_does_not_keep_others_from_being_woken() {
    let (tx, mut rx) = noisy(4);
    for n in 0..4 {
        tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
    }
    let woken = Arc::new(AtomicUsize::new(0));
    let mut first = tx.send(Noisy::new(Noisy::WORK, 4, 4));
    let mut second = tx.send(Noisy::new(Noisy::WORK, 5, 5));
    let panics = HookWaker::waker(Hook::new(|| panic!("wake")), Hook::default());
    let counts = woken.clone();
    let wakes =
        HookWaker::waker(Hook::new(move || _ = counts.fetch_add(1, Ordering::Relaxed)), Hook::default());
    assert!(poll_with(&mut first, &panics).is_pending());
    assert!(poll_with(&mut second, &wakes).is_pending());
    rx.close();
    assert_eq!(woken.load(Ordering::Relaxed), 1);
    for send in [&mut first, &mut second] {
        match poll(send) {
            Poll::Ready(Err(refused)) => assert_eq!(refused.reason(), Reason::Closed),
            other => panic!("{other:?}"),
        }
    }
    assert!(rx.ledger().is_balanced());
}

#[test]
fn b6_a_waker_may_use_the_mailbox_while_it_wakes() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let inner = tx.clone();
        let sends = HookWaker::waker(
            Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))),
            Hook::default(),
        );
        assert!(poll_with(&mut rx.recv(), &sends).is_pending());
        tx.try_send(Noisy::new(Noisy::WORK, 0, 0)).unwrap();
        assert_eq!(rx.ledger().total().queued, 2);
        drop(sends);
        while let Poll::Ready(Some(_)) = poll(&mut rx.recv()) {}
        assert_works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_sender_s_waker_may_use_the_mailbox_when_it_is_replaced() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        for n in 0..4 {
            tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
        }
        let inner = tx.clone();
        let mut waiting = tx.send(Noisy::new(Noisy::WORK, 4, 4));
        let old = HookWaker::waker(
            Hook::default(),
            Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))),
        );
        assert!(poll_with(&mut waiting, &old).is_pending());
        drop(old);
        assert!(poll(&mut waiting).is_pending());
        drop(waiting);
        assert_works(&tx, &mut rx);
    });
}

#[test]
fn b6_a_sender_s_waker_may_use_the_mailbox_when_its_send_is_cancelled() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        for n in 0..4 {
            tx.try_send(Noisy::new(Noisy::WORK, n, n)).unwrap();
        }
        let inner = tx.clone();
        let mut waiting = tx.send(Noisy::new(Noisy::WORK, 4, 4));
        let old = HookWaker::waker(
            Hook::default(),
            Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))),
        );
        assert!(poll_with(&mut waiting, &old).is_pending());
        drop(old);
        drop(waiting);
        assert_works(&tx, &mut rx);
    });
}

#[test]
fn b6_the_receiver_s_waker_may_use_the_mailbox_when_it_is_replaced() {
    finishes(|| {
        let (tx, mut rx) = noisy(4);
        let inner = tx.clone();
        let old = HookWaker::waker(
            Hook::default(),
            Hook::new(move || drop(inner.try_send(Noisy::new(Noisy::WORK, 9, 9)))),
        );
        assert!(poll_with(&mut rx.recv(), &old).is_pending());
        drop(old);
        let _ = poll(&mut rx.recv());
        assert_works(&tx, &mut rx);
    });
}
