//! A mailbox with workers, senders and perhaps a database, in simulated time: it shows what the
//! controller's decisions lead to. It has a heap of events and a seeded random stream, and no
//! clock.

use super::controller::{Controller, Plan, Sample, soft_limit};
use super::decision::Decided;
use super::level::Level;
use super::scene::{MILLI, Outcome, SECOND, SLICE, Scene, Senders, Stream};
use super::threshold::Threshold;
use crate::Tick;
use crate::rng::{Rng, unit};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// How long it takes to start a worker.
const STARTING: u64 = MILLI;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A message of this stream.
    Send(usize),
    Started,
    /// A turn's call is done.
    Served(usize),
    Look,
}

#[derive(Clone, Copy, Debug)]
struct Message {
    stream: usize,
    entered: u64,
}

/// The whole simulated state.
pub(crate) struct World {
    scene: Scene,
    streams: Vec<Stream>,
    controller: Controller,
    rng: Rng,
    /// One random stream per message stream, so that each is the same whatever else is simulated.
    arrivals: Vec<Rng>,
    now: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    number: u64,
    lanes: [VecDeque<Message>; 4],
    line: VecDeque<usize>,
    /// Turns that wait for the database, and turns that it works on.
    pending: VecDeque<usize>,
    calling: usize,
    workers: usize,
    starting: usize,
    plan: Plan,
    sample: Sample,
    moved: u64,
    is_looked_at: bool,
    decided: Vec<Decided>,
    outcome: Outcome,
}

/// Simulates this many nanoseconds.
pub(crate) fn simulate(scene: Scene, streams: &[Stream], until: u64) -> Outcome {
    let plan = Plan {
        level: Level::Calm,
        workers: scene.workers.0,
        may_grow: true,
        threshold: Threshold::OPEN,
        has_soft_limit: false,
        is_at_rest: true,
    };
    let mut world = World {
        controller: Controller::new(scene.pressure, scene.declared()),
        rng: Rng::new(scene.seed),
        arrivals: (1..=streams.len() as u64).map(|at| Rng::new(scene.seed << 32 | at << 16)).collect(),
        now: 0,
        events: BinaryHeap::new(),
        number: 0,
        lanes: Default::default(),
        line: VecDeque::new(),
        pending: VecDeque::new(),
        calling: 0,
        workers: scene.workers.0,
        starting: 0,
        sample: Sample { capacity: scene.capacity, ..Sample::default() },
        plan,
        moved: 0,
        is_looked_at: false,
        decided: Vec::new(),
        outcome: Outcome { workers: vec![(0, scene.workers.0)], ..Outcome::default() },
        streams: streams.to_vec(),
        scene,
    };
    let slices = until.div_ceil(SLICE) as usize;
    world.outcome.handled = vec![[0; 4]; slices];
    world.outcome.shed = vec![[0; 4]; slices];
    world.run(until);
    world.outcome
}

/// A random time with this mean, distributed exponentially.
fn spread(rng: &mut Rng, mean: f64) -> u64 {
    (-(1.0 - unit(rng.next_u64())).ln() * mean) as u64
}

impl World {
    fn run(&mut self, until: u64) {
        for (at, stream) in self.streams.clone().into_iter().enumerate() {
            let senders = match stream.senders {
                Senders::Open(_) => 1,
                Senders::Closed(senders, _) | Senders::Asking(senders, _) => senders,
            };
            // Senders do not start at the same instant.
            let apart = match stream.senders {
                Senders::Open(_) => 0,
                Senders::Closed(senders, pause) | Senders::Asking(senders, pause) => {
                    pause / senders as u64 + 1000
                }
            };
            (0..senders as u64).for_each(|n| self.plan_event(stream.from + n * apart, Event::Send(at)));
        }
        self.plan_event(0, Event::Look);
        while let Some(Reverse((at, _, event))) = self.events.pop() {
            if at >= until {
                return;
            }
            self.now = at;
            match event {
                Event::Send(stream) => self.send(stream),
                Event::Served(stream) => self.served(stream),
                Event::Started => {
                    self.starting -= 1;
                    self.workers += 1;
                    self.work();
                }
                Event::Look => self.look(),
            }
        }
    }

    fn plan_event(&mut self, at: u64, event: Event) {
        self.number += 1;
        self.events.push(Reverse((at, self.number, event)));
    }

    fn slice(&self) -> usize {
        (self.now / SLICE) as usize
    }

    fn queued(&self) -> usize {
        self.lanes.iter().map(VecDeque::len).sum()
    }

    fn send(&mut self, at: usize) {
        let stream = self.streams[at];
        if self.now >= stream.until {
            return;
        }
        if let Senders::Open(rate) = stream.senders {
            let next = self.now + spread(&mut self.arrivals[at], SECOND as f64 / rate);
            self.plan_event(next, Event::Send(at));
        }
        self.is_looked_at = true;
        self.sample.arrivals += 1;
        if !stream.is_blocking {
            self.sample.offered[stream.lane] += 1;
            if !self.plan.threshold.admits(stream.lane, self.sample.arrivals) {
                let slice = self.slice();
                self.outcome.shed[slice][stream.lane] += 1;
                return self.again(at);
            }
        }
        let is_line = stream.is_blocking && !self.line.is_empty();
        if self.queued() < self.room(stream) && !is_line {
            self.enter(at);
        } else if stream.is_blocking && self.line.len() < self.scene.capacity {
            self.line.push_back(at);
        } else {
            self.outcome.full += 1;
            self.again(at);
        }
        self.work();
    }

