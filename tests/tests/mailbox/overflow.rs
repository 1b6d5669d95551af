//! O: what happens when there is no room, as each message type declares it.

use actors_core::prelude::*;
use actors_core::{DeadLetter, DeadLetters, Overflow, Row, SpawnError, testing};
use actors_tests::{HOUR, SECOND, others, poll, run};
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;
use store_messages as m;
use tokio::sync::Notify;

type Log = Arc<Mutex<Vec<(&'static str, u32)>>>;

/// A key with a hash that all of them share.
#[derive(Debug, PartialEq, Eq)]
struct Sku(u32);

impl Hash for Sku {
    fn hash<H: Hasher>(&self, state: &mut H) {
        0_u8.hash(state);
    }
}

/// One message type per policy; the log says what was handled, in order.
#[derive(Default)]
struct Store {
    log: Log,
}

impl Store {
    fn note(&self, kind: &'static str, n: u32) {
        self.log.lock().unwrap().push((kind, n));
    }
}

#[actor(capacity = 4, reserve = 0)]
impl Store {
    #[message]
    fn blocked(&mut self, n: u32) {
        self.note("blocked", n);
    }

    #[message]
    fn also_blocked(&mut self, n: u32) {
        self.note("also_blocked", n);
    }

    #[message(priority = high)]
    fn pressing(&mut self, n: u32) {
        self.note("pressing", n);
    }

    #[message(overflow = reject)]
    fn rejected(&mut self, n: u32) {
        self.note("rejected", n);
    }

    #[message(overflow = drop_newest)]
    fn newest(&mut self, n: u32) {
        self.note("newest", n);
    }

    #[message(overflow = drop_newest)]
    fn newest_asked(&mut self, n: u32) -> u32 {
        self.note("newest_asked", n);
        n
    }

    #[message(overflow = drop_oldest)]
    fn oldest(&mut self, n: u32) {
        self.note("oldest", n);
    }

    #[message(overflow = drop_oldest)]
    fn oldest_asked(&mut self, n: u32) -> u32 {
        self.note("oldest_asked", n);
        n
    }

    #[message(overflow = [drop_oldest, block])]
    fn oldest_or_block(&mut self, n: u32) {
        self.note("oldest_or_block", n);
    }

    #[message(overflow = [drop_oldest, reject])]
    fn oldest_or_reject(&mut self, n: u32) {
        self.note("oldest_or_reject", n);
    }

    #[message(overflow = conflate, key = sku)]
    fn priced(&mut self, sku: Sku, cents: u32) {
        self.note("priced", sku.0 * 1000 + cents);
    }

    #[message(overflow = conflate, key = sku)]
    fn priced_asked(&mut self, sku: Sku, cents: u32) -> u32 {
        self.note("priced_asked", sku.0 * 1000 + cents);
        cents
    }

    #[message(overflow = conflate, key = sku, ttl = "10s")]
    fn fresh(&mut self, sku: Sku, cents: u32) {
        self.note("fresh", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, block], key = sku)]
    fn priced_or_block(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_block", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, reject], key = sku)]
    fn priced_or_reject(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_reject", sku.0 * 1000 + cents);
    }

    #[message(overflow = [conflate, drop_oldest, reject], key = sku)]
    fn priced_or_oldest(&mut self, sku: Sku, cents: u32) {
        self.note("priced_or_oldest", sku.0 * 1000 + cents);
    }

    #[message(overflow = conflate, key = sku)]
    async fn slow(&mut self, sku: Sku, cents: u32) {
        self.note("slow", sku.0 * 1000 + cents);
        tokio::time::sleep(SECOND).await;
    }

    #[message(overflow = drop_oldest)]
    async fn rest(&mut self, time: Duration) {
        tokio::time::sleep(time).await;
    }

    #[message(overflow = reject)]
    fn reject_asked(&mut self, n: u32) -> u32 {
        n
    }

    #[message(overflow = reject, ttl = "5s")]
    fn brief(&mut self, n: u32) {
        self.note("brief", n);
    }

    #[message]
    fn fails(&mut self) {
        panic!("as it was told");
    }
}

fn store(system: &System) -> (StoreHandle, Log) {
    let log = Log::default();
    let store = system.spawn(Store { log: log.clone() });
    (store, log)
}

fn taken(log: &Log) -> Vec<(&'static str, u32)> {
    std::mem::take(&mut log.lock().unwrap())
}

fn row<M: Message>(store: &StoreHandle) -> Row {
    store.ledger().of::<M>()
}

/// Everything a mailbox ever lost for another reason than that its own policy gave it up.
fn kept(row: &Row) -> bool {
    row.dropped + row.conflated + row.evicted + row.expired + row.cancelled + row.undelivered == 0
}

fn letters(lost: &mut DeadLetters) -> Vec<DeadLetter> {
    std::iter::from_fn(|| lost.try_next()).collect()
}

// --- O0 ------------------------------------------------------------------------------------------------------------

#[test]
fn o0_a_policy_costs_only_messages_of_its_own_type() {
    run(async |system| {
        for flood in ["newest", "oldest", "oldest_or_reject", "priced", "rejected", "priced_or_oldest"] {
            let (store, log) = store(&system);
            let held = testing::hold(&store);
            store.blocked(1).await.unwrap();
            store.also_blocked(2).await.unwrap();
            store.fresh(Sku(3), 0).await.unwrap();
            store.oldest_or_block(4).await.unwrap();
            for n in 0..50 {
                match flood {
                    "newest" => drop(store.newest(n).try_send()),
                    "oldest" => drop(store.oldest(n).try_send()),
                    "oldest_or_reject" => drop(store.oldest_or_reject(n).try_send()),
                    "priced" => drop(store.priced(Sku(n), 0).try_send()),
                    "rejected" => drop(store.rejected(n).try_send()),
                    _ => drop(store.priced_or_oldest(Sku(n), 0).try_send()),
                }
            }
            held.release();
            testing::quiet(&system).await;
            let first = [("blocked", 1), ("also_blocked", 2), ("fresh", 3000), ("oldest_or_block", 4)];
            assert_eq!(taken(&log), first, "a flood of {flood}");
            for other in [
                row::<m::Blocked>(&store),
                row::<m::AlsoBlocked>(&store),
                row::<m::Fresh>(&store),
                row::<m::OldestOrBlock>(&store),
            ] {
                assert!(kept(&other), "a flood of {flood} cost {other:?}");
            }
        }
    });
}

#[test]
fn o0_a_high_message_evicts_nothing_that_was_accepted() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.oldest(n).await.unwrap();
        }
        assert_eq!(store.pressing(9).try_send().unwrap_err().reason(), Reason::Full);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("oldest", 0), ("oldest", 1), ("oldest", 2), ("oldest", 3)]);
    });
}

