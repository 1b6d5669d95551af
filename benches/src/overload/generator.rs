//! The generator: sends at the times of a schedule, whatever the service does.

use super::Outcome;
use super::in_flight::{InFlight, Stamp};
use super::tally::Tally;
use std::task::Poll;
use std::time::{Duration, Instant};

/// Sends, and wakes, between two looks at the other: few enough that neither delays the other by
/// more than some 50 µs.
const BATCH: usize = 32;

/// Windows in which capacity is measured.
const WINDOWS: usize = 10;

/// How long the generator waits for the last answers.
const GRACE: Duration = Duration::from_millis(300);

/// Time at a constant rate.
#[derive(Clone, Copy, Debug)]
pub struct Phase {
    /// How long it lasts.
    pub span: Duration,
    /// Asks per second.
    pub rate: f64,
}

/// What the generator does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The asks.
    pub phases: Vec<Phase>,
    /// Messages of low priority per second, next to the asks.
    pub flood: f64,
    /// The deadline of each ask.
    pub deadline: Duration,
    /// Asks with an earlier intended time do not count.
    pub from: Duration,
}

impl Plan {
    /// The time of all phases.
    pub fn length(&self) -> Duration {
        self.phases.iter().map(|phase| phase.span).sum()
    }

    /// How late an ask may be sent. A later one could hardly be answered in time, so it is not
    /// offered at all: the offered load is then lower than intended, which the tables say.
    fn lateness_max(&self) -> Duration {
        self.deadline / 4
    }
}

/// Intended send times, spaced evenly within each phase.
struct Schedule<'a> {
    phases: &'a [Phase],
    /// When the current phase begins.
    begins: Duration,
    /// Sends of the current phase that are behind.
    sent: u64,
}

impl<'a> Schedule<'a> {
    fn new(phases: &'a [Phase]) -> Self {
        Schedule { phases, begins: Duration::ZERO, sent: 0 }
    }

    /// Returns the next intended time if it has come.
    fn due(&mut self, now: Duration) -> Option<Duration> {
        loop {
            let phase = self.phases.first()?;
            let offset = self.sent as f64 / phase.rate;
            if offset < phase.span.as_secs_f64() {
                let intended = self.begins + Duration::from_secs_f64(offset);
                self.sent += u64::from(intended <= now);
                return (intended <= now).then_some(intended);
            }
            self.begins += phase.span;
            (self.phases, self.sent) = (&self.phases[1..], 0);
        }
    }
}

/// Runs a plan on this thread: an open loop.
pub(super) fn run<F: Future<Output = Outcome>>(
    plan: &Plan,
    mut ask: impl FnMut() -> F,
    mut flood: impl FnMut(),
) -> Tally {
    let (length, lateness_max) = (plan.length(), plan.lateness_max());
    let mut tally = Tally::new(plan);
    let mut in_flight = InFlight::new();
    let mut asks = Schedule::new(&plan.phases);
    let floods = [Phase { span: length, rate: plan.flood }];
    let mut floods = Schedule::new(&floods);
    let began = Instant::now();
    while began.elapsed() < length {
        for _ in 0..BATCH {
            let called = began.elapsed();
            let Some(intended) = asks.due(called) else { break };
            if called - intended > lateness_max {
                tally.omit(intended);
                continue;
            }
            tally.offer(intended);
            let stamp = Stamp { intended, called };
            if let Poll::Ready(outcome) = in_flight.start(ask(), stamp) {
                tally.note(stamp, outcome, began.elapsed());
            }
        }
        let now = began.elapsed();
        for intended in (0..BATCH).map_while(|_| floods.due(now)) {
            // The same limit as for asks: what cannot be sent in time is not made up for.
            if now - intended <= lateness_max {
                flood();
                tally.flood(intended);
            }
        }
        in_flight.poll_woken(BATCH, |stamp, outcome| tally.note(stamp, outcome, began.elapsed()));
    }
    while in_flight.len() > 0 && began.elapsed() < length + plan.deadline + GRACE {
        in_flight.poll_woken(BATCH, |stamp, outcome| tally.note(stamp, outcome, began.elapsed()));
    }
    let ended = began.elapsed();
    in_flight.abandon(|stamp| tally.note(stamp, Outcome::TimedOut, ended));
    tally
}

/// Measures the answers per second with `outstanding` asks at a time: a closed loop. Returns the
/// rate of the best of several windows, because other processes can only lower it.
pub(super) fn closed_loop<F: Future<Output = Outcome>>(
    outstanding: usize,
    warm_up: Duration,
    window: Duration,
    mut ask: impl FnMut() -> F,
) -> f64 {
    let mut in_flight = InFlight::new();
    let mut answered = [0_u64; WINDOWS];
    let began = Instant::now();
    loop {
        let now = began.elapsed();
        let at = now.saturating_sub(warm_up).as_nanos() / window.as_nanos();
        let Some(answered) = answered.get_mut(at as usize) else { break };
        if in_flight.len() < outstanding {
            // An ask that ends at its first poll does not measure the service.
            let _ = in_flight.start(ask(), Stamp::default());
        }
        in_flight.poll_woken(BATCH, |_, outcome| {
            *answered += u64::from(now >= warm_up && outcome == Outcome::Answered);
        });
    }
    answered.into_iter().max().unwrap_or(0) as f64 / window.as_secs_f64()
}

/// The outcome of many senders that wait for room at the same time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Crowd {
    /// Senders that wait.
    pub waiting: usize,
    /// Senders that were refused.
    pub refused: usize,
}

/// Polls this many senders once, and calls `during` while they wait.
pub(super) fn crowd<F: Future<Output = Outcome>>(
    senders: usize,
    mut wait: impl FnMut() -> F,
    during: &mut dyn FnMut(),
) -> Crowd {
    let mut in_flight = InFlight::new();
    let mut refused = 0;
    for _ in 0..senders {
        let polled = in_flight.start(wait(), Stamp::default());
        refused += usize::from(polled == Poll::Ready(Outcome::Refused));
    }
    during();
    Crowd { waiting: in_flight.len(), refused }
}
