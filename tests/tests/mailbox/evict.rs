//! O5 and O6: random drops, and eviction of lower lanes by higher ones.

use actors_core::prelude::*;
use actors_core::{observe::DeadLetter, policy::Overflow, testing};
use actors_tests::{Record, pending, poll, run, run_other_tasks};
use futures_util::FutureExt;
use ladder_messages as m;
use std::task::Poll;

type Log = Record<(&'static str, u32)>;

#[derive(Default)]
struct Ladder {
    log: Log,
}

impl Ladder {
    fn note(&mut self, kind: &'static str, n: u32) {
        self.log.write((kind, n));
    }
}

#[actor(capacity = 6, reserve = 0)]
impl Ladder {
    #[message(priority = low, overflow = drop_oldest)]
    fn low(&mut self, n: u32) {
        self.note("low", n);
    }

    #[message(priority = low, overflow = drop_newest)]
    fn also_low(&mut self, n: u32) {
        self.note("also_low", n);
    }

    #[message(priority = low, overflow = block)]
    fn low_kept(&mut self, n: u32) {
        self.note("low_kept", n);
    }

    #[message(overflow = conflate, key = n)]
    fn normal(&mut self, n: u32) {
        self.note("normal", n);
    }

    #[message(overflow = [conflate, reject], key = n)]
    fn normal_kept(&mut self, n: u32) {
        self.note("normal_kept", n);
    }

    #[message(priority = high, overflow = evict_lower)]
    fn high(&mut self, n: u32) {
        self.note("high", n);
    }

    #[message(priority = high, overflow = [evict_lower, block])]
    fn high_waits(&mut self, n: u32) {
        self.note("high_waits", n);
    }

    #[message(priority = high, overflow = evict_lower, max = 1)]
    fn high_one(&mut self, n: u32) {
        self.note("high_one", n);
    }

    #[message(priority = high, overflow = drop_random)]
    fn random(&mut self, n: u32) {
        self.note("random", n);
    }

    #[message(overflow = [drop_random, block])]
    fn random_waits(&mut self, n: u32) {
        self.note("random_waits", n);
    }
}

async fn spawn(system: &System, capacity: usize) -> (Log, LadderHandle) {
    let ladder = Ladder::default();
    let log = ladder.log.clone();
    (log, system.instance(ladder).capacity(capacity).seed(42).spawn().unwrap())
}

#[test]
fn o6_the_newest_of_the_lowest_droppable_lane_makes_room() {
    run(async |system| {
        let (log, ladder) = spawn(&system, 4).await;
        let held = testing::hold(&ladder);
        ladder.normal(1).await.unwrap();
        ladder.low(1).await.unwrap();
        ladder.also_low(2).await.unwrap();
        ladder.normal(2).await.unwrap();
        assert_eq!(ladder.high(1).await.unwrap(), Admission::Displaced);
        assert_eq!(ladder.high(2).await.unwrap(), Admission::Displaced);
        // The lowest lane is empty, so the next one gives up a message.
        assert_eq!(ladder.high(3).await.unwrap(), Admission::Displaced);
        let ledger = ladder.ledger();
        assert_eq!(ledger.of::<m::AlsoLow>().evicted, 1);
        assert_eq!(ledger.of::<m::Low>().evicted, 1);
        assert_eq!(ledger.of::<m::Normal>().evicted, 1);
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read(), [("high", 1), ("high", 2), ("high", 3), ("normal", 1)]);
    });
}

#[test]
fn o6_of_two_types_in_a_lane_the_newest_message_goes_whichever_it_is_of() {
    run(async |system| {
        let (log, ladder) = spawn(&system, 5).await;
        let held = testing::hold(&ladder);
        for n in [1, 3] {
            ladder.low(n).await.unwrap();
            ladder.also_low(n + 1).await.unwrap();
        }
        ladder.low(5).await.unwrap();
        for n in 1..=3 {
            ladder.high(n).await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(log.read()[3..], [("low", 1), ("also_low", 2)]);
    });
}

#[test]
fn o0_only_droppable_types_are_evicted() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 2).await;
        let _held = testing::hold(&ladder);
        ladder.low_kept(1).await.unwrap();
        ladder.normal_kept(1).await.unwrap();
        let refused = ladder.high(1).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert!(refused.retry_after().is_some());
        assert_eq!(ladder.ledger().total().evicted, 0);
    });
}

