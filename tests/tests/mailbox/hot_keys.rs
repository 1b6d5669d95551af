//! S8: how many slots the messages of one key may hold in a pool, so that a busy key cannot fill
//! the mailbox that all keys share.

use actors_core::prelude::*;
use actors_core::{policy::Policy, testing};
use actors_tests::{HOUR, Record, SECOND, poll, run, run_other_tasks};
use std::task::Poll;
use std::time::Duration;
use tokio::time::Instant;

type Seen = Record<(u32, u32)>;

/// Records the key and the number of each message; a turn takes as long as its message says.
struct Till {
    seen: Seen,
}

impl Till {
    async fn work(&mut self, key: u32, n: u32, time: Duration) {
        self.seen.write((key, n));
        tokio::time::sleep(time).await;
    }
}

#[actor(capacity = 16, reserve = 0, workers = 4)]
impl Till {
    #[message(key = customer, overflow = block)]
    async fn pay(&mut self, customer: u32, n: u32, time: Duration) {
        self.work(customer, n, time).await;
    }

    #[message(key = customer, overflow = reject)]
    async fn check(&mut self, customer: u32, n: u32) {
        self.work(customer, n, Duration::ZERO).await;
    }

    #[message(key = customer, overflow = drop_newest)]
    async fn greet(&mut self, customer: u32, n: u32) {
        self.work(customer, n, Duration::ZERO).await;
    }

    #[message(key = customer, overflow = drop_oldest, max_per_key = 2)]
    async fn seen(&mut self, customer: u32, n: u32) {
        self.work(customer, n, Duration::ZERO).await;
    }

    #[message(key = customer, overflow = drop_random, max_per_key = 2)]
    async fn sampled(&mut self, customer: u32, n: u32) {
        self.work(customer, n, Duration::ZERO).await;
    }

    #[message(key = customer, overflow = [evict_lower, reject], priority = urgent, max_per_key = 1)]
    async fn alarm(&mut self, customer: u32, n: u32) {
        self.work(customer, n, Duration::ZERO).await;
    }

    #[message(overflow = block, priority = low)]
    async fn sweep(&mut self) {}
}

fn till(system: &System) -> (TillHandle, Seen) {
    let seen = Seen::default();
    let made = seen.clone();
    (system.actor(move || Till { seen: made.clone() }).spawn().unwrap(), seen)
}

/// Begins a turn of this key that takes so long.
async fn busy(till: &TillHandle, key: u32, time: Duration) {
    till.pay(key, 0, time).await.unwrap();
    run_other_tasks().await;
}

fn of(seen: &Seen, key: u32) -> Vec<u32> {
    seen.read().iter().filter(|(other, _)| *other == key).map(|(_, n)| *n).collect()
}

#[test]
fn s8_a_busy_key_holds_a_quarter_of_the_slots_and_others_find_the_rest() {
    run(async |system| {
        let (till, seen) = till(&system);
        busy(&till, 1, HOUR).await;
        let mut pending: Vec<_> = (1..20).map(|n| till.pay(1, n, HOUR)).collect();
        let is_in = pending.iter_mut().map(|sending| poll(sending).is_ready()).filter(|is| *is).count();
        assert_eq!((is_in, till.reading().depth, till.reading().waiting), (4, 4, 15));
        // Three workers are idle, so another key's message has its turn at once, before the fifteen
        // that wait.
        let began = Instant::now();
        till.pay(2, 0, Duration::ZERO).await.unwrap();
        run_other_tasks().await;
        assert_eq!((of(&seen, 2), began.elapsed()), (vec![0], Duration::ZERO));
        drop(pending);
        assert!(till.ledger().is_balanced());
        till.kill();
    });
}

#[test]
fn s8_further_messages_of_a_busy_key_meet_their_policy_although_there_is_room() {
    run(async |system| {
        let (till, seen) = till(&system);
        for key in 1..3 {
            busy(&till, key, SECOND).await;
        }
        for n in 1..5 {
            till.check(1, n).try_send().unwrap();
        }
        let refused = till.check(1, 5).try_send().unwrap_err();
        assert_eq!((refused.reason(), till.reading().depth), (Reason::Full, 4));
        assert!(refused.retry_after().is_some(), "the key becomes free at some time");
        assert_eq!(till.greet(1, 6).try_send().unwrap(), Admission::Dropped);
        assert_eq!(till.pay(1, 7, SECOND).try_send().unwrap_err().reason(), Reason::Full);
        // Messages of another key are not affected.
        assert_eq!(till.greet(2, 6).try_send().unwrap(), Admission::Queued);
        testing::quiet(&system).await;
        assert_eq!((of(&seen, 1), of(&seen, 2)), (vec![0, 1, 2, 3, 4], vec![0, 6]));
        assert!(till.ledger().is_balanced());
    });
}

