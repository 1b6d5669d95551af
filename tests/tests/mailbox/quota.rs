//! B2: how many slots one type may hold, and how many bytes all types together.

use actors_core::prelude::*;
use actors_core::testing;
use actors_tests::{Record, SECOND, pending, run, run_other_tasks};
use depot_messages as m;

#[derive(Default)]
struct Depot {
    handled: Record<u64>,
}

impl Depot {
    fn note(&mut self, bytes: u64) {
        self.handled.write(bytes);
    }
}

/// Each message weighs its `bytes`. A message without a weight weighs nothing.
#[actor(capacity = 16, reserve = 0, max_bytes = 100)]
impl Depot {
    #[message(weight = bytes)]
    fn wait(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = reject)]
    fn rejected(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = drop_oldest)]
    fn oldest(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = drop_random)]
    fn random(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = drop_newest)]
    fn newest(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = conflate, key = key)]
    fn latest(&mut self, key: u8, bytes: u64) {
        let _ = key;
        self.note(bytes);
    }

    #[message(weight = bytes, overflow = [conflate, reject], key = key)]
    fn latest_or_not(&mut self, key: u8, bytes: u64) {
        let _ = key;
        self.note(bytes);
    }

    #[message(max = 2)]
    fn two_wait(&mut self) {}

    #[message(max = 2, overflow = reject)]
    fn two(&mut self) {}

    #[message(max = 2, overflow = drop_oldest)]
    fn two_newest(&mut self, bytes: u64) {
        self.note(bytes);
    }

    #[message]
    fn nothing(&mut self) {}
}

/// Has a reserve, also of bytes, for `high` and `urgent`.
#[derive(Default)]
struct Gate;

#[actor(capacity = 8, reserve = 4, max_bytes = 80)]
impl Gate {
    #[message(weight = bytes, overflow = reject)]
    fn trifle(&mut self, bytes: u64) {
        let _ = bytes;
    }

    #[message(weight = bytes, overflow = reject, priority = high)]
    fn high(&mut self, bytes: u64) {
        let _ = bytes;
    }

    #[message(weight = bytes, overflow = reject, priority = urgent)]
    fn urgent(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

#[test]
fn b2_a_type_holds_no_more_slots_than_its_max() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let _held = testing::hold(&depot);
        depot.two().await.unwrap();
        depot.two().await.unwrap();
        let refused = depot.two().await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some(), "there will be room again");
        // Other types may use the remaining slots.
        for _ in 0..14 {
            depot.nothing().await.unwrap();
        }
        assert_eq!(depot.ledger().of::<m::Two>().queued, 2);
    });
}

#[test]
fn b2_a_sender_over_the_max_waits_in_line_until_one_of_its_type_has_its_turn() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let held = testing::hold(&depot);
        depot.nothing().await.unwrap();
        depot.two_wait().await.unwrap();
        depot.two_wait().await.unwrap();
        let third = pending(depot.two_wait());
        held.release();
        assert_eq!(third.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn b2_at_its_max_a_type_gives_up_its_own() {
    run(async |system| {
        let (handled, depot) = depot_handled(&system);
        let held = testing::hold(&depot);
        for bytes in 1..=3 {
            depot.two_newest(bytes).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(handled.read(), [2, 3]);
    });
}

fn depot_handled(system: &System) -> (Record<u64>, DepotHandle) {
    let handled = Record::default();
    (handled.clone(), system.spawn(Depot { handled }))
}

#[test]
fn b2_the_summed_weight_never_exceeds_max_bytes() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let held = testing::hold(&depot);
        depot.rejected(60).await.unwrap();
        depot.rejected(40).await.unwrap();
        assert_eq!(depot.reading().bytes, 100);
        let refused = depot.rejected(1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert_eq!(refused.into_message().bytes, 1);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(depot.reading().bytes, 0);
        depot.rejected(100).await.unwrap();
    });
}

