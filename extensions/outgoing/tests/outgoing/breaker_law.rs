use crate::{at, ms};
use actors_core::policy::{Rng, Tick};
use actors_outgoing::breaker::law::{Law, Ticket};
use actors_outgoing::breaker::{Counts, Settings, State};
use actors_outgoing::outcome::Outcome;
use std::time::Duration;

fn admit(law: &mut Law, now: Tick) -> Ticket {
    law.admit(now, 0).expect("the breaker admits")
}

fn call(law: &mut Law, now: Tick, outcome: Outcome) {
    let ticket = admit(law, now);
    law.report(ticket, outcome, now, 0);
}

/// A breaker that is open since 0 ms, and the end of its open time.
fn opened(settings: Settings) -> (Law, Tick) {
    let mut law = Law::new(settings.in_a_row(1));
    call(&mut law, at(0), Outcome::Failure);
    let until = law.open_until().expect("it is open");
    (law, until)
}

#[test]
fn it_opens_at_the_failure_rate_and_not_before_the_minimum_of_calls() {
    // Failures, successes, and whether the last of them opens it: 50 % of at least 10.
    let table = [
        (9, 0, false),
        (10, 0, true),
        (4, 5, false),
        (5, 5, true),
        (4, 6, false),
        (49, 51, false),
        (50, 50, true),
    ];
    for (failures, successes, opens) in table {
        let mut law = Law::new(Settings::default().min_calls(10).failure_rate(0.5));
        for _ in 0..successes {
            call(&mut law, at(1), Outcome::Success);
        }
        for n in 0..failures {
            assert_eq!(law.state(at(1)), State::Closed, "{n} of {failures} failures, {successes} successes");
            call(&mut law, at(1), Outcome::Failure);
        }
        let expected = if opens { State::Open } else { State::Closed };
        assert_eq!(law.state(at(1)), expected, "{failures} failures, {successes} successes");
    }
}

#[test]
fn a_success_that_completes_the_minimum_of_calls_lets_the_rate_decide() {
    let mut law = Law::new(Settings::default().min_calls(4).failure_rate(0.5));
    for _ in 0..3 {
        call(&mut law, at(1), Outcome::Failure);
    }
    call(&mut law, at(1), Outcome::Success);
    assert_eq!(law.state(at(1)), State::Open);
}

#[test]
fn a_failure_counts_for_the_length_of_the_window_and_no_longer() {
    let settings = Settings::default().min_calls(2).failure_rate(1.0).window(ms(1000));
    for (second, expected) in
        [(899, State::Open), (999, State::Open), (1000, State::Closed), (1500, State::Closed)]
    {
        let mut law = Law::new(settings);
        call(&mut law, at(5000), Outcome::Failure);
        call(&mut law, at(5000 + second), Outcome::Failure);
        assert_eq!(law.state(at(5000 + second)), expected, "{second} ms later");
    }
}

#[test]
fn failures_in_a_row_open_it_without_a_rate_and_a_success_ends_the_row() {
    let mut law = Law::new(Settings::default().in_a_row(3));
    for outcome in [Outcome::Failure, Outcome::TimedOut, Outcome::Success, Outcome::Failure] {
        call(&mut law, at(0), outcome);
    }
    // Neither of these is about the target.
    call(&mut law, at(0), Outcome::Refused);
    call(&mut law, at(0), Outcome::Ignored);
    call(&mut law, at(0), Outcome::TimedOut);
    assert_eq!(law.state(at(0)), State::Closed);
    call(&mut law, at(0), Outcome::Failure);
    assert_eq!(law.state(at(0)), State::Open);
}

#[test]
fn a_success_that_is_too_slow_is_a_failure() {
    let mut law = Law::new(Settings::default().in_a_row(1).slow_after(ms(100)));
    let mut ticket = admit(&mut law, at(0));
    // A wait before the call is not the target's.
    ticket.start(at(500));
    law.report(ticket, Outcome::Success, at(600), 0);
    assert_eq!(law.state(at(600)), State::Closed);
    let ticket = admit(&mut law, at(600));
    law.report(ticket, Outcome::Success, at(701), 0);
    assert_eq!(law.state(at(701)), State::Open);
    assert_eq!((law.counts().slow, law.counts().successes, law.counts().failures), (1, 1, 0));
}

