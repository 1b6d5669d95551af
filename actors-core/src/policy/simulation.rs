//! A mailbox with workers, senders and perhaps a database behind it, in simulated time: what the controller's decisions lead to.
//! Events in a heap, seeded dice, no clock.

use super::change::{Change, What};
use super::controller::{Controller, Plan, Sight, squeezed};
use super::dice::{Dice, unit};
use super::limits::Settings;
use super::pressure::{Pressure, Workers};
use super::threshold::Threshold;
use crate::clock::Tick;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

/// A second of simulated time, which is counted in nanoseconds.
pub(crate) const SECOND: u64 = 1_000_000_000;
pub(crate) const MILLI: u64 = 1_000_000;
/// What it takes until a worker has been made.
const STARTING: u64 = MILLI;
/// Handled messages are counted in spans of so long.
pub(crate) const SLICE: u64 = 100 * MILLI;

/// How messages come.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Senders {
    /// So many a second, at random (Poisson), whatever becomes of them.
    Open(f64),
    /// So many senders, each with one message after another: the next one this long after the last was taken.
    Closed(usize, u64),
    /// The same, after the last was handled.
    Asking(usize, u64),
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Stream {
    pub(crate) senders: Senders,
    pub(crate) lane: usize,
    /// Senders wait for room; others are refused, and pass the gate before.
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
    /// Service times are spread exponentially.
    pub(crate) is_spread: bool,
    /// So many turns get on at once; the others wait for the database.
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

    fn declared(&self) -> Workers {
        let (least, most) = self.workers;
        Settings::new().workers(least, most).keep_alive(self.keep_alive).declared_workers()
    }
}

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

/// What has happened.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Turns ended, per slice and lane.
    pub(crate) handled: Vec<[u64; 4]>,
    /// Messages refused at the gate per lane, and for want of room.
    pub(crate) shed: Vec<[u64; 4]>,
    pub(crate) full: u64,
    pub(crate) decided: Vec<(u64, Change)>,
    /// Target numbers of workers, with when they changed.
    pub(crate) workers: Vec<(u64, usize)>,
    pub(crate) plans: Vec<(u64, Plan)>,
}

impl Outcome {
    /// Turns ended a second, from and up to these times, of these lanes.
    pub(crate) fn throughput(&self, from: u64, until: u64, lanes: &[usize]) -> f64 {
        let slices = &self.handled[(from / SLICE) as usize..(until / SLICE) as usize];
        let sum: u64 = slices.iter().map(|slice| lanes.iter().map(|lane| slice[*lane]).sum::<u64>()).sum();
        sum as f64 * SECOND as f64 / (until - from) as f64
    }

    /// How often the number of workers has changed its direction.
    pub(crate) fn reversals(&self) -> usize {
        let up: Vec<_> = self.workers.windows(2).map(|pair| pair[1].1 > pair[0].1).collect();
        up.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }

    /// When something like this was decided.
    pub(crate) fn when(&self, is: impl Fn(&What) -> bool) -> Vec<u64> {
        self.decided.iter().filter(|(_, change)| is(&change.what)).map(|(at, _)| *at).collect()
    }

    /// All that was decided, as a person reads it.
    pub(crate) fn story(&self) -> String {
        self.decided
            .iter()
            .map(|(at, change)| format!("{:9.3} orders {change}\n", *at as f64 / 1e9))
            .collect()
    }
}

/// Everything that there is.
pub(crate) struct World {
    scene: Scene,
    streams: Vec<Stream>,
    controller: Controller,
    dice: Dice,
    now: u64,
    events: BinaryHeap<Reverse<(u64, u64, Event)>>,
    number: u64,
    lanes: [VecDeque<Message>; 4],
    line: VecDeque<usize>,
    /// Turns that wait for the database, and that it works on.
    pending: VecDeque<usize>,
    calling: usize,
    workers: usize,
    starting: usize,
    plan: Plan,
    sight: Sight,
    moved: u64,
    is_looked_at: bool,
    decided: Vec<Change>,
    outcome: Outcome,
}