// --- O1 ------------------------------------------------------------------------------------------------------------

#[test]
fn o1_the_sender_waits_in_line_until_there_is_room() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            assert_eq!(store.blocked(n).await.unwrap(), Admission::Queued);
        }
        let mut waiting = store.blocked(4);
        assert!(poll(&mut waiting).is_pending());
        tokio::time::advance(23 * HOUR).await;
        // Outside of a turn it waits as long as it takes.
        assert!(poll(&mut waiting).is_pending());
        held.release();
        assert_eq!(waiting.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_a_line_is_first_come_first_served() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let mut line: Vec<_> = (4..8).map(|n| store.blocked(n)).collect();
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        held.release();
        testing::quiet(&system).await;
        drop(line);
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn o1_lines_of_one_lane_are_merged_by_arrival() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        let (mut a, mut b) = (store.blocked(4), store.also_blocked(5));
        let (mut c, mut d) = (store.blocked(6), store.also_blocked(7));
        assert!(poll(&mut a).is_pending() && poll(&mut b).is_pending());
        assert!(poll(&mut c).is_pending() && poll(&mut d).is_pending());
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, (0..8).collect::<Vec<_>>());
    });
}

#[test]
fn o1_a_freed_slot_goes_to_the_highest_priority_that_waits() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let (mut early, mut late) = (store.blocked(4), store.pressing(5));
        assert!(poll(&mut early).is_pending() && poll(&mut late).is_pending());
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        // The first turn frees the first slot; the pressing message gets it and is next.
        assert_eq!(order, [0, 5, 1, 2, 3, 4]);
    });
}