#[test]
fn an_open_breaker_admits_nothing_before_the_instant_that_it_names_and_a_trial_then() {
    let (mut law, until) = opened(Settings::default());
    for now in [at(0), at(1000), Tick::from_nanos(until.as_nanos() - 1)] {
        let after = law.admit(now, 0).unwrap_err();
        assert_eq!(now.after(after), until, "the time is exact");
        assert_eq!(law.state(now), State::Open);
    }
    assert_eq!(law.state(until), State::HalfOpen, "by time alone");
    let _trial = admit(&mut law, until);
}

#[test]
fn the_open_time_is_spread_and_doubles_with_each_failed_trial_up_to_its_bound() {
    let settings = Settings::default().open_for(ms(1000)).open_max(ms(6000)).trials(1);
    // The last two are a sixth below the bound, so that they are spread too.
    let nominal = [1000, 2000, 4000, 5000, 5000];
    let mut seen = [(u128::MAX, 0); 5];
    for seed in 0..200 {
        let mut rng = Rng::new(seed);
        let mut law = Law::new(settings.in_a_row(1));
        let mut now = at(0);
        for seen in &mut seen {
            let ticket = law.admit(now, rng.next_u64()).unwrap();
            law.report(ticket, Outcome::Failure, now, rng.next_u64());
            let until = law.open_until().unwrap();
            let time = until.since(now).as_millis();
            *seen = (seen.0.min(time), seen.1.max(time));
            now = until;
        }
        // A success closes it, and the doubling begins anew.
        let ticket = law.admit(now, 0).unwrap();
        law.report(ticket, Outcome::Success, now, 0);
        call(&mut law, now, Outcome::Failure);
        assert!(law.open_until().unwrap().since(now) <= ms(1200));
    }
    for ((least, most), nominal) in seen.into_iter().zip(nominal) {
        assert!(least >= nominal * 8 / 10 && most <= nominal * 12 / 10, "{least} to {most}, not {nominal}");
        assert!(least < nominal * 85 / 100 && most > nominal * 115 / 100, "{least} to {most} is not spread");
    }
}

#[test]
fn half_open_admits_its_trials_and_closes_when_all_of_them_have_succeeded() {
    let (mut law, until) = opened(Settings::default().trials(2));
    let (first, second) = (admit(&mut law, until), admit(&mut law, until));
    assert!(law.admit(until, 0).is_err(), "two trials are in flight");
    law.report(first, Outcome::Success, until, 0);
    assert!(law.admit(until, 0).is_err(), "one has succeeded, one is in flight");
    assert_eq!(law.state(until), State::HalfOpen);
    law.report(second, Outcome::Success, until, 0);
    assert_eq!(law.state(until), State::Closed);
}

#[test]
fn a_trial_that_says_nothing_about_the_target_gives_its_place_back() {
    let (mut law, until) = opened(Settings::default().trials(1));
    for outcome in [Outcome::Ignored, Outcome::Refused] {
        call(&mut law, until, outcome);
        assert_eq!(law.state(until), State::HalfOpen);
    }
    call(&mut law, until, Outcome::Success);
    assert_eq!(law.state(until), State::Closed);
}

#[test]
fn a_trial_that_fails_opens_it_again_whatever_the_others_do() {
    let (mut law, until) = opened(Settings::default().trials(3));
    let trials = [(); 3].map(|()| admit(&mut law, until));
    let [first, second, third] = trials;
    law.report(first, Outcome::Success, until, 0);
    law.report(second, Outcome::TimedOut, until, 0);
    assert_eq!(law.state(until), State::Open);
    law.report(third, Outcome::Success, until, 0);
    assert_eq!((law.state(until), law.counts().opened), (State::Open, 2));
}

