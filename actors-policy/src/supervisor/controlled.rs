//! The controller's rules one by one, on made-up mailboxes.

use super::controller::{Controller, Plan, STALLED, Sample, soft_limit};
use super::decision::{Decided, DecisionKind};
use super::level::Level;
use super::threshold::Threshold;
use crate::Settings;
use crate::Tick;
use crate::{Action, Pressure};
use std::time::Duration;

const SECOND: u64 = 1000;

/// A mailbox of 100 slots and its controller; time in milliseconds.
struct Bench {
    controller: Controller,
    sample: Sample,
    now: u64,
    /// Messages handled a second, and messages offered a second per lane.
    throughput: u64,
    offered: [u64; 4],
    plan: Option<Plan>,
    decided: Vec<Decided>,
}

impl Bench {
    fn new(respond: &[Action], workers: (usize, usize)) -> Self {
        Bench::with(Pressure::new().respond(respond), workers, Duration::from_secs(10))
    }

    fn with(pressure: Pressure, workers: (usize, usize), keep_alive: Duration) -> Self {
        let settings = Settings::new().workers(workers.0, workers.1).keep_alive(keep_alive);
        Bench {
            controller: Controller::new(pressure, settings.declared_workers()),
            sample: Sample { capacity: 100, workers: workers.0, ..Sample::default() },
            now: 3600 * SECOND,
            throughput: 100,
            offered: [0, 100, 0, 0],
            plan: None,
            decided: Vec::new(),
        }
    }

    /// Runs for this long, with a sample every ten milliseconds, and returns what was decided.
    fn go(&mut self, ms: u64) -> Vec<DecisionKind> {
        self.decided.clear();
        for _ in 0..ms / 10 {
            self.now += 10;
            let passed = self.now - 3600 * SECOND;
            self.sample.turns += self.throughput * passed / SECOND - self.throughput * (passed - 10) / SECOND;
            for (lane, rate) in self.offered.iter().enumerate() {
                let more = rate * passed / SECOND - rate * (passed - 10) / SECOND;
                self.sample.offered[lane] += more;
                self.sample.arrivals += more;
            }
            let now = Tick::ZERO.after(Duration::from_millis(self.now));
            let plan = self.controller.decide(&self.sample, now, &mut self.decided);
            self.sample.workers = plan.workers;
            self.sample.busy = self.sample.busy.min(plan.workers);
            if self.sample.queued > 0 {
                self.sample.busy = plan.workers;
            }
            self.plan = Some(plan);
        }
        self.decided.iter().map(|change| change.kind.clone()).collect()
    }

    fn pressed(&mut self) -> &mut Self {
        (self.sample.queued, self.sample.sojourn) = (90, Some(Duration::from_secs(1)));
        self
    }

    fn eased(&mut self) -> &mut Self {
        (self.sample.queued, self.sample.sojourn, self.sample.busy) = (0, None, 0);
        self
    }

    fn plan(&self) -> Plan {
        self.plan.unwrap()
    }
}

fn is_level(what: &DecisionKind) -> bool {
    matches!(what, DecisionKind::LevelChanged { .. })
}

/// The decisions without changes of level.
fn deeds(decided: Vec<DecisionKind>) -> Vec<DecisionKind> {
    decided
        .into_iter()
        .filter(|what| !is_level(what) && !matches!(what, DecisionKind::SheddingMoved { .. }))
        .collect()
}

#[test]
fn p1_nothing_declared_nothing_done() {
    let mut bench = Bench::new(&[], (1, 8));
    assert!(bench.pressed().go(60 * SECOND).iter().all(is_level));
    let plan = bench.plan();
    assert_eq!((plan.level, plan.workers, plan.threshold), (Level::Overloaded, 1, Threshold::OPEN));
    assert!(!plan.has_soft_limit && !plan.is_at_rest);
}

#[test]
fn p2_block_types_have_a_soft_limit_at_the_low_mark_from_elevated_on_until_it_was_calm_for_a_dwell() {
    let mut bench = Bench::new(&[Action::Block], (1, 1));
    assert!(bench.eased().go(SECOND).is_empty() && !bench.plan().has_soft_limit);
    let decided = bench.pressed().go(10);
    assert_eq!(decided[1], DecisionKind::SoftLimitBegan { fill: 0.5 });
    assert!(bench.plan().has_soft_limit && bench.plan().level == Level::Elevated);
    bench.eased().go(500);
    assert!(bench.plan().has_soft_limit && bench.plan().level == Level::Calm);
    assert!(bench.go(480).is_empty(), "calm for a dwell first");
    assert_eq!(bench.go(20), [DecisionKind::SoftLimitEnded]);
    assert!(!bench.plan().has_soft_limit && bench.plan().is_at_rest);
    assert_eq!([100, 7, 1].map(|capacity| soft_limit(&Pressure::new(), capacity)), [50, 3, 1]);
}

