//! A waiting sender gets a slot as soon as one is free. Each test is a small program for one way in
//! which a slot becomes free; the model test found them.

use actors_core::prelude::*;
use actors_core::{
    policy::{Overflow, Policy},
    testing,
};
use actors_tests::{MS, Record, pending, poll, run, run_other_tasks};
use std::hash::{Hash, Hasher};

/// Weighs what it says.
struct Load {
    n: u32,
    weight: usize,
}

impl Message for Load {
    type Reply = ();
    const NAME: &'static str = "Load";
    const POLICY: Policy = Policy::tell();

    fn weight(&self) -> usize {
        self.weight
    }
}

/// Weighs what it says, and replaces a queued message with the same key.
struct Price {
    n: u32,
    key: u8,
    weight: usize,
}

impl Message for Price {
    type Reply = ();
    const NAME: &'static str = "Price";
    const POLICY: Policy = Policy::tell().keyed().overflow(&[Overflow::Conflate, Overflow::Block]);

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }

    fn same_key(&self, other: &Self) -> bool {
        self.key == other.key
    }

    fn weight(&self) -> usize {
        self.weight
    }
}

/// Logs what it gets; every turn takes ten milliseconds.
#[derive(Default)]
struct Depot {
    log: Record<u32>,
}

impl Depot {
    async fn turn(&mut self, n: u32) {
        self.log.write(n);
        tokio::time::sleep(10 * MS).await;
    }
}

#[actor(capacity = 6, reserve = 2)]
impl Depot {
    #[handler]
    async fn load(&mut self, load: Load) {
        self.turn(load.n).await;
    }

    #[handler]
    async fn price(&mut self, price: Price) {
        self.turn(price.n).await;
    }

    #[message(priority = low)]
    async fn low(&mut self, n: u32) {
        self.turn(n).await;
    }

    #[message(priority = urgent)]
    async fn urgent(&mut self, n: u32) {
        self.turn(n).await;
    }
}

fn load(n: u32, weight: usize) -> Load {
    Load { n, weight }
}

fn price(key: u8, weight: usize) -> Price {
    Price { n: u32::from(key), key, weight }
}

/// Starts a depot without a reserve.
fn depot(system: &System, capacity: usize, bytes: usize) -> (DepotHandle, Record<u32>) {
    let depot = Depot::default();
    let log = depot.log.clone();
    (system.instance(depot).capacity(capacity).reserve(0).max_bytes(bytes).spawn().unwrap(), log)
}

#[test]
fn b2_what_brings_no_bytes_needs_none_also_where_higher_lanes_have_more_than_its_lane_may() {
    run(async |system| {
        // 14 of the 20 bytes are for `normal`.
        let depot: DepotHandle = system.instance(Depot::default()).max_bytes(20).spawn().unwrap();
        let _held = testing::hold(&depot);
        depot.tell(price(1, 5)).try_send().unwrap();
        depot.tell(load(0, 9)).try_send().unwrap();
        depot.urgent(0).try_send().unwrap();
        assert!(depot.reading().bytes > 14);
        assert_eq!(depot.tell(price(1, 3)).try_send().unwrap(), Admission::Conflated);
        assert!(depot.try_reserve::<Load>().is_ok(), "a permit weighs nothing");
    });
}