#[test]
fn o6_without_a_message_to_evict_the_next_word_is_tried() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 1).await;
        let held = testing::hold(&ladder);
        ladder.low_kept(1).await.unwrap();
        let waits = pending(ladder.high_waits(1));
        held.release();
        assert_eq!(waits.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o6_an_equal_or_higher_lane_loses_nothing() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 2).await;
        let _held = testing::hold(&ladder);
        ladder.random(1).await.unwrap();
        ladder.random(2).await.unwrap();
        assert_eq!(ladder.high(1).await.unwrap_err().reason(), Reason::Full);
    });
}

#[test]
fn o6_the_asker_whose_message_was_evicted_is_told_at_once_and_a_dead_letter_says_so() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 1).await;
        let _held = testing::hold(&ladder);
        let mut letters = system.dead_letters();
        let mut asked = pending(ladder.low(7).ask());
        ladder.high(1).await.unwrap();
        let Poll::Ready(Err(error)) = poll(&mut asked) else { panic!("it is not told") };
        assert_eq!(error.reason(), Reason::Evicted);
        let DeadLetter { message, reason, payload, .. } = letters.next().now_or_never().unwrap().unwrap();
        assert_eq!((message, reason), ("Low", Reason::Evicted));
        assert_eq!(payload.as_deref(), Some("Low { n: 7 }"));
    });
}

#[test]
fn o9_a_type_at_its_own_max_evicts_no_other_type() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 6).await;
        let _held = testing::hold(&ladder);
        ladder.low(1).await.unwrap();
        ladder.high_one(1).await.unwrap();
        let refused = ladder.high_one(2).await.unwrap_err();
        assert_eq!(refused.reason(), Reason::Full);
        assert_eq!(ladder.ledger().of::<m::Low>().queued, 1);
    });
}

#[test]
fn o9_the_reserve_is_cured_by_eviction_and_stays_what_it_is() {
    run(async |system| {
        let builder = system.instance(Ladder::default()).capacity(8).reserve(4);
        let ladder: LadderHandle = builder
            .policy::<m::NormalKept>(|policy| policy.overflow(&[Overflow::EvictLower]))
            .spawn()
            .unwrap();
        let _held = testing::hold(&ladder);
        for n in 0..4 {
            ladder.low(n).await.unwrap();
        }
        assert_eq!(ladder.normal(1).await.unwrap(), Admission::Dropped, "its type has no message to drop");
        for n in 0..4 {
            ladder.high(n).await.unwrap();
        }
        // One message replaces one, so as many slots are free for urgent messages as before.
        assert_eq!(ladder.reading().depth, 6);
        let row = ladder.ledger().of::<m::Low>();
        assert_eq!((row.evicted, row.queued), (2, 2));
    });
}

#[test]
fn o9_the_dead_go_before_anybody_alive_is_evicted() {
    struct Ward;
    #[actor(local, capacity = 2, reserve = 0)]
    impl Ward {
        #[message(priority = low, overflow = drop_oldest)]
        fn alive(&mut self) {}
        #[message(priority = urgent, overflow = reject, ttl = "1s")]
        fn expiring(&mut self) {}
        #[message(priority = high, overflow = evict_lower)]
        fn high(&mut self) {}
    }
    run(async |system| {
        let ward = system.spawn(Ward);
        let _held = testing::hold(&ward);
        ward.expiring().await.unwrap();
        ward.alive().await.unwrap();
        tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        assert_eq!(ward.high().await.unwrap(), Admission::Queued);
        let total = ward.ledger().total();
        assert_eq!((total.expired, total.evicted), (1, 0));
    });
}

