//! The inputs and the outcome of a simulation.

use super::controller::Plan;
use super::decision::{Decided, DecisionKind};
use crate::Settings;
use crate::{Pressure, Workers};
use std::time::Duration;

/// A second of simulated time, which is counted in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MILLI: u64 = 1_000_000;
/// The time over which handled messages are counted.
pub(crate) const SLICE: u64 = 100 * MILLI;

/// How messages arrive.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Senders {
    /// This many a second, at random (Poisson), whatever becomes of them.
    Open(f64),
    /// This many senders, each with one message at a time: the next one follows this long after the
    /// last was accepted.
    Closed(usize, u64),
    /// Like `Closed`, but the next one follows after the last was handled.
    Asking(usize, u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) senders: Senders,
    pub(crate) lane: usize,
    /// Whether senders wait for room. Others pass the gate and are refused.
    pub(crate) is_blocking: bool,
    pub(crate) from: u64,
    pub(crate) until: u64,
}

impl Stream {
    pub(crate) fn new(senders: Senders) -> Self {
        Stream { senders, lane: 1, is_blocking: false, from: 0, until: u64::MAX }
    }

    pub(crate) fn lane(self, lane: usize) -> Self {
        Stream { lane, ..self }
    }

    pub(crate) fn blocking(self) -> Self {
        Stream { is_blocking: true, ..self }
    }

    pub(crate) fn between(self, from: u64, until: u64) -> Self {
        Stream { from, until, ..self }
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Scene {
    pub(crate) seed: u64,
    pub(crate) capacity: usize,
    pub(crate) pressure: Pressure,
    pub(crate) workers: (usize, usize),
    pub(crate) keep_alive: Duration,
    pub(crate) service: u64,
    /// Whether service times are distributed exponentially.
    pub(crate) is_spread: bool,
    /// How many turns the database serves at once; the others wait for it.
    pub(crate) downstream: Option<usize>,
    pub(crate) looks: u64,
}

impl Scene {
    pub(crate) fn new(pressure: Pressure, workers: (usize, usize), service: u64) -> Self {
        Scene {
            seed: 1,
            capacity: 256,
            pressure,
            workers,
            keep_alive: Duration::from_secs(10),
            service,
            is_spread: false,
            downstream: None,
            looks: 10 * MILLI,
        }
    }

    pub(crate) fn declared(&self) -> Workers {
        let (least, most) = self.workers;
        Settings::new().workers(least, most).keep_alive(self.keep_alive).declared_workers()
    }
}

/// The outcome of a simulation.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Turns ended, per slice and lane.
    pub(crate) handled: Vec<[u64; 4]>,
    /// Messages refused at the gate, per slice and lane, and messages refused for lack of room.
    pub(crate) shed: Vec<[u64; 4]>,
    pub(crate) full: u64,
    pub(crate) decided: Vec<(u64, Decided)>,
    /// Target numbers of workers, with the time of each change.
    pub(crate) workers: Vec<(u64, usize)>,
    pub(crate) plans: Vec<(u64, Plan)>,
}

impl Outcome {
    /// Turns of these lanes ended a second, between two times.
    pub(crate) fn throughput(&self, from: u64, until: u64, lanes: &[usize]) -> f64 {
        let slices = &self.handled[(from / SLICE) as usize..(until / SLICE) as usize];
        let sum: u64 = slices.iter().map(|slice| lanes.iter().map(|lane| slice[*lane]).sum::<u64>()).sum();
        sum as f64 * SECOND as f64 / (until - from) as f64
    }

    /// How often the number of workers changed direction.
    pub(crate) fn reversals(&self) -> usize {
        let up: Vec<_> = self.workers.windows(2).map(|pair| pair[1].1 > pair[0].1).collect();
        up.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// The times of the matching decisions.
    pub(crate) fn when(&self, is: impl Fn(&DecisionKind) -> bool) -> Vec<u64> {
        self.decided.iter().filter(|(_, change)| is(&change.kind)).map(|(at, _)| *at).collect()
    }

    /// All decisions, in words.
    pub(crate) fn story(&self) -> String {
        self.decided
            .iter()
            .map(|(at, change)| format!("{:9.3} orders {change}\n", *at as f64 / 1e9))
            .collect()
    }
}