#[test]
fn o1_no_slot_is_idle_while_a_sender_waits_for_it() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut waiting = store.blocked(3);
        assert!(poll(&mut waiting).is_pending());
        held.release();
        others().await;
        // The turn has only begun; its slot is free, and taken again.
        assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(Admission::Waited))));
        assert_eq!(store.reading().depth, 4);
    });
}

#[test]
fn o1_a_withdrawn_message_s_slot_goes_to_the_line_at_once() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let mut asked = store.reject_asked(0);
        assert!(poll(&mut asked).is_pending());
        for n in 1..4 {
            store.blocked(n).await.unwrap();
        }
        let mut waiting = store.blocked(4);
        assert!(poll(&mut waiting).is_pending());
        drop(asked);
        assert!(matches!(poll(&mut waiting), Poll::Ready(Ok(Admission::Waited))));
    });
}

#[test]
fn o1_try_send_passes_no_waiter() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut line = [store.blocked(3), store.blocked(4)];
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        held.release();
        others().await;
        // One slot became free and went to the line: neither the same type nor another one gets past.
        assert_eq!(store.blocked(9).try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(store.rejected(9).try_send().unwrap_err().reason(), Reason::Full);
        assert_eq!(store.also_blocked(9).try_send().unwrap_err().reason(), Reason::Full);
        assert!(poll(&mut line[0]).is_ready());
        assert!(poll(&mut line[1]).is_pending());
    });
}

#[test]
fn o1_who_was_let_in_is_woken_before_a_turn_that_waits_for_him() {
    run(async |system| {
        let gate = Arc::new(Notify::new());
        struct Door {
            gate: Arc<Notify>,
        }
        #[actor(local, capacity = 8, reserve = 0)]
        impl Door {
            #[message]
            fn swift(&mut self) {}

            #[message]
            async fn waits(&mut self) {
                self.gate.notified().await;
            }
        }
        let door = system.spawn(Door { gate: gate.clone() });
        // Turns are known to be short from here on.
        for _ in 0..3000 {
            door.swift().await.unwrap();
        }
        for swift in 0..8 {
            testing::quiet(&system).await;
            let held = testing::hold(&door);
            for _ in 0..swift {
                door.swift().await.unwrap();
            }
            for _ in swift..8 {
                door.waits().await.unwrap();
            }
            let (sender, gate) = (door.clone(), gate.clone());
            let sender = tokio::spawn(async move {
                sender.swift().await.unwrap();
                for _ in swift..8 {
                    gate.notify_one();
                    others().await;
                }
            });
            others().await;
            assert_eq!(door.reading().waiting, 1);
            let before = tokio::time::Instant::now();
            held.release();
            sender.await.unwrap();
            assert_eq!(before.elapsed(), Duration::ZERO);
        }
    });
}

#[test]
fn o1_a_waiter_that_goes_away_leaves_its_place_to_the_next() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let mut line: Vec<_> = (4..8).map(|n| store.blocked(n)).collect();
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        drop(line.remove(0));
        drop(line.remove(1));
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [0, 1, 2, 3, 5, 7]);
        assert_eq!(row::<m::Blocked>(&store).cancelled, 2);
    });
}

#[test]
fn o1_an_ask_cancelled_after_it_was_let_in_passes_its_slot_on() {
    run(async |system| {
        let log = Log::default();
        let builder = system.instance(Store { log: log.clone() });
        let builder = builder.policy::<m::RejectAsked>(|policy| policy.overflow(&[Overflow::Block]));
        let store: StoreHandle = builder.spawn().unwrap();
        let held = testing::hold(&store);
        store.rest(HOUR).await.unwrap();
        for n in 0..3 {
            store.blocked(n).await.unwrap();
        }
        let mut asked = store.reject_asked(3);
        let mut next = store.blocked(4);
        assert!(poll(&mut asked).is_pending() && poll(&mut next).is_pending());
        held.release();
        others().await;
        assert_eq!(store.reading().waiting, 1);
        // It has a slot, and does not know it yet.
        drop(asked);
        assert_eq!(store.reading().waiting, 0);
        assert!(matches!(poll(&mut next), Poll::Ready(Ok(Admission::Waited))));
        assert_eq!(row::<m::RejectAsked>(&store).cancelled, 1);
    });
}