#[test]
fn p3_nobody_is_refused_before_there_is_pressure_and_urgent_never() {
    let mut bench = Bench::new(&[Action::Shed], (1, 1));
    bench.offered = [100, 100, 100, 900];
    assert!(bench.eased().go(SECOND).is_empty() && bench.plan().threshold.is_open());
    assert_eq!(deeds(bench.pressed().go(SECOND))[0], DecisionKind::SheddingBegan);
    bench.go(10 * SECOND);
    let threshold = bench.plan().threshold;
    let admitted = |lane| (0..1000).filter(|random| threshold.admits(lane, *random)).count();
    assert_eq!((admitted(0), admitted(1), admitted(3)), (0, 0, 1000));
    assert!((1..200).contains(&admitted(2)), "something always passes: {}", admitted(2));
}

#[test]
fn p3_moves_of_the_threshold_are_told_once_per_dwell_at_most_and_only_if_they_are_large() {
    let mut bench = Bench::new(&[Action::Shed], (1, 1));
    bench.offered = [500, 500, 500, 0];
    let mut moves = 0;
    for _ in 0..40 {
        let told = bench
            .pressed()
            .go(500)
            .iter()
            .filter(|what| matches!(what, DecisionKind::SheddingMoved { .. }))
            .count();
        assert!(told <= 1);
        moves += told;
    }
    // From everything to a fiftieth are less than six halves, and three lanes.
    assert!((3..=8).contains(&moves), "{moves}");
    assert!(bench.go(10 * SECOND).is_empty(), "the floor does not move");
}

#[test]
fn p3_two_moves_that_are_told_lie_a_dwell_apart() {
    let pressure = Pressure::new().respond(&[Action::Shed]).dwell(Duration::from_secs(2));
    let mut bench = Bench::with(pressure, (1, 1), Duration::from_secs(10));
    bench.offered = [500, 500, 500, 0];
    let moved: Vec<_> = (0..100)
        .filter(|_| {
            bench.pressed().go(100).iter().any(|what| matches!(what, DecisionKind::SheddingMoved { .. }))
        })
        .collect();
    assert!(moved.len() > 1 && moved.windows(2).all(|pair| pair[1] - pair[0] >= 20), "{moved:?}");
}

#[test]
fn p4_no_worker_is_started_for_a_backlog_that_is_nearly_gone() {
    for (per_look, is_started) in [(0, true), (2, false)] {
        let mut bench = Bench::new(&[Action::Spawn], (1, 4));
        bench.sample.busy = 1;
        bench.pressed();
        let mut decided = Vec::new();
        for look in 0..15 {
            bench.sample.queued = 85 - per_look * look;
            decided.extend(bench.go(10));
        }
        let started = decided.iter().any(|what| matches!(what, DecisionKind::WorkersAdded { .. }));
        assert_eq!(started, is_started, "{decided:?}");
    }
}

#[test]
fn p4_a_worker_stays_for_a_tenth_of_what_one_gave_and_goes_for_less() {
    // Of 10,000 a second by 10 workers each gives 1000; a tenth of that by ten more is 1000.
    for (gained, is_kept) in [(0, false), (950, false), (1050, true), (10_000, true)] {
        let mut bench = Bench::new(&[Action::Spawn], (10, 64));
        (bench.throughput, bench.offered) = (10_000, [0, 10_000, 0, 0]);
        assert_eq!(deeds(bench.pressed().go(30)), [DecisionKind::WorkersAdded { from: 10, to: 20 }]);
        bench.throughput += gained;
        let decided = deeds(bench.go(200));
        match &decided[0] {
            DecisionKind::WorkersKept { from: 10, to: 20, gain: Some(_) } if is_kept => {}
            DecisionKind::WorkersTakenBack { from: 20, to: 10, gain } if !is_kept => {
                assert!(*gain < 0.1, "{gain}");
                assert_eq!(bench.plan().workers, 10);
            }
            other => panic!("{gained}: {other:?}"),
        }
    }
}

