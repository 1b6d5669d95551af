//! The controller's decisions in simulated time: the goals of P1 to P5.

use super::decision::DecisionKind;
use super::level::Level;
use super::scene::{MILLI, Outcome, SECOND, SLICE, Scene, Senders, Stream};
use super::simulation::simulate;
use crate::{Action, Pressure};
use std::time::Duration;

const MINUTE: u64 = 60 * SECOND;
const ALL: &[usize] = &[0, 1, 2, 3];

fn spawning() -> Pressure {
    Pressure::new().respond(&[Action::Spawn])
}

/// Messages a second that this many workers can handle.
fn worth(workers: f64, service: u64) -> f64 {
    workers * SECOND as f64 / service as f64
}

/// Levels change one step at a time, and no two changes lie closer than a dwell time.
fn assert_levels(outcome: &Outcome, pressure: Pressure) {
    let changes: Vec<_> = outcome
        .decided
        .iter()
        .filter_map(|(at, change)| match change.kind {
            DecisionKind::LevelChanged { from, to } => Some((*at, from, to)),
            _ => None,
        })
        .collect();
    let dwell = pressure.dwell_time().as_nanos() as u64;
    for pair in changes.windows(2) {
        assert!(pair[1].0 - pair[0].0 >= dwell && pair[0].2 == pair[1].1, "{pair:?}\n{}", outcome.story());
    }
    assert!(
        changes.iter().all(|(_, from, to)| (*from as i32 - *to as i32).abs() == 1),
        "{}",
        outcome.story()
    );
}

#[test]
fn p4_a_step_of_demand_is_met_within_a_second_with_two_reversals_at_most() {
    let step = 2 * SECOND;
    for service in [MILLI, 10 * MILLI, 50 * MILLI] {
        let (one, eight) = (worth(1.0, service), worth(8.0, service));
        for (most, senders, is_blocking) in [
            (8, Senders::Open(eight), false),
            (32, Senders::Open(eight), false),
            (8, Senders::Open(eight), true),
            (8, Senders::Closed(64, 0), true),
            // Each sender pauses, and offers an eighth of what a worker handles.
            (8, Senders::Closed(64, 8 * service), true),
            (32, Senders::Closed(64, 8 * service), true),
        ] {
            for seed in 1..=3 {
                let scene = Scene { seed, ..Scene::new(spawning(), (1, most), service) };
                let before = Stream::new(Senders::Open(one)).between(0, step);
                let after = Stream::new(senders).between(step, u64::MAX);
                let after = if is_blocking { after.blocking() } else { after };
                let outcome = simulate(scene, &[before, after], step + 30 * SECOND);
                let reached = outcome.throughput(step + SECOND, step + 2 * SECOND, ALL);
                let what = format!("{service} {most} {senders:?} {seed}\n{}", outcome.story());
                assert!(reached >= 0.9 * eight, "{reached} of {eight}: {what}");
                assert!(outcome.reversals() <= 2, "{} reversals: {what}", outcome.reversals());
            }
        }
    }
}

#[test]
fn p4_turns_of_seconds_find_their_workers_too() {
    for (service, senders) in [
        (2 * SECOND, Senders::Closed(64, 0)),
        (2 * SECOND, Senders::Open(4.0)),
        (500 * MILLI, Senders::Asking(64, 0)),
    ] {
        let stream = Stream::new(senders).blocking();
        let outcome = simulate(Scene::new(spawning(), (1, 8), service), &[stream], MINUTE);
        let reached = outcome.throughput(30 * SECOND, MINUTE, ALL);
        assert!(reached >= 0.9 * worth(8.0, service), "{reached}\n{}", outcome.story());
    }
}

#[test]
fn p4_a_steady_load_resizes_a_pool_once_a_minute_at_most() {
    let mut resizes = Vec::new();
    for (service, workers, most, loads) in [
        (MILLI, 2, 8, [0.9].as_slice()),
        (10 * MILLI, 1, 8, &[0.9, 1.0]),
        (10 * MILLI, 2, 8, &[0.9, 0.95, 1.0]),
        (10 * MILLI, 5, 5, &[0.9, 1.0]),
        (10 * MILLI, 8, 32, &[0.95]),
        (50 * MILLI, 1, 8, &[0.9, 0.95, 1.0]),
        (50 * MILLI, 3, 16, &[0.9, 0.95, 1.0]),
        (50 * MILLI, 8, 8, &[0.9, 0.95, 1.0]),
        (50 * MILLI, 16, 64, &[0.9, 1.0]),
        (500 * MILLI, 8, 64, &[0.9, 1.0]),
    ] {
        for load in loads {
            // Where turns are longer than the target, every queued message is pressure.
            let target = Duration::from_nanos(service).max(spawning().target_sojourn());
            let pressure = if service > 100 * MILLI { spawning().target(target) } else { spawning() };
            let scene = Scene::new(pressure, (1, most), service);
            let stream = Stream::new(Senders::Open(worth(*load * f64::from(workers), service)));
            let outcome = simulate(scene, &[stream], 11 * MINUTE);
            let count = |minute: u64| {
                let is_in = |at: u64| at >= minute * MINUTE && at < (minute + 1) * MINUTE;
                outcome.workers.iter().filter(|(at, _)| is_in(*at)).count()
            };
            let most_often = (1..11).map(count).max().unwrap_or(0);
            resizes.push((
                service / MILLI,
                workers,
                most,
                load,
                (1..11).map(count).sum::<usize>(),
                most_often,
            ));
        }
    }
    assert!(resizes.iter().all(|(.., most_often)| *most_often <= 1), "{resizes:?}");
}