// --- O2 ------------------------------------------------------------------------------------------------------------

#[test]
fn o2_reject_brings_the_message_back_with_a_time_to_try_again() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        for refused in [store.rejected(7).await.unwrap_err(), store.rejected(7).try_send().unwrap_err()] {
            assert_eq!(refused.reason(), Reason::Full);
            assert!(refused.retry_after().unwrap() > Duration::ZERO);
            assert_eq!(refused.into_message().n, 7);
        }
        assert_eq!(row::<m::Rejected>(&store).refused(Reason::Full), 2);
    });
}

#[test]
fn o2_a_refused_ask_gives_the_message_back_where_it_is_wanted() {
    fn is_free<E: std::error::Error + Send + Sync + 'static>(_: &E) {}
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        let refused = store.reject_asked(7).await.unwrap_err();
        is_free(&refused);
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        let (refused, message) = store.reject_asked(8).returning().await.unwrap_err();
        assert_eq!((refused.reason(), message.unwrap().n), (Reason::Full, 8));
        let row = store.ledger().of::<m::RejectAsked>();
        assert_eq!((row.offered, row.refused(Reason::Full)), (2, 2), "each is counted once");
    });
}

// --- O3 ------------------------------------------------------------------------------------------------------------

#[test]
fn o3_drop_newest_gives_the_newcomer_up_and_tells_its_sender() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            assert_eq!(store.newest(n).await.unwrap(), Admission::Queued);
        }
        assert_eq!(store.newest(4).await.unwrap(), Admission::Dropped);
        assert_eq!(store.newest(5).try_send().unwrap(), Admission::Dropped);
        let refused = store.newest_asked(6).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Dropped);
        let (refused, message) = store.newest_asked(7).returning().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Dropped);
        assert!(message.is_none(), "what was dropped is gone");
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log).len(), 4);
        assert_eq!(row::<m::Newest>(&store).dropped, 2);
        assert_eq!(row::<m::NewestAsked>(&store).dropped, 2);
    });
}

// --- O4 ------------------------------------------------------------------------------------------------------------

#[test]
fn o4_drop_oldest_gives_up_the_oldest_of_its_own_type() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.blocked(100).await.unwrap();
        for n in 0..3 {
            assert_eq!(store.oldest(n).await.unwrap(), Admission::Queued);
        }
        for n in 3..10 {
            assert_eq!(store.oldest(n).await.unwrap(), Admission::Displaced);
        }
        held.release();
        testing::quiet(&system).await;
        let left = [("blocked", 100), ("oldest", 7), ("oldest", 8), ("oldest", 9)];
        assert_eq!(taken(&log), left);
        assert_eq!(row::<m::Oldest>(&store).dropped, 7);
    });
}

#[test]
fn o4_with_none_of_its_type_queued_the_newcomer_itself_is_dropped() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Dropped);
        assert_eq!(store.oldest_asked(4).await.unwrap_err().reason(), Reason::Dropped);
        assert_eq!(row::<m::Blocked>(&store).queued, 4);
    });
}

#[test]
fn o4_the_asker_whose_message_was_taken_is_told_at_once() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let before = tokio::time::Instant::now();
        let mut asks: Vec<_> = (0..5).map(|n| store.oldest_asked(n)).collect();
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        match poll(&mut asks[0]) {
            Poll::Ready(Err(error)) => assert_eq!(error.reason(), Reason::Dropped),
            other => panic!("{other:?}"),
        }
        assert!(poll(&mut asks[1]).is_pending());
        assert_eq!(before.elapsed(), Duration::ZERO);
    });
}

