use crate::simulated::Simulation;
use crate::{at, ms};
use actors_core::policy::{Rng, Tick};
use actors_outgoing::limit::gradient::{Gradient2, Sample, Settings};
use std::time::Duration;

/// Workers of the simulated target: its bandwidth-delay product, because a call takes no time but
/// theirs.
const WORKERS: usize = 40;
/// Where the limit balances growth and queue: `1.5 · B + 4`.
const BALANCE: f64 = 1.5 * WORKERS as f64 + 4.0;

fn simulation(initial: usize) -> Simulation {
    let law = Gradient2::new(Settings::default().initial(initial));
    Simulation::new(law, WORKERS, ms(40))
}

fn mean(limits: &[usize]) -> f64 {
    limits.iter().sum::<usize>() as f64 / limits.len() as f64
}

#[test]
fn it_converges_to_littles_law_with_a_short_queue_and_keeps_the_target_busy() {
    for initial in [1, 5, 20, 40] {
        let mut simulation = simulation(initial);
        simulation.run(120);
        let run = simulation.run(30);
        let limit = mean(&run.limits);
        assert!((WORKERS as f64..1.4 * BALANCE).contains(&limit), "from {initial}: {limit}");
        // 40 workers, 40 ms each: 1,000 calls a second, of which 95 % are made.
        assert!(run.answered >= 28_500, "from {initial}: {} in 30 s", run.answered);
    }
}

#[test]
fn in_balance_it_swings_by_a_tenth_in_ten_seconds_at_most() {
    let mut simulation = simulation(20);
    simulation.run(120);
    for ten_seconds in simulation.run(60).limits.chunks(10) {
        let (least, most) = (ten_seconds.iter().min().unwrap(), ten_seconds.iter().max().unwrap());
        assert!((most - least) as f64 <= 0.1 * mean(ten_seconds), "{ten_seconds:?}");
    }
}

#[test]
fn a_target_that_loses_workers_gets_fewer_calls_and_the_limit_recovers_with_it() {
    let mut simulation = simulation(20);
    let before = mean(simulation.run(120).last(10));
    simulation.set_workers(10);
    let slow = simulation.run(60);
    let limit = mean(slow.last(20));
    // Its balance is now 19.
    assert!((10.0..1.5 * 19.0).contains(&limit), "{limit}, before {before}");
    assert!(slow.range.0 >= 10, "it keeps the target busy: {:?}", slow.range);
    simulation.set_workers(WORKERS);
    let recovered = simulation.run(90);
    assert!(mean(recovered.last(10)) >= 0.9 * before, "{:?}", recovered.last(10));
    assert!(recovered.range.1 as f64 <= 1.5 * BALANCE, "{:?}", recovered.range);
}

#[test]
fn a_target_whose_calls_become_longer_for_good_has_its_limit_back_within_ten_minutes() {
    let mut simulation = simulation(20);
    simulation.run(120);
    simulation.service = ms(120);
    let low = simulation.run(60);
    assert!(mean(low.last(10)) < 15.0, "{:?}", low.last(10));
    let run = simulation.run(540);
    assert!(mean(run.last(10)) >= WORKERS as f64, "{:?}", run.last(10));
}

#[test]
fn under_saturation_without_a_pause_it_creeps_by_a_quarter_in_a_hundred_windows_at_most() {
    let mut simulation = simulation(20);
    let before = mean(simulation.run(200).last(10));
    let after = mean(simulation.run(100).last(10));
    let creep = after / before;
    assert!((1.0..=1.25).contains(&creep), "{before} to {after}: {creep}");
}

#[test]
fn a_pause_undoes_what_saturation_has_taught_it_down_to_twice_the_unloaded_time() {
    let mut simulation = simulation(20);
    assert_eq!(simulation.run(900).limits.last(), Some(&200), "its maximum");
    simulation.demand = 4;
    simulation.run(30);
    assert!(simulation.law.usual().unwrap() <= ms(2 * 40), "{:?}", simulation.law.usual());
    simulation.demand = usize::MAX;
    simulation.run(60);
    let limit = mean(&simulation.run(10).limits);
    assert!(limit <= 1.1 * (3.0 * WORKERS as f64 + 4.0), "{limit}");
}

#[test]
fn it_never_leaves_its_bounds_however_long_everything_times_out() {
    for min in [1, 7] {
        let mut simulation =
            Simulation::new(Gradient2::new(Settings::default().min(min).max(50)), WORKERS, ms(40));
        assert!(simulation.run(200).range.1 <= 50);
        (simulation.service, simulation.timeout) = (ms(500), ms(200));
        let run = simulation.run(200);
        assert_eq!((run.range.0, *run.limits.last().unwrap()), (min, min));
        simulation.service = ms(40);
        let run = simulation.run(200);
        assert!(*run.limits.last().unwrap() >= WORKERS, "it comes back: {:?}", run.range);
    }
}