#[test]
fn a_result_from_before_it_opened_decides_nothing_afterwards() {
    let mut law = Law::new(Settings::default().in_a_row(1).trials(1));
    let (late, later) = (admit(&mut law, at(0)), admit(&mut law, at(0)));
    call(&mut law, at(0), Outcome::Failure);
    let until = law.open_until().unwrap();
    let trial = admit(&mut law, until);
    law.report(late, Outcome::Failure, until, 0);
    assert_eq!(law.state(until), State::HalfOpen, "the failure is old");
    law.report(later, Outcome::Success, until, 0);
    assert_eq!(law.state(until), State::HalfOpen, "the success is old");
    law.report(trial, Outcome::Success, until, 0);
    assert_eq!(law.state(until), State::Closed);
}

#[test]
fn trials_that_hang_count_as_failed_so_that_it_is_never_half_open_for_ever() {
    let (mut law, until) = opened(Settings::default().trials(1).trial_max(ms(3000)).open_for(ms(1000)));
    let hangs = admit(&mut law, until);
    let almost = until.after(ms(2999));
    assert!(law.admit(almost, 0).is_err() && law.state(almost) == State::HalfOpen);
    let over = until.after(ms(3000));
    assert!(law.admit(over, 0).is_err() && law.state(over) == State::Open);
    law.report(hangs, Outcome::Success, over, 0);
    assert_eq!(law.state(over), State::Open, "too late");
    let again = law.open_until().unwrap();
    assert!(again.since(over) >= ms(1600), "the open time has doubled");
    call(&mut law, again, Outcome::Success);
    assert_eq!(law.state(again), State::Closed);
}

#[test]
fn a_setting_out_of_its_range_is_taken_as_the_nearest_one_inside() {
    let settings = Settings::default();
    assert_eq!(settings.window(Duration::ZERO), settings.window(ms(10)));
    assert_eq!(settings.failure_rate(7.0), settings.failure_rate(1.0));
    assert_eq!(settings.failure_rate(f64::NAN), settings.failure_rate(1.0));
    assert_eq!(settings.failure_rate(-1.0), settings.failure_rate(f64::MIN_POSITIVE));
    assert_eq!(settings.min_calls(0).trials(0).in_a_row(0), settings.min_calls(1).trials(1).in_a_row(1));
    let day = Duration::from_secs(24 * 3600);
    let longest = settings.open_for(Duration::MAX).open_max(Duration::MAX).trial_max(Duration::MAX);
    assert_eq!(longest, settings.open_for(day).open_max(day).trial_max(day));
    assert_eq!(
        settings.open_for(Duration::ZERO).open_max(Duration::ZERO),
        settings.open_for(ms(1)).open_max(ms(1))
    );
    let (law, until) = opened(longest);
    assert!(until.since(at(0)) <= day && law.state(at(0)) == State::Open);
}

/// What a random history keeps about a call in flight.
struct InFlight {
    ticket: Ticket,
    began: Tick,
    is_trial: bool,
    generation: u64,
}

/// Results while closed, as a list: the reference of the window.
#[derive(Default)]
struct Model {
    results: Vec<(u64, bool)>,
    in_a_row: u32,
    trials: (u32, u32),
    counts: Counts,
}

impl Model {
    fn trips(&self, slot: u64) -> bool {
        let recent = self.results.iter().filter(|(of, _)| *of + 10 > slot);
        let (calls, failures) = recent.fold((0, 0), |(n, f), (_, failed)| (n + 1, f + u32::from(*failed)));
        (calls >= 8 && f64::from(failures) >= 0.4 * f64::from(calls)) || self.in_a_row >= 6
    }
}

#[test]
fn random_histories_agree_with_a_model_that_remembers_everything() {
    for seed in 0..300 {
        history(seed);
    }
}