#[test]
fn s8_what_is_given_up_for_a_spent_share_is_of_the_same_key() {
    run(async |system| {
        let (till, seen) = till(&system);
        for key in 1..3 {
            busy(&till, key, SECOND).await;
        }
        till.seen(2, 1).try_send().unwrap();
        till.seen(1, 1).try_send().unwrap();
        till.seen(1, 2).try_send().unwrap();
        // The oldest message of the type has key 2; the oldest of key 1 is dropped.
        assert_eq!(till.seen(1, 3).try_send().unwrap(), Admission::Displaced);
        for n in 4..9 {
            till.sampled(1, n).try_send().unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(of(&seen, 2), [0, 1]);
        let one = of(&seen, 1);
        // All types count towards a key's share: with two of `seen` queued, none of `sampled` got
        // in.
        assert_eq!(one, [0, 2, 3]);
        let ledger = till.ledger();
        assert_eq!(ledger.of::<till_messages::Seen>().dropped, 1);
        assert_eq!(ledger.of::<till_messages::Sampled>().dropped, 5);
        assert!(ledger.is_balanced());
    });
}

#[test]
fn s8_a_random_one_of_its_own_key_makes_room() {
    run(async |system| {
        let (till, seen) = till(&system);
        for key in 1..3 {
            busy(&till, key, SECOND).await;
        }
        for n in 1..3 {
            till.sampled(2, n).try_send().unwrap();
        }
        for n in 1..9 {
            till.sampled(1, n).try_send().unwrap();
        }
        testing::quiet(&system).await;
        assert_eq!(of(&seen, 2), [0, 1, 2]);
        let one = of(&seen, 1);
        assert!(one.len() == 3 && one.is_sorted() && one[2] == 8, "{one:?}");
        assert_eq!(till.ledger().of::<till_messages::Sampled>().dropped, 6);
    });
}

#[test]
fn s8_messages_of_lower_lanes_keep_no_message_of_their_key_out() {
    run(async |system| {
        let (till, seen) = till(&system);
        busy(&till, 1, SECOND).await;
        for n in 1..5 {
            till.check(1, n).try_send().unwrap();
        }
        till.alarm(1, 9).try_send().unwrap();
        // One message of its own lane uses up the share, and an eviction does not help.
        assert_eq!(till.alarm(1, 10).try_send().unwrap_err().reason(), Reason::Full);
        testing::quiet(&system).await;
        assert_eq!(of(&seen, 1), [0, 9, 1, 2, 3, 4]);
    });
}

#[test]
fn s8_a_waiter_for_a_busy_key_holds_up_no_other_key_and_keeps_its_order() {
    run(async |system| {
        let (till, seen) = till(&system);
        let held = testing::hold(&till);
        // Four keys fill the sixteen slots, and more messages of each wait, alternately.
        let mut line = Vec::new();
        for n in 0..6 {
            for key in 1..5 {
                let mut sending = till.pay(key, n, SECOND);
                if poll(&mut sending).is_pending() {
                    line.push(sending);
                }
            }
        }
        let mut fifth = till.pay(5, 0, SECOND);
        assert!(poll(&mut fifth).is_pending(), "there is no room");
        assert_eq!((till.reading().depth, till.reading().waiting), (16, 9));
        // A dropped send makes room for the next of its key only.
        let gone = line.remove(0);
        drop(gone);
        held.release();
        run_other_tasks().await;
        // Four turns have begun, one of each key. Each key takes one of the four free slots, so the
        // fifth key waits.
        assert_eq!(till.reading().waiting, 4);
        testing::quiet(&system).await;
        for sending in &mut line {
            assert!(matches!(poll(sending), Poll::Ready(Ok(Admission::Waited))));
        }
        assert!(matches!(poll(&mut fifth), Poll::Ready(Ok(Admission::Waited))));
        assert_eq!(of(&seen, 1), [0, 1, 2, 3, 5]);
        for key in 2..5 {
            assert_eq!(of(&seen, key), [0, 1, 2, 3, 4, 5]);
        }
        assert_eq!(of(&seen, 5), [0]);
        assert!(till.ledger().is_balanced());
    });
}

#[test]
fn s8_a_changed_share_lets_waiters_in() {
    run(async |system| {
        let (till, seen) = till(&system);
        busy(&till, 1, SECOND).await;
        let mut pending: Vec<_> = (1..10).map(|n| till.pay(1, n, Duration::ZERO)).collect();
        let waiting = pending.iter_mut().map(|sending| poll(sending).is_pending()).filter(|is| *is).count();
        assert_eq!(waiting, 5);
        till.adjust::<till_messages::Pay>(|policy| policy.max_per_key(6)).unwrap();
        assert_eq!(till.policy::<till_messages::Pay>().max_per_key, Some(6));
        assert_eq!((till.reading().depth, till.reading().waiting), (6, 3));
        till.adjust::<till_messages::Pay>(|policy| policy.max_per_key(1)).unwrap();
        assert_eq!((till.reading().depth, till.reading().waiting), (6, 3));
        let none = till.adjust::<till_messages::Sweep>(|policy| policy.max_per_key(1)).unwrap_err();
        assert!(
            none.to_string().contains("needs") || none.to_string().contains("give the type a key"),
            "{none}"
        );
        testing::quiet(&system).await;
        assert_eq!(of(&seen, 1), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn s8_the_end_tells_those_that_wait_for_a_busy_key() {
    run(async |system| {
        for is_kill in [false, true] {
            let (till, _) = till(&system);
            busy(&till, 1, SECOND).await;
            let mut pending: Vec<_> = (1..10).map(|n| till.pay(1, n, Duration::ZERO)).collect();
            let waiting =
                pending.iter_mut().map(|sending| poll(sending).is_pending()).filter(|is| *is).count();
            assert_eq!(waiting, 5);
            if is_kill {
                till.kill();
            } else {
                drop(till.stop());
            }
            for sending in &mut pending[4..] {
                let Poll::Ready(Err(refused)) = poll(sending) else { panic!("it is told at once") };
                assert_eq!(refused.reason(), Reason::Closed);
            }
            testing::quiet(&system).await;
            assert!(till.ledger().is_balanced());
        }
    });
}

#[test]
fn s8_where_there_is_one_worker_keys_hold_what_they_like() {
    run(async |system| {
        let seen = Seen::default();
        let made = seen.clone();
        let till: TillHandle =
            system.actor(move || Till { seen: made.clone() }).workers(1..=1).spawn().unwrap();
        busy(&till, 1, SECOND).await;
        for n in 1..17 {
            till.check(1, n).try_send().unwrap();
        }
        assert_eq!(till.reading().depth, 16);
        testing::quiet(&system).await;
        assert_eq!(of(&seen, 1).len(), 17);
    });
}

#[test]
fn s8_a_backlog_of_a_busy_key_starts_no_workers() {
    run(async |system| {
        let seen = Seen::default();
        let made = seen.clone();
        let builder = system.actor(move || Till { seen: made.clone() }).workers(2..=8);
        // The key may fill the mailbox, which puts it under pressure.
        let builder = builder.policy::<till_messages::Pay>(|policy| policy.max_per_key(16));
        let till: TillHandle = builder.spawn().unwrap();
        let senders: Vec<_> = (0..24)
            .map(|_| {
                let till = till.clone();
                tokio::spawn(async move { while till.pay(1, 0, SECOND / 10).await.is_ok() {} })
            })
            .collect();
        tokio::time::sleep(20 * SECOND).await;
        assert!(till.reading().depth > 12, "the backlog is there: {:?}", till.reading());
        assert_eq!(till.reading().workers, 2, "{:?}", system.decisions());
        till.kill();
        for sender in senders {
            sender.await.unwrap();
        }
    });
}

#[test]
fn s8_a_share_is_declared_with_a_key_and_is_not_nothing() {
    assert!(Policy::tell().keyed().max_per_key(3).check().is_ok());
    let none = Policy::tell().keyed().max_per_key(0).check().unwrap_err();
    assert_eq!(none.word(), "max_per_key");
    assert!(none.why().contains("at least 1"), "{none}");
    let keyless = Policy::tell().max_per_key(3).check().unwrap_err();
    assert!(keyless.why().contains("give the type a key"), "{keyless}");
}