#[test]
fn o1_a_waiter_let_in_by_a_returned_permit_has_its_turn() {
    run(async |system| {
        let (depot, log) = depot(&system, 1, 10);
        let permit = depot.try_reserve::<Load>().unwrap();
        let waiter = pending(depot.low(1));
        drop(permit);
        run_other_tasks().await;
        assert_eq!(log.read(), [1]);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);

        tokio::time::sleep(20 * MS).await;
        let permit = depot.try_reserve::<Load>().unwrap();
        let waiter = pending(depot.low(2));
        assert_eq!(permit.send(load(0, 11)).unwrap_err().reason(), Reason::Full);
        run_other_tasks().await;
        assert_eq!(log.read(), [1, 2]);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_a_waiter_let_in_by_a_changed_policy_has_its_turn() {
    run(async |system| {
        let (depot, log) = depot(&system, 4, 100);
        depot.adjust::<Load>(|policy| policy.max(1)).unwrap();
        let _permit = depot.try_reserve::<Load>().unwrap();
        let waiter = pending(depot.tell(load(1, 1)));
        depot.adjust::<Load>(|policy| policy.max(2)).unwrap();
        run_other_tasks().await;
        assert_eq!(log.read(), [1]);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_bytes_that_a_lighter_value_leaves_go_to_the_line() {
    run(async |system| {
        let (depot, _) = depot(&system, 6, 10);
        let _held = testing::hold(&depot);
        depot.tell(load(1, 6)).try_send().unwrap();
        depot.tell(price(1, 4)).try_send().unwrap();
        let waiter = pending(depot.tell(load(2, 3)));
        assert_eq!(depot.tell(price(1, 1)).try_send().unwrap(), Admission::Conflated);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_slots_that_several_victims_leave_go_to_the_line() {
    run(async |system| {
        let (depot, _) = depot(&system, 3, 9);
        depot.adjust::<Load>(|policy| policy.overflow(&[Overflow::DropOldest])).unwrap();
        let _held = testing::hold(&depot);
        for n in 0..3 {
            depot.tell(load(n, 3)).try_send().unwrap();
        }
        let waiter = pending(depot.tell(price(1, 1)));
        assert_eq!(depot.tell(load(3, 5)).try_send().unwrap(), Admission::Displaced);
        assert_eq!(depot.ledger().of::<Load>().dropped, 2);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o1_a_waiter_that_leaves_the_line_leaves_its_room_to_the_next() {
    run(async |system| {
        let (depot, _) = depot(&system, 6, 10);
        let _held = testing::hold(&depot);
        depot.tell(load(1, 5)).try_send().unwrap();
        let mut heavy = depot.tell(load(2, 8));
        let mut light = depot.tell(load(3, 2));
        assert!(poll(&mut heavy).is_pending() && poll(&mut light).is_pending());
        drop(heavy);
        assert_eq!(light.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o7_a_newcomer_takes_over_the_place_of_one_that_the_dead_have_just_let_in() {
    run(async |system| {
        let (depot, _) = depot(&system, 6, 20);
        let _held = testing::hold(&depot);
        depot.tell(load(1, 5)).try_send().unwrap();
        depot.tell(load(2, 5)).timeout(MS).try_send().unwrap();
        let waiter = pending(depot.tell(price(1, 15)));
        depot.adjust::<Price>(|policy| policy.overflow(&[Overflow::Conflate])).unwrap();
        tokio::time::sleep(5 * MS).await;
        assert_eq!(depot.tell(price(1, 1)).try_send().unwrap(), Admission::Conflated);
        assert_eq!(waiter.await.unwrap(), Admission::Waited);
        assert_eq!(depot.ledger().of::<Price>().queued, 1);
    });
}

#[test]
fn o9_the_dead_go_before_the_living_where_a_twin_is_too_light() {
    run(async |system| {
        let (depot, _) = depot(&system, 6, 10);
        depot.adjust::<Price>(|policy| policy.overflow(&[Overflow::Conflate, Overflow::DropOldest])).unwrap();
        let _held = testing::hold(&depot);
        depot.tell(price(3, 3)).try_send().unwrap();
        depot.tell(price(1, 3)).try_send().unwrap();
        depot.tell(price(2, 4)).timeout(MS).try_send().unwrap();
        tokio::time::sleep(5 * MS).await;
        assert_eq!(depot.tell(price(1, 6)).try_send().unwrap(), Admission::Conflated);
        let row = depot.ledger().of::<Price>();
        assert_eq!((row.expired, row.conflated, row.dropped), (1, 1, 0));
    });
}

#[test]
fn o9_the_dead_go_before_the_living_where_the_type_s_own_line_stands_in_the_way() {
    run(async |system| {
        let (depot, _) = depot(&system, 3, 100);
        depot.adjust::<Load>(|policy| policy.overflow(&[Overflow::DropOldest])).unwrap();
        let _held = testing::hold(&depot);
        depot.tell(load(1, 1)).try_send().unwrap();
        depot.low(2).timeout(MS).try_send().unwrap();
        depot.low(3).timeout(MS).try_send().unwrap();
        let waiter = pending(depot.reserve::<Load>());
        tokio::time::sleep(5 * MS).await;
        assert_eq!(depot.tell(load(4, 1)).try_send().unwrap(), Admission::Queued);
        assert_eq!(depot.ledger().of::<Load>().dropped, 0);
        assert!(waiter.await.is_ok());
    });
}

#[test]
fn s2_a_lane_whose_first_message_comes_out_of_the_line_has_not_waited_yet() {
    run(async |system| {
        let depot = Depot::default();
        let log = depot.log.clone();
        // The 20 slots for `low` and `normal` are taken, one of them by a message that will expire.
        let depot: DepotHandle = system.instance(depot).capacity(60).reserve(40).spawn().unwrap();
        let held = testing::hold(&depot);
        depot.low(0).timeout(MS).try_send().unwrap();
        for key in 0..19 {
            depot.tell(Price { n: 1, key, weight: 0 }).try_send().unwrap();
        }
        for _ in 0..33 {
            depot.urgent(3).try_send().unwrap();
        }
        let mut waiters = [depot.low(0), depot.low(0)];
        assert!(waiters.iter_mut().all(|waiter| poll(waiter).is_pending()));
        tokio::time::sleep(5 * MS).await;
        held.release();
        tokio::time::sleep(400 * MS).await;
        // After 32 turns of `urgent` the lower lanes are due; `low` begins to wait only then.
        let log = log.read();
        assert_eq!(log[..32], [3; 32]);
        assert_eq!(log[32..35], [1, 3, 1]);
    });
}

#[test]
fn o7_the_newest_value_counts_also_against_one_that_waited_longer() {
    run(async |system| {
        let depot = Depot::default();
        let log = depot.log.clone();
        let depot: DepotHandle = system.instance(depot).capacity(6).reserve(0).max_bytes(20).spawn().unwrap();
        depot.adjust::<Price>(|policy| policy.overflow(&[Overflow::Conflate, Overflow::Block])).unwrap();
        let held = testing::hold(&depot);
        depot.tell(load(9, 12)).try_send().unwrap();
        depot.tell(Price { n: 1, key: 1, weight: 5 }).try_send().unwrap();
        let heavier = pending(depot.tell(Price { n: 2, key: 1, weight: 9 }));
        assert_eq!(depot.tell(Price { n: 3, key: 1, weight: 5 }).try_send().unwrap(), Admission::Conflated);
        held.release();
        heavier.await.unwrap();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [9, 3]);
        assert_eq!(depot.ledger().of::<Price>().conflated, 2);
    });
}