#[test]
fn it_does_not_grow_while_less_than_half_of_it_is_in_flight() {
    // Calls in flight of a limit of 20, and whether it grows in a minute.
    for (demand, grows) in [(1, false), (9, false), (10, false), (12, true), (20, true)] {
        let mut simulation = simulation(20);
        simulation.demand = demand;
        let limit = simulation.run(60).range.1;
        assert_eq!(limit > 20, grows, "{demand} in flight: {limit}");
        assert!(limit <= 2 * demand.max(10) + 1, "{demand} in flight: {limit}");
    }
}

/// Ends one window with so many calls of 10 ms, some of which were dropped.
fn window(law: &mut Gradient2, second: u64, calls: u64, dropped: u64) -> usize {
    for n in 0..calls {
        let sample = Sample { took: Some(ms(10)), was_dropped: n < dropped, in_flight: law.limit() };
        law.observe(sample, at(1000 * second + n));
    }
    let last = Sample { took: Some(ms(10)), was_dropped: false, in_flight: law.limit() };
    law.observe(last, at(1000 * second + 1000))
}

#[test]
fn more_than_one_drop_in_twenty_calls_shrinks_it_by_a_tenth() {
    // Calls of the window, the last one included, drops, and the limit after it.
    for (calls, dropped, expected) in
        [(100, 0, 100), (100, 5, 100), (100, 6, 90), (100, 99, 90), (20, 1, 100), (20, 2, 90)]
    {
        let mut law = Gradient2::new(Settings::default().initial(100));
        assert_eq!(window(&mut law, 0, calls - 1, dropped), expected, "{dropped} of {calls}");
    }
}

#[test]
fn a_refusal_at_once_does_not_show_a_fast_target() {
    let mut law = Gradient2::new(Settings::default().initial(100));
    window(&mut law, 0, 20, 0);
    let usual = law.usual();
    for n in 0..40 {
        let refused = Sample { took: None, was_dropped: true, in_flight: 100 };
        law.observe(refused, at(2000 + 50 * n));
    }
    assert_eq!((law.limit(), law.usual()), (90, usual));
}

#[test]
fn a_window_lasts_until_it_has_ten_samples_and_is_discarded_after_a_long_pause() {
    let sample = Sample { took: Some(ms(10)), was_dropped: true, in_flight: 20 };
    // Milliseconds between the samples, and after how many of them the window ends.
    for (gap, ends_after) in
        [(10, Some(101)), (200, Some(10)), (2000, Some(10)), (10_009, Some(10)), (10_010, None)]
    {
        let mut law = Gradient2::new(Settings::default());
        let ended = (1..=200).find(|n| law.observe(sample, at(gap * (n - 1))) < 20);
        assert_eq!(ended, ends_after, "{gap} ms");
    }
}

#[test]
fn a_limit_at_its_minimum_grows_back_however_long_its_calls_take() {
    // One call at a time of so many milliseconds, in windows of a second.
    for time in [50, 1200, 15_000] {
        let mut law = Gradient2::new(Settings::default().initial(1));
        for n in 1..=200 {
            law.observe(Sample { took: Some(ms(time)), was_dropped: false, in_flight: 1 }, at(n * time));
        }
        assert!(law.limit() > 1, "calls of {time} ms: {}", law.limit());
    }
}

#[test]
fn the_usual_time_is_even_at_first_then_slow_and_falls_quickly_after_a_load() {
    let mut law = Gradient2::new(Settings::default());
    let mut now = at(0);
    let mut one = |law: &mut Gradient2, time: u64| {
        for _ in 0..11 {
            law.observe(Sample { took: Some(ms(time)), was_dropped: false, in_flight: 1 }, now);
            now = now.after(ms(100));
        }
        law.usual().unwrap()
    };
    assert_eq!([10, 20, 30].map(|time| one(&mut law, time)).map(|usual| usual.as_millis()), [10, 15, 20]);
    for _ in 0..7 {
        one(&mut law, 20);
    }
    let before = law.usual().unwrap().as_secs_f64();
    let after = one(&mut law, 620).as_secs_f64();
    assert!((after - before - 0.6 * 2.0 / 601.0).abs() < 1e-6, "{before} to {after}");
    let falls = one(&mut law, 1).as_secs_f64();
    assert!(falls < 0.96 * after && falls > 0.94 * after, "{after} to {falls}");
}

#[test]
fn any_samples_keep_it_in_its_bounds() {
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let (min, max) = (1 + rng.below(20), 1 + rng.below(100));
        let settings = Settings::default().min(min).max(max).initial(rng.below(200)).window(ms(50));
        let (mut law, mut now) = (Gradient2::new(settings), Tick::ZERO);
        for _ in 0..2000 {
            let took = rng.chance(0.9).then(|| Duration::from_nanos(rng.next_u64() >> rng.below(64)));
            let sample = Sample { took, was_dropped: rng.chance(0.1), in_flight: rng.below(200) };
            let limit = law.observe(sample, now);
            assert!((min..=max.max(min)).contains(&limit), "seed {seed}: {limit} in {min} to {max}");
            now = now.after(Duration::from_micros(rng.below(20_000) as u64));
        }
    }
}