    /// The slots for this stream: an eighth is kept for the high lanes, as in mailboxes.
    fn room(&self, stream: Stream) -> usize {
        let capacity = self.scene.capacity;
        let room = if stream.lane < 2 { capacity - capacity / 8 } else { capacity };
        let has_soft_limit = self.plan.has_soft_limit && stream.is_blocking;
        if has_soft_limit { room.min(soft_limit(&self.scene.pressure, capacity)) } else { room }
    }

    fn enter(&mut self, at: usize) {
        let message = Message { stream: at, entered: self.now };
        self.lanes[self.streams[at].lane].push_back(message);
        if let Senders::Closed(_, pause) = self.streams[at].senders {
            self.plan_event(self.now + pause, Event::Send(at));
        }
    }

    /// A refused sender retries after its pause, but not at once.
    fn again(&mut self, at: usize) {
        if let Senders::Closed(_, pause) | Senders::Asking(_, pause) = self.streams[at].senders {
            self.plan_event(self.now + pause.max(10 * MILLI), Event::Send(at));
        }
    }

    /// Idle workers begin turns; senders in line move up.
    fn work(&mut self) {
        while self.sample.busy < self.workers {
            let Some(message) = self.lanes.iter_mut().rev().find_map(VecDeque::pop_front) else { return };
            let stay = Duration::from_nanos(self.now - message.entered);
            self.sample.sojourn = Some(self.sample.sojourn.map_or(stay, |least| least.min(stay)));
            self.sample.busy += 1;
            self.moved = self.now;
            self.call(message.stream);
            self.move_up();
        }
    }

    fn move_up(&mut self) {
        while let Some(at) = self.line.front().copied() {
            if self.queued() >= self.room(self.streams[at]) {
                return;
            }
            self.line.pop_front();
            self.enter(at);
        }
    }

    fn call(&mut self, stream: usize) {
        if self.scene.downstream.is_some_and(|limit| self.calling >= limit) {
            self.pending.push_back(stream);
            return;
        }
        self.calling += 1;
        let mean = self.scene.service;
        let service = if self.scene.is_spread { spread(&mut self.rng, mean as f64) } else { mean };
        self.plan_event(self.now + service, Event::Served(stream));
    }

    fn served(&mut self, stream: usize) {
        self.calling -= 1;
        if let Some(next) = self.pending.pop_front() {
            self.call(next);
        }
        let slice = self.slice();
        self.outcome.handled[slice][self.streams[stream].lane] += 1;
        self.sample.turns += 1;
        self.sample.busy -= 1;
        self.moved = self.now;
        if let Senders::Asking(_, pause) = self.streams[stream].senders {
            self.plan_event(self.now + pause, Event::Send(stream));
        }
        self.leave();
        self.work();
    }

    /// Idle workers beyond the target end.
    fn leave(&mut self) {
        while self.workers > self.plan.workers && self.sample.busy < self.workers {
            self.workers -= 1;
        }
    }

    fn look(&mut self) {
        self.plan_event(self.now + self.scene.looks, Event::Look);
        if self.plan.is_at_rest && !self.is_looked_at {
            return;
        }
        self.is_looked_at = false;
        let oldest = self.lanes.iter().filter_map(VecDeque::front).map(|message| message.entered).min();
        let age = oldest.map(|entered| Duration::from_nanos(self.now - entered));
        let idle = Duration::from_nanos(self.now - self.moved);
        self.sample = Sample {
            queued: self.queued(),
            waiting: self.line.len(),
            sojourn: self.sample.sojourn.or(age),
            workers: self.workers,
            drain_rate: self.workers as f64 * SECOND as f64 / self.scene.service as f64,
            stalled: if oldest.is_some() { idle } else { Duration::ZERO },
            ..self.sample
        };
        // The simulation begins hours after the epoch, as a real clock would.
        let now = Tick::from_nanos(3600 * SECOND + self.now);
        self.plan = self.controller.decide(&self.sample, now, &mut self.decided);
        self.sample.sojourn = None;
        let at = self.now;
        self.outcome.decided.extend(self.decided.drain(..).map(|change| (at, change)));
        self.outcome.plans.push((at, self.plan));
        if self.outcome.workers.last().is_some_and(|(_, last)| *last != self.plan.workers) {
            self.outcome.workers.push((at, self.plan.workers));
        }
        while self.workers + self.starting < self.plan.workers {
            self.starting += 1;
            self.plan_event(at + STARTING, Event::Started);
        }
        self.leave();
        self.move_up();
        self.work();
    }
}