fn history(seed: u64) {
    let settings = Settings::default()
        .window(ms(1000))
        .failure_rate(0.4)
        .min_calls(8)
        .in_a_row(6)
        .slow_after(ms(300))
        .open_for(ms(200))
        .open_max(ms(2000))
        .trials(2)
        .trial_max(ms(5000));
    let mut rng = Rng::new(seed);
    let mut law = Law::new(settings);
    let mut model = Model::default();
    let mut calls: Vec<InFlight> = Vec::new();
    let (mut now, bad) = (at(0), rng.below(100) as f64 / 100.0);
    for _ in 0..1500 {
        now = now.after(Duration::from_micros(rng.below(40_000) as u64));
        if calls.len() < 6 && rng.chance(0.6) {
            begin(&mut law, &mut model, &mut calls, now, rng.next_u64());
        } else if !calls.is_empty() {
            let call = calls.swap_remove(rng.below(calls.len()));
            let outcome = match rng.below(10) {
                0 => Outcome::Ignored,
                1 => Outcome::Refused,
                _ if rng.chance(bad) => Outcome::Failure,
                _ => Outcome::Success,
            };
            end(&mut law, &mut model, call, outcome, now, rng.next_u64(), seed);
        }
        model.counts.in_flight = calls.len() as u64;
        let counts = law.counts();
        assert_eq!(counts, model.counts, "seed {seed}");
        let ended = counts.successes + counts.failures + counts.slow + counts.ignored;
        assert_eq!(counts.admitted, ended + counts.in_flight, "seed {seed}");
    }
}

fn begin(law: &mut Law, model: &mut Model, calls: &mut Vec<InFlight>, now: Tick, random: u64) {
    let before = law.state(now);
    let opened = law.counts().opened;
    match law.admit(now, random) {
        Ok(ticket) => {
            assert_ne!(before, State::Open);
            let is_trial = before == State::HalfOpen;
            if is_trial {
                model.trials.0 += 1;
                assert!(model.trials.0 + model.trials.1 <= 2, "two trials at most");
            }
            model.counts.admitted += 1;
            calls.push(InFlight { ticket, began: now, is_trial, generation: law.generation() });
        }
        Err(after) => {
            assert!(before != State::Closed && after > Duration::ZERO && after <= ms(2000));
            model.counts.refused += 1;
        }
    }
    if law.counts().opened > opened {
        // A hanging trial.
        model.counts.opened += 1;
        model.trials = (0, 0);
    }
}

fn end(
    law: &mut Law,
    model: &mut Model,
    call: InFlight,
    outcome: Outcome,
    now: Tick,
    random: u64,
    seed: u64,
) {
    let generation = law.generation();
    law.report(call.ticket, outcome, now, random);
    let is_slow = now.since(call.began) > ms(300);
    let failed = match outcome {
        Outcome::Success => Some(is_slow),
        Outcome::Failure => Some(true),
        _ => None,
    };
    match outcome {
        Outcome::Success if is_slow => model.counts.slow += 1,
        Outcome::Success => model.counts.successes += 1,
        Outcome::Failure => model.counts.failures += 1,
        _ => model.counts.ignored += 1,
    }
    if call.generation != generation {
        assert_eq!(law.generation(), generation, "an old result changes nothing, seed {seed}");
        return;
    }
    let expected = if call.is_trial {
        model.trials.0 -= 1;
        model.trials.1 += u32::from(failed == Some(false));
        match failed {
            Some(true) => State::Open,
            _ if model.trials.1 >= 2 => State::Closed,
            _ => State::HalfOpen,
        }
    } else {
        if let Some(failed) = failed {
            let slot = now.as_nanos() / 100_000_000;
            model.results.push((slot, failed));
            model.in_a_row = if failed { model.in_a_row + 1 } else { 0 };
        }
        let slot = now.as_nanos() / 100_000_000;
        if failed.is_some() && model.trips(slot) { State::Open } else { State::Closed }
    };
    assert_eq!(law.state(now), expected, "seed {seed}");
    if law.generation() != generation {
        model.counts.opened += u64::from(expected == State::Open);
        *model = Model { counts: model.counts, ..Model::default() };
    }
}
