use crate::{at, ms};
use actors_core::policy::{Rng, Tick};
use actors_outgoing::breaker::law::{Law, Ticket};
use actors_outgoing::breaker::{Counts, Settings, State};
use actors_outgoing::outcome::Outcome;
use std::time::Duration;

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
            assert!(before != State::Closed && after > Duration::ZERO && after <= ms(2400));
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
