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
    law.start(&mut ticket, at(500), 0).unwrap();
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
fn a_trial_that_fails_opens_it_again_whatever_the_other_trials_do() {
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
fn a_trial_has_its_time_from_its_start_so_a_wait_in_line_does_not_use_it_up() {
    let (mut law, until) = opened(Settings::default().trials(1).trial_max(ms(3000)));
    let mut trial = admit(&mut law, until);
    law.start(&mut trial, until.after(ms(2000)), 0).unwrap();
    let hangs = |law: &mut Law, time| {
        let now = until.after(ms(time));
        law.admit(now, 0).is_err() && law.state(now) == State::Open
    };
    assert!(!hangs(&mut law, 4999));
    assert!(hangs(&mut law, 5000));
}

#[test]
fn a_call_that_waits_while_it_opens_is_not_made() {
    let mut law = Law::new(Settings::default().in_a_row(1).trials(1));
    let waiting = [(); 4].map(|()| admit(&mut law, at(0)));
    let [mut early, mut trial, mut surplus, mut late] = waiting;
    call(&mut law, at(0), Outcome::Failure);
    let until = law.open_until().unwrap();
    assert_eq!(law.start(&mut early, at(1), 0), Err(until.since(at(1))));
    law.report(early, Outcome::Ignored, at(1), 0);
    // At the end of the open time, one of them is the trial.
    assert_eq!(law.start(&mut trial, until, 0), Ok(()));
    assert!(law.start(&mut surplus, until, 0).is_err());
    law.report(surplus, Outcome::Ignored, until, 0);
    assert_eq!(law.state(until), State::HalfOpen, "a call that was not made gives no place back");
    law.report(trial, Outcome::Success, until, 0);
    assert_eq!(law.state(until), State::Closed);
    // Closed again, it takes part again.
    assert_eq!(law.start(&mut late, until, 0), Ok(()));
    law.report(late, Outcome::Failure, until, 0);
    assert_eq!(law.state(until), State::Open);
    let Counts { admitted, refused, ignored, in_flight, .. } = law.counts();
    assert_eq!((admitted, refused, ignored, in_flight), (5, 2, 2, 0));
}

#[test]
fn callers_that_are_refused_together_return_apart_and_not_before_the_next_trial() {
    let (mut law, until) = opened(Settings::default().trials(1).open_for(ms(1000)));
    let mut spread = |now: Tick, least: Duration| {
        let mut rng = Rng::new(7);
        let times: Vec<_> = (0..200).map(|_| law.admit(now, rng.next_u64()).unwrap_err()).collect();
        assert!(times.iter().all(|time| *time >= least && *time <= least * 6 / 5), "{times:?}");
        assert!(times.iter().any(|time| *time < least * 21 / 20), "{times:?}");
        assert!(times.iter().any(|time| *time > least * 23 / 20), "{times:?}");
    };
    spread(at(0), until.since(at(0)));
    let (mut law, until) = opened(Settings::default().trials(1).open_for(ms(1000)));
    let _trial = admit(&mut law, until);
    let first = law.admit(until, 0).unwrap_err();
    assert_eq!(first, ms(1000));
    assert!(law.admit(until, u64::MAX).unwrap_err() > ms(1190));
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