#[test]
fn p4_with_no_traffic_at_all_a_pool_is_back_at_its_least_soon_after_keep_alive() {
    for (keep_alive, least) in [(2, 1), (10, 1), (10, 3), (60, 2)] {
        let keep_alive = keep_alive * SECOND;
        let mut scene = Scene::new(spawning(), (least, 16), 10 * MILLI);
        scene.keep_alive = Duration::from_nanos(keep_alive);
        let busy = Stream::new(Senders::Open(1000.0)).between(0, 5 * SECOND);
        let outcome = simulate(scene, &[busy], 5 * SECOND + keep_alive + 3 * SECOND);
        let (at, workers) = *outcome.workers.last().unwrap();
        assert_eq!(workers, least, "{}", outcome.story());
        let retired = outcome.when(|what| matches!(what, DecisionKind::WorkersRetired { .. }));
        let idle = retired.iter().filter(|at| **at >= 5 * SECOND + keep_alive).count();
        assert_eq!(idle, 1, "in one step\n{}", outcome.story());
        let after = at - 5 * SECOND;
        assert!(after >= keep_alive && after <= keep_alive + SECOND, "{after}\n{}", outcome.story());
        assert!(outcome.plans.last().unwrap().1.is_at_rest);
    }
}

#[test]
fn p4_a_slow_database_stops_growth_and_the_next_action_is_engaged_and_all_is_taken_back() {
    let pressure = Pressure::new().respond(&[Action::Spawn, Action::Shed]);
    for seed in 1..=5 {
        let mut scene = Scene { seed, ..Scene::new(pressure, (1, 32), 10 * MILLI) };
        scene.downstream = Some(4);
        let from_to = |stream: Stream| stream.between(SECOND, MINUTE);
        let streams = [(0, 300.0), (1, 300.0), (2, 200.0)]
            .map(|(lane, rate)| from_to(Stream::new(Senders::Open(rate)).lane(lane)));
        let outcome = simulate(scene, &streams, 2 * MINUTE);
        let story = outcome.story();
        // Trials beyond what the database can serve fail, and each comes after a longer pause.
        let failed = outcome.when(|what| matches!(what, DecisionKind::WorkersTakenBack { .. }));
        assert!(!failed.is_empty() && failed[0] < 3 * SECOND, "{story}");
        assert!(failed.windows(2).all(|pair| pair[1] - pair[0] >= 30 * SECOND), "{story}");
        let began = outcome.when(|what| *what == DecisionKind::SheddingBegan);
        assert!(
            began.len() == 1 && began[0] - failed[0] < SECOND / 5,
            "the next action does not wait\n{story}"
        );
        let last =
            outcome.workers.iter().filter(|(at, _)| *at < MINUTE).map(|(_, workers)| *workers).next_back();
        assert!(last.is_some_and(|workers| workers < 32), "{last:?}\n{story}");
        // The lowest lanes are shed first, and the high ones never.
        let shed: [u64; 4] = std::array::from_fn(|lane| outcome.shed.iter().map(|slice| slice[lane]).sum());
        assert!(shed[0] > 10 * 300 && shed[2] == 0, "{shed:?}");
        let full = outcome.throughput(10 * SECOND, MINUTE, ALL);
        assert!(full >= 0.98 * 400.0, "{full}\n{story}");
        assert!(outcome.throughput(10 * SECOND, MINUTE, &[2]) >= 0.98 * 200.0, "{story}");
        // Release in reverse order: shedding ends first, then workers are retired.
        let ended = outcome.when(|what| *what == DecisionKind::SheddingEnded);
        let retired = outcome.when(|what| matches!(what, DecisionKind::WorkersRetired { .. }));
        assert!(ended.len() == 1 && ended[0] > MINUTE && retired[0] > ended[0], "{story}");
        let plan = outcome.plans.last().unwrap().1;
        assert!(plan.is_at_rest && plan.workers == 1 && plan.threshold.is_open(), "{plan:?}\n{story}");
        assert_levels(&outcome, pressure);
    }
}