#[test]
fn o4_a_message_whose_turn_runs_is_not_taken() {
    run(async |system| {
        let (store, _) = store(&system);
        store.rest(SECOND).await.unwrap();
        others().await;
        for n in 0..4 {
            store.blocked(n).await.unwrap();
        }
        // The only other one of its type is in its turn.
        assert_eq!(store.rest(SECOND).await.unwrap(), Admission::Dropped);
        testing::quiet(&system).await;
        let row = row::<m::Rest>(&store);
        assert_eq!((row.handled, row.dropped), (1, 1));
    });
}

// --- O7 ------------------------------------------------------------------------------------------------------------

#[test]
fn o7_a_newcomer_takes_over_the_place_of_its_key_also_where_there_is_room() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 10).await.unwrap();
        store.blocked(5).await.unwrap();
        assert_eq!(store.priced(Sku(1), 11).await.unwrap(), Admission::Conflated);
        assert_eq!(store.priced(Sku(2), 20).await.unwrap(), Admission::Queued);
        assert_eq!(store.priced(Sku(1), 12).try_send().unwrap(), Admission::Conflated);
        assert_eq!(store.reading().depth, 3);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("priced", 1012), ("blocked", 5), ("priced", 2020)]);
        let row = row::<m::Priced>(&store);
        assert_eq!((row.offered, row.handled, row.conflated), (4, 2, 2));
    });
}

#[test]
fn o7_equal_hashes_are_not_equal_keys_and_keys_of_two_types_are_two() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 1).await.unwrap();
        store.priced(Sku(2), 2).await.unwrap();
        store.priced_or_block(Sku(1), 3).await.unwrap();
        store.priced(Sku(2), 4).await.unwrap();
        held.release();
        testing::quiet(&system).await;
        let order = [("priced", 1001), ("priced", 2004), ("priced_or_block", 1003)];
        assert_eq!(taken(&log), order);
    });
}

#[test]
fn o7_a_newcomer_brings_its_own_age() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.fresh(Sku(1), 1).await.unwrap();
        store.fresh(Sku(2), 1).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        store.fresh(Sku(1), 2).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("fresh", 1002)]);
        let row = row::<m::Fresh>(&store);
        assert_eq!((row.handled, row.conflated, row.expired), (1, 1, 1));
    });
}

#[test]
fn o7_the_asker_whose_message_was_replaced_is_told_at_once_and_the_new_one_is_answered() {
    run(async |system| {
        let (store, _) = store(&system);
        let held = testing::hold(&store);
        let before = tokio::time::Instant::now();
        let (mut old, mut new) = (store.priced_asked(Sku(1), 1), store.priced_asked(Sku(1), 2));
        assert!(poll(&mut old).is_pending());
        assert!(poll(&mut new).is_pending());
        match poll(&mut old) {
            Poll::Ready(Err(error)) => assert_eq!(error.reason(), Reason::Conflated),
            other => panic!("{other:?}"),
        }
        assert_eq!(before.elapsed(), Duration::ZERO);
        // The old asker's going away concerns the new one's message no more.
        drop(old);
        held.release();
        assert_eq!(new.await.unwrap(), 2);
    });
}

#[test]
fn o7_the_deadline_is_the_newcomer_s() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.priced(Sku(1), 1).timeout(SECOND).await.unwrap();
        store.priced(Sku(1), 2).timeout(10 * SECOND).await.unwrap();
        store.priced(Sku(2), 1).timeout(10 * SECOND).await.unwrap();
        store.priced(Sku(2), 2).timeout(SECOND).await.unwrap();
        tokio::time::advance(5 * SECOND).await;
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("priced", 1002)]);
    });
}

#[test]
fn o7_alone_and_without_room_the_oldest_of_the_type_goes() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for sku in 1..=4 {
            store.priced(Sku(sku), 0).await.unwrap();
        }
        assert_eq!(store.priced(Sku(5), 0).await.unwrap(), Admission::Displaced);
        // Key 1 is no longer queued: it is a newcomer again.
        assert_eq!(store.priced(Sku(1), 7).await.unwrap(), Admission::Displaced);
        assert_eq!(store.priced(Sku(5), 8).await.unwrap(), Admission::Conflated);
        held.release();
        testing::quiet(&system).await;
        let left: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(left, [3000, 4000, 5008, 1007]);
        let row = row::<m::Priced>(&store);
        assert_eq!((row.dropped, row.conflated), (2, 1));
    });
}