#[test]
fn p4_littles_law_says_how_many_and_the_greatest_number_is_kept() {
    for (arrivals, most, to) in [(700, 64, 9), (700, 4, 4), (100, 64, 2), (100, 1024, 2)] {
        let mut bench = Bench::new(&[Action::Spawn], (1, most));
        bench.offered = [0, arrivals, 0, 0];
        // One worker is always busy and handles 100 a second. 700 need 7 workers, and 9 keep
        // utilisation below 80 %.
        bench.sample.busy = 1;
        let decided = deeds(bench.pressed().go(50));
        assert_eq!(decided, [DecisionKind::WorkersAdded { from: 1, to }], "{arrivals} {most}");
    }
}

#[test]
fn p4_a_backlog_that_is_gone_is_proof_enough() {
    let mut bench = Bench::new(&[Action::Spawn], (1, 4));
    bench.sample.busy = 1;
    assert_eq!(deeds(bench.pressed().go(50)), [DecisionKind::WorkersAdded { from: 1, to: 2 }]);
    assert_eq!(deeds(bench.eased().go(20)), [DecisionKind::WorkersKept { from: 1, to: 2, gain: None }]);
}

#[test]
fn p4_a_pool_whose_turns_all_wait_for_it_grows_to_its_most_before_its_trial_is_judged() {
    let mut bench = Bench::new(&[Action::Spawn], (1, 8));
    (bench.throughput, bench.sample.busy, bench.sample.needs_growth) = (0, 1, true);
    let decided = deeds(bench.pressed().go(200));
    let added = |from, to| DecisionKind::WorkersAdded { from, to };
    assert_eq!(decided, [added(1, 3), added(3, 6), added(6, 8)]);
    assert!(bench.plan().may_grow, "that trial is not over");
    let decided = deeds(bench.go(11 * SECOND));
    assert!(
        matches!(
            decided[..],
            [DecisionKind::WorkersTakenBack { from: 8, to: 1, .. }, DecisionKind::Exhausted]
        ),
        "{decided:?}"
    );
    assert!(!bench.plan().may_grow, "it rests");
    bench.go(30 * SECOND);
    assert!(bench.plan().may_grow || bench.plan().workers > 1, "and tries again later");
}

#[test]
fn p4_after_a_trial_that_failed_spawn_rests_for_30_seconds_and_twice_as_long_each_time_up_to_5_minutes() {
    let mut bench = Bench::new(&[Action::Spawn], (1, 8));
    bench.sample.busy = 1;
    let mut failed = Vec::new();
    for _ in 0..150_000 {
        let now = bench.now;
        if bench.pressed().go(10).iter().any(|what| matches!(what, DecisionKind::WorkersTakenBack { .. })) {
            failed.push(now);
        }
    }
    let rests: Vec<_> = failed.windows(2).map(|pair| (pair[1] - pair[0]) / SECOND).collect();
    assert_eq!(rests[..5], [30, 60, 120, 240, 300], "{rests:?}");
    assert_eq!(rests[5], 300);
}

#[test]
fn p5_actions_are_engaged_in_order_once_the_last_can_do_no_more_and_released_in_reverse() {
    let mut bench = Bench::new(&[Action::Spawn, Action::Shed, Action::Block], (1, 8));
    bench.sample.busy = 1;
    // More workers give no gain: they are retired, and the next action does not wait for its dwell.
    let decided = deeds(bench.pressed().go(300));
    let [
        DecisionKind::WorkersAdded { to: 2, .. },
        DecisionKind::WorkersTakenBack { to: 1, .. },
        DecisionKind::SheddingBegan,
    ] = decided[..]
    else {
        panic!("{decided:?}");
    };
    // The share needs 77 ticks of 50 ms to its floor.
    assert_eq!(deeds(bench.go(3 * SECOND)), [], "one action is not exhausted yet");
    let decided = deeds(bench.go(2 * SECOND));
    assert_eq!(
        decided,
        [DecisionKind::SoftLimitBegan { fill: 0.5 }, DecisionKind::Exhausted],
        "and then all are, which is said once"
    );
    // The last action is released first, and the others only after it.
    bench.eased().go(2000);
    assert!(!bench.plan().has_soft_limit && !bench.plan().threshold.is_open());
    assert_eq!(deeds(bench.go(10 * SECOND)), [DecisionKind::SheddingEnded]);
    assert!(bench.plan().is_at_rest && bench.plan().threshold.is_open());
}

