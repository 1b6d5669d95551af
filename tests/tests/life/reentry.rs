//! B6: the `Eq` of a conflation key runs under its mailbox's lock. It may use another mailbox, busy
//! or not. The runtime refuses that only where the wait for the other lock could not end.

use actors_core::mailbox::{Class, Item, Receiver, Sender, channel};
use actors_core::policy::{Overflow, Policy, Settings};
use actors_core::prelude::*;
use actors_tests::finishes;
use std::hash::Hasher;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

/// A value whose key equals every other key; the comparison calls a function.
struct Odd(Arc<dyn Fn() + Send + Sync>);

impl Item for Odd {
    fn hash_key<H: Hasher>(&self, _: &mut H) {}

    fn same_key(&self, other: &Self) -> bool {
        // Either the new or the queued value has a function; the other one's does nothing.
        (self.0)();
        (other.0)();
        true
    }
}

fn plain() -> Odd {
    Odd(Arc::new(|| ()))
}

/// Opens a channel with one queued value, with which the next one is compared.
fn open() -> (Sender<Odd>, Receiver<Odd>) {
    let policy = Policy::tell().keyed().overflow(&[Overflow::Conflate]);
    let opened = channel(Settings::new().capacity(4).reserve(0), vec![Class::new("odd", policy)]).unwrap();
    opened.0.try_send(plain()).unwrap();
    opened
}

fn panicked(receiver: &Receiver<Odd>) -> u64 {
    assert!(receiver.ledger().is_balanced());
    receiver.ledger().total().panicked
}

#[test]
fn b6_an_eq_may_use_another_mailbox_that_is_busy() {
    finishes(|| {
        let ((first, first_end), (second, second_end)) = (open(), open());
        let (is_held, is_in) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
        // Keeps the second mailbox's lock until the other thread waits for it.
        let (held, came) = (is_held.clone(), is_in.clone());
        let keeps = Odd(Arc::new(move || {
            held.store(true, Ordering::Release);
            while !came.load(Ordering::Acquire) {
                std::thread::yield_now();
            }
            (0..1000).for_each(|_| std::thread::yield_now());
        }));
        let keeper = second.clone();
        let thread = std::thread::spawn(move || keeper.try_send(keeps).map_err(|error| error.reason()));
        while !is_held.load(Ordering::Acquire) {
            std::thread::yield_now();
        }
        let other = second.clone();
        let uses = Odd(Arc::new(move || {
            is_in.store(true, Ordering::Release);
            other.try_send(plain()).unwrap();
        }));
        let sent = first.try_send(uses).map_err(|error| error.reason());
        assert_eq!(sent, Ok(Admission::Conflated));
        assert_eq!(thread.join().unwrap(), Ok(Admission::Conflated));
        assert_eq!((panicked(&first_end), panicked(&second_end)), (0, 0));
    });
}

#[test]
fn b6_of_two_eqs_that_use_each_other_s_mailbox_one_is_refused() {
    finishes(|| {
        let ((first, first_end), (second, second_end)) = (open(), open());
        let (both, refused) = (Arc::new(Barrier::new(2)), Arc::new(AtomicU32::new(0)));
        let threads: Vec<_> = [(first.clone(), second.clone()), (second, first)]
            .into_iter()
            .map(|(own, other)| {
                let (both, refused) = (both.clone(), refused.clone());
                let uses = Odd(Arc::new(move || {
                    both.wait();
                    other.try_send(plain()).unwrap();
                }));
                std::thread::spawn(move || {
                    if own.try_send(uses).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(refused.load(Ordering::Relaxed), 1);
        assert_eq!(panicked(&first_end) + panicked(&second_end), 1);
    });
}

#[test]
fn b6_an_eq_that_uses_its_own_mailbox_is_refused() {
    finishes(|| {
        let (sender, receiver) = open();
        let own = sender.clone();
        let uses = Odd(Arc::new(move || own.try_send(plain()).map(drop).unwrap()));
        assert_eq!(sender.try_send(uses).unwrap_err().reason(), Reason::Panicked);
        assert_eq!(panicked(&receiver), 1);
    });
}
