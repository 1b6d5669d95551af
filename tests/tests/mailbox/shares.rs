//! S2 in an actor: shares of turns, shares of time, and the longest wait of a lane, measured under
//! saturation.

use actors_core::prelude::*;
use actors_core::{Priority, policy::Schedule, testing};
use actors_tests::{Record, run};
use std::time::Duration;

type Log = Record<usize>;

const LANES: usize = Priority::COUNT;
/// The weight of each lane, lowest first.
const PARTS: [f64; LANES] = [1.0, 2.0, 4.0, 8.0];
const QUEUED: usize = 1000;

#[derive(Default)]
struct Desk {
    log: Log,
    /// How long a turn of each lane takes.
    takes: [Duration; LANES],
}

impl Desk {
    fn note(&mut self, lane: usize) {
        self.log.write(lane);
    }

    async fn work(&mut self, lane: usize) {
        tokio::time::sleep(self.takes[lane]).await;
        self.note(lane);
    }
}

#[actor(capacity = 16384, reserve = 0, schedule = weighted)]
impl Desk {
    #[message(priority = low)]
    fn low(&mut self) {
        self.note(0);
    }
    #[message]
    fn normal(&mut self) {
        self.note(1);
    }
    #[message(priority = high)]
    fn high(&mut self) {
        self.note(2);
    }
    #[message(priority = urgent)]
    fn urgent(&mut self) {
        self.note(3);
    }
    #[message(priority = low)]
    async fn low_work(&mut self) {
        self.work(0).await;
    }
    #[message]
    async fn normal_work(&mut self) {
        self.work(1).await;
    }
    #[message(priority = high)]
    async fn high_work(&mut self) {
        self.work(2).await;
    }
    #[message(priority = urgent)]
    async fn urgent_work(&mut self) {
        self.work(3).await;
    }
}

/// Queues `QUEUED` messages in each lane, and returns the order in which they are handled.
async fn saturate(system: &System, desk: Desk, schedule: Schedule, works: bool) -> Vec<usize> {
    let log = desk.log.clone();
    let desk: DeskHandle = system.instance(desk).schedule(schedule).spawn().unwrap();
    let held = testing::hold(&desk);
    for _ in 0..QUEUED {
        if works {
            desk.low_work().await.unwrap();
            desk.normal_work().await.unwrap();
            desk.high_work().await.unwrap();
            desk.urgent_work().await.unwrap();
        } else {
            desk.low().await.unwrap();
            desk.normal().await.unwrap();
            desk.high().await.unwrap();
            desk.urgent().await.unwrap();
        }
    }
    held.release();
    testing::quiet(system).await;
    log.read()
}

/// The part of the log before a lane ran out of messages.
fn saturated(log: &[usize]) -> &[usize] {
    let mut left = [QUEUED; LANES];
    let end = log.iter().position(|&lane| {
        left[lane] -= 1;
        left[lane] == 0
    });
    &log[..end.unwrap()]
}

fn shares(log: &[usize], cost: [f64; LANES]) -> [f64; LANES] {
    let mut spent = [0.0; LANES];
    log.iter().for_each(|&lane| spent[lane] += cost[lane]);
    let whole: f64 = spent.iter().sum();
    spent.map(|part| part / whole)
}

fn assert_shares(shares: [f64; LANES]) {
    let whole: f64 = PARTS.iter().sum();
    for (lane, share) in shares.into_iter().enumerate() {
        let due = PARTS[lane] / whole;
        assert!((share - due).abs() < 0.02, "lane {lane} has {share:.3} of the whole and not {due:.3}");
    }
    println!("shares {shares:.4?}");
}

#[test]
fn s2_weighted_shares_of_turns_are_8_4_2_1_within_two_hundredths() {
    run(async |system| {
        let log = saturate(&system, Desk::default(), Schedule::Weighted, false).await;
        assert_shares(shares(saturated(&log), [1.0; LANES]));
    });
}

#[test]
fn s2_weighted_shares_are_the_same_for_turns_that_are_suspended() {
    run(async |system| {
        let desk = Desk { takes: [Duration::from_millis(1); LANES], ..Desk::default() };
        let log = saturate(&system, desk, Schedule::Weighted, true).await;
        assert_shares(shares(saturated(&log), [1.0; LANES]));
    });
}

#[test]
fn s2_by_time_it_is_the_handling_time_that_is_shared() {
    run(async |system| {
        // The higher the lane, the longer its turns.
        let ms = [1, 2, 5, 9];
        let desk = Desk { takes: ms.map(Duration::from_millis), ..Desk::default() };
        let log = saturate(&system, desk, Schedule::WeightedByTime, true).await;
        assert_shares(shares(saturated(&log), ms.map(|ms| ms as f64)));
    });
}

/// The longest wait of each lane, in turns of other lanes.
fn longest_waits(log: &[usize], counts: impl Fn(usize, usize) -> bool) -> [u32; LANES] {
    let (mut waits, mut longest) = ([0; LANES], [0; LANES]);
    for &turn in log {
        for lane in (0..LANES).filter(|&lane| lane != turn) {
            waits[lane] += u32::from(counts(lane, turn));
            longest[lane] = longest[lane].max(waits[lane]);
        }
        waits[turn] = 0;
    }
    longest
}

#[test]
fn s2_strict_with_all_lanes_due_none_waits_for_more_than_32_turns_of_higher_ones() {
    run(async |system| {
        let log = saturate(&system, Desk::default(), Schedule::Strict, false).await;
        let waits = longest_waits(saturated(&log), |lane, turn| turn > lane);
        println!("longest waits, in turns of higher lanes: {waits:?}");
        assert!(waits.iter().all(|turns| *turns <= 32), "{waits:?}");
        assert_eq!(waits[3], 0);
        // All three lower lanes become due, and have their turns.
        assert!(waits[..3].iter().all(|turns| *turns == 32), "{waits:?}");
    });
}

#[test]
fn s2_weighted_no_lane_waits_for_more_than_a_round() {
    run(async |system| {
        let log = saturate(&system, Desk::default(), Schedule::Weighted, false).await;
        let waits = longest_waits(saturated(&log), |_, _| true);
        println!("longest waits, in turns of others: {waits:?}");
        for (lane, turns) in waits.into_iter().enumerate() {
            assert!(f64::from(turns) <= 15.0 - PARTS[lane], "lane {lane} waits for {turns}");
        }
    });
}

#[test]
fn s2_weighted_a_lane_alone_has_all_turns() {
    run(async |system| {
        let desk = system.spawn(Desk::default());
        let held = testing::hold(&desk);
        for _ in 0..100 {
            desk.low().await.unwrap();
        }
        held.release();
        testing::quiet(&system).await;
        assert_eq!(desk.ledger().total().handled, 100);
    });
}