#[test]
fn b2_a_sender_that_lacks_bytes_waits_in_line_for_them() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let held = testing::hold(&depot);
        depot.wait(90).await.unwrap();
        let heavy = pending(depot.wait(20));
        // A light message waits behind one of its own type. Another type may take the free bytes.
        let light = pending(depot.wait(1));
        depot.rejected(10).await.unwrap();
        held.release();
        assert_eq!((heavy.await.unwrap(), light.await.unwrap()), (Admission::Waited, Admission::Waited));
    });
}

#[test]
fn b2_a_weight_above_max_bytes_is_refused_at_once_and_for_good() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let _held = testing::hold(&depot);
        depot.oldest(10).await.unwrap();
        for refused in [
            depot.wait(101).await.map_err(|error| (error.reason(), error.retry_after())),
            depot.oldest(101).await.map_err(|error| (error.reason(), error.retry_after())),
            depot.newest(u64::MAX).await.map_err(|error| (error.reason(), error.retry_after())),
            depot.latest(1, 101).await.map_err(|error| (error.reason(), error.retry_after())),
        ] {
            // A retry would fail again.
            assert_eq!(refused.unwrap_err(), (Reason::Full, None));
        }
        assert_eq!(depot.ledger().of::<m::Oldest>().queued, 1, "no message was dropped for it");
    });
}

#[test]
fn b2_a_claimed_message_keeps_its_bytes_until_its_turn_begins() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let held = testing::hold(&depot);
        for _ in 0..5 {
            depot.rejected(20).await.unwrap();
        }
        held.release();
        let mut seen = Vec::new();
        while depot.ledger().total().handled < 5 {
            let (reading, row) = (depot.reading(), depot.ledger().of::<m::Rejected>());
            seen.push(reading.bytes);
            assert!(reading.bytes >= 20 * row.queued, "{} bytes for {} messages", reading.bytes, row.queued);
            tokio::task::yield_now().await;
        }
        assert_eq!(depot.reading().bytes, 0);
    });
}

#[test]
fn o9_bytes_cost_as_many_of_the_type_as_it_takes_or_none_at_all() {
    run(async |system| {
        let (handled, depot) = depot_handled(&system);
        let held = testing::hold(&depot);
        for bytes in [10, 20, 30] {
            depot.oldest(bytes).await.unwrap();
        }
        depot.wait(40).await.unwrap();
        // 10 and 20 together make room for 30; either alone would not.
        assert_eq!(depot.oldest(30).await.unwrap(), Admission::Displaced);
        assert_eq!(depot.ledger().of::<m::Oldest>().dropped, 2);
        // Its own type holds 60, which is not enough. So nothing queued is dropped, and the new
        // message is.
        assert_eq!(depot.oldest(61).await.unwrap(), Admission::Dropped);
        assert_eq!(depot.ledger().of::<m::Oldest>().dropped, 3);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(handled.read(), [30, 40, 30]);
    });
}

#[test]
fn o9_no_more_than_32_are_given_up_for_one() {
    run(async |system| {
        let depot: DepotHandle = system.instance(Depot::default()).capacity(200).spawn().unwrap();
        let _held = testing::hold(&depot);
        for _ in 0..100 {
            depot.oldest(1).await.unwrap();
        }
        assert_eq!(depot.oldest(32).await.unwrap(), Admission::Displaced);
        assert_eq!(depot.ledger().of::<m::Oldest>().dropped, 32);
        // 68 light messages and the heavy one, which is the newest.
        assert_eq!(depot.oldest(33).await.unwrap(), Admission::Dropped);
        assert_eq!(depot.ledger().of::<m::Oldest>().dropped, 33);
    });
}

#[test]
fn o9_a_random_drop_frees_bytes_in_the_same_way() {
    run(async |system| {
        let depot = system.spawn(Depot::default());
        let _held = testing::hold(&depot);
        for _ in 0..10 {
            depot.random(10).await.unwrap();
        }
        assert_eq!(depot.random(35).await.unwrap(), Admission::Displaced);
        let row = depot.ledger().of::<m::Random>();
        assert_eq!((row.dropped, row.queued), (4, 7));
        assert_eq!(depot.reading().bytes, 95);
    });
}