#[test]
fn o7_a_running_message_is_not_replaced() {
    run(async |system| {
        let (store, log) = store(&system);
        store.slow(Sku(1), 1).await.unwrap();
        others().await;
        assert_eq!(store.slow(Sku(1), 2).await.unwrap(), Admission::Queued);
        assert_eq!(store.slow(Sku(1), 3).await.unwrap(), Admission::Conflated);
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("slow", 1001), ("slow", 1003)]);
    });
}

#[test]
fn o7_at_most_one_of_a_key_is_queued_when_a_waiter_is_let_in() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..4 {
            store.rejected(n).await.unwrap();
        }
        let mut line: Vec<_> = (1..=3).map(|cents| store.priced_or_block(Sku(1), cents)).collect();
        assert!(line.iter_mut().all(|send| poll(send).is_pending()));
        held.release();
        testing::quiet(&system).await;
        for send in &mut line {
            assert!(matches!(poll(send), Poll::Ready(Ok(Admission::Waited))));
        }
        assert_eq!(taken(&log).last(), Some(&("priced_or_block", 1003)));
        let row = row::<m::PricedOrBlock>(&store);
        assert_eq!((row.handled, row.conflated), (1, 2));
    });
}

// --- O9 ------------------------------------------------------------------------------------------------------------

#[test]
fn o9_a_list_is_tried_in_order() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        store.oldest_or_block(0).await.unwrap();
        store.priced_or_block(Sku(1), 0).await.unwrap();
        store.priced_or_oldest(Sku(1), 0).await.unwrap();
        store.blocked(0).await.unwrap();
        // First word: something of its own to give up, or to replace.
        assert_eq!(store.oldest_or_block(1).await.unwrap(), Admission::Displaced);
        assert_eq!(store.priced_or_block(Sku(1), 1).await.unwrap(), Admission::Conflated);
        assert_eq!(store.priced_or_oldest(Sku(1), 1).await.unwrap(), Admission::Conflated);
        // Second word: another key, nothing else queued.
        assert_eq!(store.priced_or_oldest(Sku(2), 1).await.unwrap(), Admission::Displaced);
        let mut waits = store.priced_or_block(Sku(2), 1);
        assert!(poll(&mut waits).is_pending());
        // Nothing of its own: the next word.
        let refused = store.oldest_or_reject(1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        let refused = store.priced_or_reject(Sku(9), 1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
    });
}

#[test]
fn o9_an_impossible_list_is_refused_with_a_sentence() {
    use Overflow::{Block, Conflate, DropNewest, DropOldest, DropRandom, EvictLower, Reject};
    let cases: [(&[Overflow], &str); 9] = [
        (&[], "at least one word"),
        (&[Block, Reject], "`block` can only be last"),
        (&[Reject, DropOldest], "`reject` can only be last"),
        (&[DropNewest, Block], "`drop_newest` can only be last"),
        (&[DropOldest, Conflate], "`conflate` can only be first"),
        (&[DropOldest, DropOldest], "twice"),
        (&[Conflate], "needs a key"),
        (&[DropOldest, DropRandom], "write one"),
        (&[Conflate, DropOldest, EvictLower, Block, Reject], "at most"),
    ];
    run(async |system| {
        for (list, word) in cases {
            let builder = system.instance(Store::default());
            let builder = builder.policy::<m::Blocked>(|policy| policy.overflow(list));
            match builder.spawn::<StoreHandle>() {
                Err(SpawnError::Settings(why)) => {
                    assert!(why.contains(word), "{list:?}: {why}");
                    assert!(why.contains("Blocked"), "{list:?}: {why}");
                }
                other => panic!("{list:?}: {other:?}"),
            }
        }
        let sound: [&[Overflow]; 7] = [
            &[Block],
            &[Conflate],
            &[Conflate, Block],
            &[Conflate, DropOldest],
            &[Conflate, DropOldest, Reject],
            &[DropOldest, DropNewest],
            &[DropOldest, Block],
        ];
        for list in sound {
            let builder = system.instance(Store::default());
            let builder = builder.policy::<m::Priced>(|policy| policy.overflow(list));
            assert!(builder.spawn::<StoreHandle>().is_ok(), "{list:?}");
        }
    });
}