#[test]
fn o5_a_random_message_of_the_same_type_makes_room() {
    run(async |system| {
        let (log, ladder) = spawn(&system, 4).await;
        let held = testing::hold(&ladder);
        ladder.low_kept(0).await.unwrap();
        for n in 1..=3 {
            ladder.random(n).await.unwrap();
        }
        assert_eq!(ladder.random(4).await.unwrap(), Admission::Displaced);
        assert_eq!(ladder.ledger().of::<m::Random>().dropped, 1);
        held.release();
        testing::quiet(&system).await;
        let left = log.read();
        assert_eq!(left.len(), 4);
        assert!(left.contains(&("random", 4)), "the newcomer is in: {left:?}");
        assert!(left.is_sorted_by_key(|(kind, n)| (*kind == "low_kept", *n)), "order stays: {left:?}");
    });
}

#[test]
fn o5_every_queued_message_is_as_likely_to_go_as_any_other() {
    run(async |system| {
        const SLOTS: usize = 8;
        let mut gone = [0u32; SLOTS];
        for round in 0..2000 {
            let ladder = Ladder::default();
            let log = ladder.log.clone();
            let ladder: LadderHandle = system.instance(ladder).capacity(SLOTS).seed(round).spawn().unwrap();
            let held = testing::hold(&ladder);
            for n in 0..=SLOTS as u32 {
                ladder.random(n).await.unwrap();
            }
            held.release();
            run_other_tasks().await;
            let left = log.read();
            let missing = (0..SLOTS).find(|n| !left.contains(&("random", *n as u32)));
            gone[missing.expect("one of those that were queued is gone")] += 1;
        }
        // Chi-squared, 7 degrees of freedom: 24.3 is exceeded once in a thousand; the seeds are
        // fixed.
        let expected = 2000.0 / SLOTS as f64;
        let chi: f64 = gone.iter().map(|n| (f64::from(*n) - expected).powi(2) / expected).sum();
        assert!(chi < 24.3, "{gone:?}");
    });
}

#[test]
fn o5_the_same_seed_drops_the_same_messages() {
    run(async |system| {
        let mut runs = Vec::new();
        for _ in 0..2 {
            let (log, ladder) = spawn(&system, 6).await;
            let held = testing::hold(&ladder);
            for n in 0..50 {
                ladder.random(n).await.unwrap();
            }
            held.release();
            run_other_tasks().await;
            runs.push(log.read());
        }
        assert_eq!(runs[0], runs[1]);
        assert_eq!(runs[0].len(), 6);
    });
}

#[test]
fn o5_with_none_of_its_type_queued_the_next_word_is_tried() {
    run(async |system| {
        let (_, ladder) = spawn(&system, 1).await;
        let held = testing::hold(&ladder);
        ladder.low_kept(1).await.unwrap();
        assert_eq!(ladder.random(1).await.unwrap(), Admission::Dropped);
        let waits = pending(ladder.random_waits(1));
        held.release();
        assert_eq!(waits.await.unwrap(), Admission::Waited);
    });
}

#[test]
fn o5_an_early_drop_spreads_the_losses_before_the_mailbox_is_full() {
    struct Road;
    #[actor(local, capacity = 1000, reserve = 0)]
    impl Road {
        #[message(overflow = drop_random(from = 0.5))]
        fn car(&mut self) {}
    }
    run(async |system| {
        let road: RoadHandle = system.instance(Road).seed(3).spawn().unwrap();
        let _held = testing::hold(&road);
        for _ in 0..500 {
            assert_eq!(road.car().await.unwrap(), Admission::Queued, "below half nothing is lost");
        }
        let mut displaced = 0;
        for _ in 0..300 {
            displaced += u32::from(road.car().await.unwrap() == Admission::Displaced);
        }
        // Between 500 and 800 queued messages the probability rises from 0 to a quarter.
        assert!((5..60).contains(&displaced), "{displaced}");
        for _ in 0..100_000 {
            road.car().await.unwrap();
        }
        let row = road.ledger().of::<RoadCar>();
        assert!(row.queued >= 950, "it fills up under a flood: {}", row.queued);
        assert!(row.is_balanced());
    });
}