#[test]
fn p5_workers_are_retired_after_what_was_engaged_later_is_released() {
    let pressure = Pressure::new().respond(&[Action::Spawn, Action::Shed]);
    let mut bench = Bench::with(pressure, (1, 2), Duration::from_secs(1));
    bench.sample.busy = 1;
    assert_eq!(deeds(bench.pressed().go(40)), [DecisionKind::WorkersAdded { from: 1, to: 2 }]);
    bench.throughput = 200;
    // The pool is at its greatest size, so the next action comes a dwell after the first.
    let decided = deeds(bench.go(430));
    assert!(matches!(decided[..], [DecisionKind::WorkersKept { .. }]), "{decided:?}");
    assert_eq!(deeds(bench.go(5 * SECOND)), [DecisionKind::SheddingBegan, DecisionKind::Exhausted]);
    let decided = deeds(bench.eased().go(20 * SECOND));
    assert_eq!(decided, [DecisionKind::SheddingEnded, DecisionKind::WorkersRetired { from: 2, to: 1 }]);
}

#[test]
fn p5_the_share_of_the_admitted_does_not_grow_while_a_later_action_is_engaged() {
    let mut bench = Bench::new(&[Action::Shed, Action::Block], (1, 1));
    bench.pressed().go(10 * SECOND);
    let before = bench.plan();
    assert!(before.has_soft_limit);
    // Neither pressed nor eased: between the marks.
    (bench.sample.queued, bench.sample.sojourn) = (60, Some(Duration::from_millis(1)));
    bench.go(10 * SECOND);
    assert_eq!(bench.plan().threshold.lane(), before.threshold.lane());
    assert!((bench.plan().threshold.share() - before.threshold.share()).abs() < 1e-3);
}

#[test]
fn p5_an_action_that_can_do_nothing_is_passed_over() {
    let mut bench = Bench::new(&[Action::Shed, Action::Block], (1, 1));
    bench.offered = [0, 0, 0, 100];
    assert_eq!(deeds(bench.pressed().go(100)), [DecisionKind::SoftLimitBegan { fill: 0.5 }]);
    let mut declared_otherwise = Bench::new(&[Action::Block, Action::Shed], (1, 1));
    assert_eq!(deeds(declared_otherwise.pressed().go(490)), [DecisionKind::SoftLimitBegan { fill: 0.5 }]);
    assert_eq!(deeds(declared_otherwise.go(100)), [DecisionKind::SheddingBegan], "at most one in a dwell");
}

#[test]
fn p5_nobody_needs_to_look_at_a_calm_mailbox_and_the_time_in_between_counts_for_nothing() {
    let mut bench = Bench::new(&[Action::Spawn, Action::Shed], (1, 8));
    bench.eased().go(100);
    assert!(bench.plan().is_at_rest);
    bench.sample.queued = 1;
    bench.go(10);
    assert!(!bench.plan().is_at_rest, "a message is queued");
    bench.eased().go(10);
    assert!(bench.plan().is_at_rest);
    // An hour later a sample sees a message that waited for it.
    bench.now += 3_600_000;
    (bench.sample.queued, bench.sample.sojourn) = (1, Some(Duration::from_secs(3600)));
    assert!(bench.go(90).is_empty(), "the samples do not span 100 ms yet");
    assert!(is_level(&bench.go(20)[0]));
}

#[test]
fn p3_after_a_rest_the_share_begins_to_shrink_no_faster_than_ever() {
    let mut bench = Bench::new(&[Action::Shed], (1, 1));
    bench.eased().go(SECOND);
    bench.now += 3_600_000;
    bench.pressed().go(10);
    assert!(bench.plan().level == Level::Elevated && bench.plan().threshold.is_open());
    bench.go(50);
    assert!(bench.plan().threshold.share() > 0.94, "{:?}", bench.plan());
}

#[test]
fn f3_stalled_is_said_once_each_time_and_is_no_pressure_of_its_own() {
    let mut bench = Bench::new(&[], (1, 1));
    bench.throughput = 0;
    (bench.sample.queued, bench.sample.stalled) = (3, STALLED - Duration::from_millis(1));
    assert_eq!(bench.go(SECOND), []);
    bench.sample.stalled = STALLED;
    assert_eq!(bench.go(60 * SECOND), [DecisionKind::Stalled { queued: 3, since: Duration::from_secs(30) }]);
    bench.sample.stalled = Duration::ZERO;
    assert_eq!(bench.go(SECOND), [DecisionKind::Resumed]);
    bench.sample.stalled = STALLED * 2;
    assert_eq!(bench.go(SECOND), [DecisionKind::Stalled { queued: 3, since: STALLED * 2 }]);
    bench.sample.stalled = Duration::ZERO;
    bench.eased().go(SECOND);
    bench.sample.stalled = STALLED;
    assert_eq!(bench.go(SECOND), [], "nothing is queued");
}