/// What happens in so many nanoseconds.
pub(crate) fn simulate(scene: Scene, streams: &[Stream], until: u64) -> Outcome {
    let plan = Plan {
        level: super::level::Level::Calm,
        workers: scene.workers.0,
        threshold: Threshold::OPEN,
        is_squeezed: false,
        is_at_rest: true,
    };
    let mut world = World {
        controller: Controller::new(scene.pressure, scene.declared()),
        dice: Dice::new(scene.seed),
        now: 0,
        events: BinaryHeap::new(),
        number: 0,
        lanes: Default::default(),
        line: VecDeque::new(),
        pending: VecDeque::new(),
        calling: 0,
        workers: scene.workers.0,
        starting: 0,
        sight: Sight { capacity: scene.capacity, ..Sight::default() },
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

impl World {
    fn run(&mut self, until: u64) {
        for (at, stream) in self.streams.clone().into_iter().enumerate() {
            let senders = match stream.senders {
                Senders::Open(_) => 1,
                Senders::Closed(senders, _) | Senders::Asking(senders, _) => senders,
            };
            // Not all at the same instant.
            (0..senders as u64).for_each(|n| self.plan_event(stream.from + n * 1000, Event::Send(at)));
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

    /// A time around this one, spread exponentially.
    fn spread(&mut self, mean: f64) -> u64 {
        (-(1.0 - unit(self.dice.next())).ln() * mean) as u64
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
            let next = self.now + self.spread(SECOND as f64 / rate);
            self.plan_event(next, Event::Send(at));
        }
        self.is_looked_at = true;
        self.sight.arrivals += 1;
        if !stream.is_blocking {
            self.sight.offered[stream.lane] += 1;
            if !self.plan.threshold.admits(stream.lane, self.sight.arrivals) {
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

    /// An eighth is kept for the high lanes, as mailboxes do.
    fn room(&self, stream: Stream) -> usize {
        let capacity = self.scene.capacity;
        let room = if stream.lane < 2 { capacity - capacity / 8 } else { capacity };
        let is_squeezed = self.plan.is_squeezed && stream.is_blocking;
        if is_squeezed { room.min(squeezed(&self.scene.pressure, capacity)) } else { room }
    }

    fn enter(&mut self, at: usize) {
        let message = Message { stream: at, entered: self.now };
        self.lanes[self.streams[at].lane].push_back(message);
        if let Senders::Closed(_, pause) = self.streams[at].senders {
            self.plan_event(self.now + pause, Event::Send(at));
        }
    }

    /// A refused sender tries again after its pause, but not at once.
    fn again(&mut self, at: usize) {
        if let Senders::Closed(_, pause) | Senders::Asking(_, pause) = self.streams[at].senders {
            self.plan_event(self.now + pause.max(10 * MILLI), Event::Send(at));
        }
    }

    /// Idle workers begin turns; whoever waits in line moves up.
    fn work(&mut self) {
        while self.sight.busy < self.workers {
            let Some(message) = self.lanes.iter_mut().rev().find_map(VecDeque::pop_front) else { return };
            let stay = Duration::from_nanos(self.now - message.entered);
            self.sight.sojourn = Some(self.sight.sojourn.map_or(stay, |least| least.min(stay)));
            self.sight.busy += 1;
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
        let service = if self.scene.is_spread { self.spread(mean as f64) } else { mean };
        self.plan_event(self.now + service, Event::Served(stream));
    }

    fn served(&mut self, stream: usize) {
        self.calling -= 1;
        if let Some(next) = self.pending.pop_front() {
            self.call(next);
        }
        let slice = self.slice();
        self.outcome.handled[slice][self.streams[stream].lane] += 1;
        self.sight.turns += 1;
        self.sight.busy -= 1;
        self.moved = self.now;
        if let Senders::Asking(_, pause) = self.streams[stream].senders {
            self.plan_event(self.now + pause, Event::Send(stream));
        }
        self.leave();
        self.work();
    }

    /// Workers that are no longer wanted go once they are idle.
    fn leave(&mut self) {
        while self.workers > self.plan.workers && self.sight.busy < self.workers {
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
        self.sight = Sight {
            queued: self.queued(),
            waiting: self.line.len(),
            sojourn: self.sight.sojourn.or(age),
            workers: self.workers,
            stuck: if oldest.is_some() { idle } else { Duration::ZERO },
            ..self.sight
        };
        // Hours after the epoch, as a clock has it.
        let now = Tick::from_nanos(3600 * SECOND + self.now);
        self.plan = self.controller.look(&self.sight, now, &mut self.decided);
        self.sight.sojourn = None;
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