#[test]
fn o7_a_newcomer_that_weighs_more_than_the_message_of_its_key_needs_room_for_the_difference() {
    run(async |system| {
        let (handled, depot) = depot_handled(&system);
        let held = testing::hold(&depot);
        depot.latest(1, 30).await.unwrap();
        depot.latest(2, 30).await.unwrap();
        depot.wait(40).await.unwrap();
        // A message that weighs no more always replaces the queued one.
        assert_eq!(depot.latest(1, 20).await.unwrap(), Admission::Conflated);
        assert_eq!(depot.latest(1, 30).await.unwrap(), Admission::Conflated);
        // A heavier one needs room for the difference, which the other key's message gives up.
        assert_eq!(depot.latest(1, 31).await.unwrap(), Admission::Conflated);
        let row = depot.ledger().of::<m::Latest>();
        assert_eq!((row.conflated, row.dropped, row.queued), (3, 1, 1));
        held.release();
        testing::quiet(&system).await;
        assert_eq!(handled.read(), [31, 40]);
    });
}

#[test]
fn o7_where_nothing_can_be_given_up_for_a_heavier_newcomer_the_older_message_stays() {
    run(async |system| {
        let (handled, depot) = depot_handled(&system);
        let held = testing::hold(&depot);
        depot.latest_or_not(1, 30).await.unwrap();
        depot.wait(70).await.unwrap();
        let refused = depot.latest_or_not(1, 31).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(handled.read(), [30, 70]);
    });
}

#[test]
fn b5_a_flood_of_heavy_trifles_leaves_bytes_to_what_is_urgent() {
    run(async |system| {
        let gate = system.spawn(Gate);
        let _held = testing::hold(&gate);
        // Of 80 bytes half are reserved, as half of the slots are; of these, half are for `urgent`.
        gate.trifle(40).await.unwrap();
        assert_eq!(gate.trifle(1).await.unwrap_err().reason(), Reason::Full);
        gate.high(20).await.unwrap();
        assert_eq!(gate.high(1).await.unwrap_err().reason(), Reason::Full);
        gate.urgent(20).await.unwrap();
        // More than a lane can ever hold is refused for good.
        assert_eq!(gate.trifle(41).await.unwrap_err().retry_after(), None);
        assert!(gate.trifle(1).await.unwrap_err().retry_after().is_some());
    });
}

#[test]
fn b6_a_panic_in_a_weight_gives_the_message_back_and_harms_nothing() {
    #[derive(Debug)]
    struct Unweighable;
    impl Message for Unweighable {
        type Reply = ();
        const NAME: &'static str = "Unweighable";
        const POLICY: actors_core::policy::Policy = actors_core::policy::Policy::tell();
        fn weight(&self) -> usize {
            std::panic::resume_unwind(Box::new("no scales"))
        }
    }
    struct Scales;
    #[actor(local, max_bytes = 100)]
    impl Scales {
        #[handler]
        fn unweighable(&mut self, _it: Unweighable) {}
        #[message]
        fn fine(&mut self) -> u8 {
            1
        }
    }
    run(async |system| {
        let scales = system.spawn(Scales);
        let refused = scales.unweighable(Unweighable).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Panicked);
        assert_eq!(scales.fine().await.unwrap(), 1);
        assert!(scales.ledger().is_balanced());
    });
}

#[test]
fn b2_weights_count_their_fields_by_length() {
    struct Press;
    #[actor(local, reserve = 0, max_bytes = 10)]
    impl Press {
        #[message(weight = text, overflow = reject)]
        fn print(&mut self, text: String) {
            drop(text);
        }
    }
    run(async |system| {
        let press = system.spawn(Press);
        let _held = testing::hold(&press);
        press.print("12345".into()).await.unwrap();
        press.print("67890".into()).await.unwrap();
        assert_eq!(press.print("!".into()).await.unwrap_err().reason(), Reason::Full);
        run_other_tasks().await;
        tokio::time::sleep(SECOND).await;
        assert_eq!(press.reading().bytes, 10);
    });
}
