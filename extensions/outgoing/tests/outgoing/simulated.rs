//! A target in simulated time: workers that take calls first in, first out.

use actors_core::policy::{Rng, Tick};
use actors_outgoing::limit::gradient::{Gradient2, Sample};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

/// A target, and callers that make as many calls as the limit and the demand allow.
pub(crate) struct Simulation {
    pub(crate) law: Gradient2,
    /// When each worker is free.
    workers: BinaryHeap<Reverse<Tick>>,
    /// How long a worker needs for a call, on average.
    pub(crate) service: Duration,
    /// The calls in flight that the callers want.
    pub(crate) demand: usize,
    /// How long a caller waits for its call.
    pub(crate) timeout: Duration,
    /// The calls in flight, the earliest to end first: its end, its time, whether it timed out, and
    /// how many were in flight when it began.
    calls: BinaryHeap<Reverse<(Tick, Duration, bool, usize)>>,
    now: Tick,
    rng: Rng,
}

/// What happened during a run.
pub(crate) struct Run {
    /// The limit after each second.
    pub(crate) limits: Vec<usize>,
    /// The smallest and the largest limit.
    pub(crate) range: (usize, usize),
    /// Calls that were answered.
    pub(crate) answered: usize,
}

impl Run {
    /// The limits of the last seconds.
    pub(crate) fn last(&self, seconds: usize) -> &[usize] {
        &self.limits[self.limits.len() - seconds..]
    }
}

impl Simulation {
    pub(crate) fn new(law: Gradient2, workers: usize, service: Duration) -> Self {
        let mut simulation = Simulation {
            law,
            workers: BinaryHeap::new(),
            service,
            demand: usize::MAX,
            timeout: Duration::from_secs(3600),
            calls: BinaryHeap::new(),
            now: Tick::ZERO,
            rng: Rng::new(7),
        };
        simulation.set_workers(workers);
        simulation
    }

    /// Changes the number of workers. Calls in flight end as planned.
    pub(crate) fn set_workers(&mut self, workers: usize) {
        while self.workers.len() > workers {
            self.workers.pop();
        }
        while self.workers.len() < workers {
            self.workers.push(Reverse(self.now));
        }
    }

    pub(crate) fn run(&mut self, seconds: u64) -> Run {
        let began = self.now;
        let limit = self.law.limit();
        let mut run = Run { limits: Vec::new(), range: (limit, limit), answered: 0 };
        while (run.limits.len() as u64) < seconds {
            while self.calls.len() < self.law.limit().min(self.demand) {
                self.begin();
            }
            let Reverse((end, took, was_dropped, in_flight)) = self.calls.pop().unwrap();
            self.now = end;
            let limit = self.law.observe(Sample { took: Some(took), was_dropped, in_flight }, end);
            run.range = (run.range.0.min(limit), run.range.1.max(limit));
            run.answered += usize::from(!was_dropped);
            while run.limits.len() as u64 * 1_000_000_000 < (end.since(began).as_nanos() as u64) {
                run.limits.push(limit);
            }
        }
        run
    }

    fn begin(&mut self) {
        let Reverse(free) = self.workers.pop().unwrap();
        // Services take between half and one and a half of their mean.
        let service = self.service * (500 + self.rng.below(1001) as u32) / 1000;
        let end = free.max(self.now).after(service);
        // The target does not begin a call that its caller has given up.
        let is_begun = free.since(self.now) < self.timeout;
        self.workers.push(Reverse(if is_begun { end } else { free }));
        let in_flight = self.calls.len() + 1;
        let took = end.since(self.now);
        let call = if took > self.timeout {
            (self.now.after(self.timeout), self.timeout, true, in_flight)
        } else {
            (end, took, false, in_flight)
        };
        self.calls.push(Reverse(call));
    }
}