#[test]
fn p3_at_ten_times_the_load_what_is_worth_most_is_handled() {
    let pressure = Pressure::new().respond(&[Action::Shed]);
    for (service, share) in [(10 * MILLI, 0.05), (10 * MILLI, 0.1), (MILLI, 0.1)] {
        for seed in 1..=3 {
            let scene = Scene { seed, ..Scene::new(pressure, (1, 1), service) };
            let load = worth(10.0, service);
            let high = Stream::new(Senders::Open(share * load)).lane(2);
            let rest = [0, 1].map(|lane| Stream::new(Senders::Open((1.0 - share) / 2.0 * load)).lane(lane));
            let (from, until) = (5 * SECOND, 30 * SECOND);
            let outcome = simulate(scene, &[high, rest[0], rest[1]], until);
            let handled = outcome.throughput(from, until, &[2]);
            // The same messages without other load.
            let best = simulate(scene, &[high], until).throughput(from, until, &[2]);
            // With a share of a tenth they are as many as can be handled at all.
            let part = if share < 0.1 { 0.98 } else { 0.93 };
            assert!(handled >= part * best, "{handled} of {best}\n{}", outcome.story());
            let shed: [u64; 4] =
                std::array::from_fn(|lane| outcome.shed.iter().map(|slice| slice[lane]).sum());
            assert!(shed[0] > 0 && shed[1] > 0, "{shed:?}");
            assert_levels(&outcome, pressure);
        }
    }
}

#[test]
fn p3_the_admitted_share_finds_itself() {
    let pressure = Pressure::new().respond(&[Action::Shed]);
    for over in [1.5, 3.0, 10.0] {
        let scene = Scene::new(pressure, (4, 4), 10 * MILLI);
        let outcome = simulate(scene, &[Stream::new(Senders::Open(400.0 * over))], 30 * SECOND);
        let handled = outcome.throughput(5 * SECOND, 30 * SECOND, ALL);
        assert!(handled >= 0.94 * 400.0, "{over}: nothing is refused that could be handled: {handled}");
        let shed: u64 = outcome.shed[50..].iter().map(|slice| slice[1]).sum();
        let expected = 25.0 * 400.0 * (over - 1.0);
        let part = shed as f64 / expected;
        assert!(
            (0.85..=1.15).contains(&part),
            "{over}: {shed} of {expected}, {} found no room",
            outcome.full
        );
    }
}

#[test]
fn p8_after_a_pulse_every_message_is_admitted_again_within_a_tenth_of_a_second() {
    let pressure = Pressure::new().respond(&[Action::Shed]);
    for service in [MILLI / 10, MILLI] {
        for over in [3.0, 10.0] {
            let load = worth(1.0, service);
            let usual = [0, 1, 2].map(|lane| Stream::new(Senders::Open(0.25 * load)).lane(lane));
            let (from, until) = (5 * SECOND, 6 * SECOND);
            let pulse = Stream::new(Senders::Open(over * load)).lane(1).between(from, until);
            let scene = Scene::new(pressure, (1, 1), service);
            let outcome = simulate(scene, &[usual[0], usual[1], usual[2], pulse], 8 * SECOND);
            let shed = |slices: std::ops::Range<usize>| outcome.shed[slices].iter().flatten().sum::<u64>();
            assert!(shed(50..60) > 0, "the pulse is shed");
            // A backlog of 256 turns is worked off first.
            let gone = 60 + (256 * service).div_ceil(SLICE) as usize;
            assert_eq!(shed(gone + 1..80), 0, "{service} {over}: {}", outcome.story());
        }
    }
}

#[test]
fn p2_senders_wait_at_the_soft_limit_and_are_let_in_again() {
    let pressure = Pressure::new().respond(&[Action::Block]);
    let scene = Scene::new(pressure, (1, 1), 10 * MILLI);
    let stream = Stream::new(Senders::Closed(300, 0)).blocking().between(0, 10 * SECOND);
    let outcome = simulate(scene, &[stream], 30 * SECOND);
    let began = outcome.when(|what| matches!(what, DecisionKind::SoftLimitBegan { .. }));
    let ended = outcome.when(|what| *what == DecisionKind::SoftLimitEnded);
    assert!(began.len() == 1 && ended.len() == 1 && began[0] < SECOND, "{}", outcome.story());
    assert!(ended[0] > 10 * SECOND, "{}", outcome.story());
    let limited = outcome.plans.iter().filter(|(_, plan)| plan.has_soft_limit);
    assert!(limited.clone().count() > 900 && limited.clone().all(|(at, _)| *at < ended[0]));
    assert!(outcome.plans.last().unwrap().1.level == Level::Calm);
    assert_levels(&outcome, pressure);
}

#[test]
fn p4_late_looks_make_it_slower_and_not_wrong() {
    for looks in [30 * MILLI, 100 * MILLI, SECOND] {
        let scene = Scene { looks, ..Scene::new(spawning(), (1, 8), 10 * MILLI) };
        let outcome = simulate(scene, &[Stream::new(Senders::Open(700.0))], 2 * MINUTE);
        let reached = outcome.throughput(10 * SECOND, 20 * SECOND, ALL);
        assert!(reached >= 0.9 * 700.0, "{looks}: {reached}\n{}", outcome.story());
        assert!(outcome.workers.len() < 8, "{looks}\n{}", outcome.story());
    }
}