#[test]
fn o9_the_expired_are_purged_before_anything_alive_is_given_up() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.brief(0).await.unwrap();
        store.oldest(1).await.unwrap();
        store.brief(2).await.unwrap();
        store.blocked(3).await.unwrap();
        tokio::time::advance(6 * SECOND).await;
        // Each of these found the mailbox full of the dead.
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        assert_eq!(store.rejected(5).await.unwrap(), Admission::Queued);
        assert_eq!(store.oldest(6).await.unwrap(), Admission::Displaced);
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [3, 4, 5, 6]);
        assert_eq!(row::<m::Brief>(&store).expired, 2);
    });
}

#[test]
fn o9_messages_past_their_own_deadline_are_purged_too() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        for n in 0..3 {
            store.blocked(n).timeout(SECOND).await.unwrap();
        }
        store.oldest(3).await.unwrap();
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(taken(&log), [("oldest", 3), ("oldest", 4)]);
        assert_eq!(row::<m::Blocked>(&store).expired, 3);
    });
}

#[test]
fn o9_a_dead_message_behind_a_living_one_of_its_type_is_purged_too() {
    run(async |system| {
        let (store, log) = store(&system);
        let held = testing::hold(&store);
        store.brief(0).await.unwrap();
        store.brief(1).timeout(SECOND).await.unwrap();
        store.blocked(2).await.unwrap();
        store.oldest(3).await.unwrap();
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.oldest(4).await.unwrap(), Admission::Queued);
        held.release();
        testing::quiet(&system).await;
        let order: Vec<_> = taken(&log).into_iter().map(|(_, n)| n).collect();
        assert_eq!(order, [0, 2, 3, 4]);
    });
}

#[test]
fn o9_an_ask_past_its_deadline_is_purged_before_its_asker_looks() {
    run(async |system| {
        let (store, _) = store(&system);
        let _held = testing::hold(&store);
        let mut asks: Vec<_> = (0..4).map(|n| store.reject_asked(n).timeout(SECOND)).collect();
        for ask in &mut asks {
            assert!(poll(ask).is_pending());
        }
        tokio::time::advance(2 * SECOND).await;
        assert_eq!(store.rejected(4).try_send().unwrap(), Admission::Queued);
        for ask in asks {
            assert_eq!(ask.await.unwrap_err().reason(), Reason::TimedOut);
        }
        assert_eq!(row::<m::RejectAsked>(&store).expired, 4);
    });
}

// --- O10 -----------------------------------------------------------------------------------------------------------

#[test]
fn o10_every_loss_is_counted_and_has_a_dead_letter() {
    run(async |system| {
        let (store, _) = store(&system);
        let mut lost = system.dead_letters();
        let held = testing::hold(&store);
        store.oldest(0).await.unwrap();
        store.brief(1).await.unwrap();
        store.blocked(2).await.unwrap();
        let mut asked = store.reject_asked(3);
        assert!(poll(&mut asked).is_pending());
        store.oldest(4).await.unwrap();
        store.newest(5).await.unwrap();
        let mut waiter = store.blocked(6);
        assert!(poll(&mut waiter).is_pending());
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
        let found: Vec<_> = letters(&mut lost).iter().map(|letter| (letter.message, letter.reason)).collect();
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
        let mut waiter = store.blocked(0);
        assert!(poll(&mut waiter).is_pending());
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
fn o10_every_subscriber_gets_every_letter_and_nobody_gets_older_ones() {
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

/// Counts how often its `Debug` writes; it would write a megabyte.
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
        // A message's own `Debug` is not shortened, and a panic's text is.
        assert_eq!(format!("{:?}", SinkFall {}), "Fall");
        sink.fall().await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(letters.try_next().unwrap().payload.unwrap().len(), 256);
    });
}
