//! Who takes messages out: one consumer, or the workers of a pool. Decided when the mailbox is
//! made.
//!
//! ```text
//!   One     seat: in the mailbox, or with the consumer or a sender that runs a turn      task: woken when the seat is here
//!   Pool    workers: number ─► waker, turn                                               idle: the last that slept is first
//! ```
//!
//! There is no router and no second queue in a pool. A worker that is free takes the next message
//! in the order of the schedule, one at a time, so no idle worker waits beside a batch that another
//! one has claimed. The price is two short critical sections a message instead of a fraction of
//! one; a pool is for turns that wait or take long, where that does not matter.
//!
//! Invariants of a pool:
//! - C1 a worker in `idle` sleeps, has left its waker, and stands there once.
//! - C2 where messages are runnable and workers sleep, as many have been woken as there are
//!   messages; a worker that takes one and sees that there are more wakes another.
//! - C3 `alive` workers have a place; a worker that retires has given up its place under the same
//!   lock.

use crate::clock::Tick;
use crate::mailbox::effects::{Effects, Wake};
use crate::mailbox::ids::{ClassId, WorkerId};
use crate::policy::Workers;
use crate::wakers::TaskWaker;

/// One consumer or a pool.
#[derive(Debug)]
pub(super) enum Consumers<S> {
    One(One<S>),
    Pool(Box<Pool>),
}

impl<S> Consumers<S> {
    pub(super) fn pool(&mut self) -> Option<&mut Pool> {
        match self {
            Consumers::One(_) => None,
            Consumers::Pool(pool) => Some(pool),
        }
    }

    pub(super) fn one(&mut self) -> Option<&mut One<S>> {
        match self {
            Consumers::One(one) => Some(one),
            Consumers::Pool(_) => None,
        }
    }

    #[cfg(feature = "testing")]
    /// Whether no consumer has a turn, is on its way to one, or starts anew.
    pub(super) fn is_idle(&self) -> bool {
        match self {
            Consumers::One(one) => one.seat.is_some(),
            Consumers::Pool(pool) => pool.is_idle(),
        }
    }
}

/// The consumer's task, as far as the mailbox knows it.
#[derive(Debug)]
pub(super) enum Task {
    /// There is no task yet.
    None,
    /// A task was started, and has not come yet.
    Coming,
    Known(TaskWaker),
}

/// A single consumer. In the order of use.
#[derive(Debug)]
#[repr(C)]
pub(super) struct One<S> {
    /// The right to take messages out, while no consumer or sender has it.
    pub(super) seat: Option<S>,
    /// The task was woken and has not come yet.
    pub(super) is_woken: bool,
    /// The consumer is ready for turns, so a sender may run one.
    pub(super) is_ready: bool,
    /// A panic went through the seat while a sender had it.
    pub(super) is_poisoned: bool,
    /// A new instance is wanted, between two turns.
    pub(super) must_restart: bool,
    /// A sender has begun a turn that has to wait, and the consumer has not taken it over yet.
    pub(super) is_suspended: bool,
    pub(super) task: Task,
}

impl<S> One<S> {
    pub(super) fn new(seat: Option<S>, is_ready: bool) -> Self {
        One {
            seat,
            is_woken: false,
            is_ready,
            is_poisoned: false,
            must_restart: false,
            is_suspended: false,
            task: Task::None,
        }
    }

    /// Wakes the consumer, whatever it does.
    pub(super) fn wake(&mut self) -> Wake {
        self.is_woken = true;
        match &self.task {
            Task::Known(waker) => Wake::Task(waker.clone().into_waker()),
            Task::None => {
                self.task = Task::Coming;
                Wake::Spawn
            }
            Task::Coming => Wake::Nothing,
        }
    }
}

/// The turn of one worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Serving {
    pub(super) class: ClassId,
    /// The hash of its key, where the pool keeps the order of keys.
    pub(super) key: Option<u64>,
    pub(super) began: Tick,
}

/// One worker of a pool, as the mailbox knows it.
#[derive(Debug, Default)]
pub(super) struct Worker {
    /// The number is in use.
    is_taken: bool,
    /// It no longer counts as a worker, and is about to go.
    is_retiring: bool,
    pub(super) waker: Option<TaskWaker>,
    is_idle: bool,
    /// It was woken for a message, and has not come yet.
    is_woken: bool,
    pub(super) must_restart: bool,
    serving: Option<Serving>,
    /// When its last turn began, until its time is known.
    pub(super) last_began: Option<Tick>,
}

/// The workers of a pool.
#[derive(Debug)]
pub(super) struct Pool {
    /// By number. Numbers of workers that have gone are used again.
    workers: Vec<Worker>,
    /// Workers that sleep. The last that came is woken first: its caches are warm, and workers that
    /// are not needed stay asleep.
    idle: Vec<WorkerId>,
    /// Workers that are there or about to be, without those that retire.
    pub(super) alive: usize,
    /// Workers that have a number.
    pub(super) present: usize,
    /// How many workers there should be.
    pub(super) want: usize,
    busy: usize,
    /// Workers that were woken for a message, and have not come yet.
    woken: usize,
    /// A task that belongs to no worker was started, or the mailbox has ended.
    pub(super) has_end_task: bool,
}

impl Pool {
    pub(super) fn new(workers: Workers) -> Self {
        Pool {
            workers: Vec::new(),
            idle: Vec::new(),
            alive: 0,
            present: 0,
            want: workers.least(),
            busy: 0,
            woken: 0,
            has_end_task: false,
        }
    }

    pub(super) fn alive(&self) -> usize {
        self.alive
    }

    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    pub(super) fn worker_mut(&mut self, number: WorkerId) -> &mut Worker {
        &mut self.workers[number.index()]
    }

    /// The workers that count.
    pub(super) fn numbers(&self) -> Vec<WorkerId> {
        self.present(|worker| !worker.is_retiring)
    }

    /// The workers that no longer count, and have not gone yet.
    pub(super) fn retiring(&self) -> Vec<WorkerId> {
        self.present(|worker| worker.is_retiring)
    }

    fn present(&self, is_meant: impl Fn(&Worker) -> bool) -> Vec<WorkerId> {
        (0..)
            .map(WorkerId::new)
            .zip(&self.workers)
            .filter(|(_, worker)| worker.is_taken && is_meant(worker))
            .map(|(number, _)| number)
            .collect()
    }

    /// Whether every worker sleeps: none has a turn, is on its way to one, or starts anew.
    #[cfg(feature = "testing")]
    pub(super) fn is_idle(&self) -> bool {
        self.idle.len() == self.present
    }

    /// Takes numbers for the workers that are missing.
    pub(super) fn start_workers(&mut self) -> Vec<WorkerId> {
        let mut started = Vec::new();
        while self.alive < self.want {
            let free = self.workers.iter().position(|worker| !worker.is_taken);
            let number = free.unwrap_or(self.workers.len());
            if number == self.workers.len() {
                self.workers.push(Worker::default());
            }
            self.workers[number].is_taken = true;
            self.alive += 1;
            self.present += 1;
            started.push(WorkerId::new(number));
        }
        started
    }

    /// Wakes a worker for a message, if there are more messages than workers on their way.
    #[inline]
    pub(super) fn wake_for(&mut self, runnable: usize) -> Wake {
        if runnable <= self.woken {
            return Wake::Nothing;
        }
        let Some(number) = self.idle.pop() else { return Wake::Nothing };
        let worker = &mut self.workers[number.index()];
        (worker.is_idle, worker.is_woken) = (false, true);
        self.woken += 1;
        worker.waker.clone().map_or(Wake::Nothing, |waker| Wake::Task(waker.into_waker()))
    }

    /// Wakes every worker, whatever it does.
    pub(super) fn wake_all<T>(&mut self, effects: &mut Effects<T>) {
        self.workers
            .iter()
            .filter_map(|worker| worker.waker.clone())
            .for_each(|waker| effects.will_wake_task(waker.into_waker()));
    }

    /// Wakes the workers that sleep: they have nothing to wait for any more.
    pub(super) fn wake_idle<T>(&mut self, effects: &mut Effects<T>) {
        while let Some(number) = self.idle.pop() {
            let worker = &mut self.workers[number.index()];
            worker.is_idle = false;
            worker.waker.clone().into_iter().for_each(|waker| effects.will_wake_task(waker.into_waker()));
        }
    }

    /// Wakes the workers that have no turn: those that sleep, and those that wait before another
    /// start.
    pub(super) fn wake_free<T>(&mut self, effects: &mut Effects<T>) {
        let is_free = |worker: &&Worker| worker.serving.is_none() && !worker.is_idle;
        let free = self.workers.iter().filter(is_free);
        free.filter_map(|worker| worker.waker.clone())
            .for_each(|waker| effects.will_wake_task(waker.into_waker()));
        self.wake_idle(effects);
    }

    /// A worker has come to look for a message.
    pub(super) fn came(&mut self, number: WorkerId) {
        let worker = &mut self.workers[number.index()];
        if std::mem::take(&mut worker.is_woken) {
            self.woken -= 1;
        }
        if std::mem::take(&mut worker.is_idle) {
            self.idle.retain(|other| *other != number);
        }
    }

    pub(super) fn sleep(&mut self, number: WorkerId) {
        self.workers[number.index()].is_idle = true;
        self.idle.push(number);
    }

    /// A worker begins a turn.
    pub(super) fn begin(&mut self, number: WorkerId, serving: Serving) {
        self.workers[number.index()].serving = Some(serving);
        self.busy += 1;
    }

    /// A worker's turn is over. Returns what it was about, if there was one.
    pub(super) fn end(&mut self, number: WorkerId) -> Option<Serving> {
        let worker = &mut self.workers[number.index()];
        let serving = worker.serving.take();
        worker.last_began = serving.map(|serving| serving.began).or(worker.last_began);
        self.busy -= usize::from(serving.is_some());
        serving
    }

    /// The turns that run.
    pub(super) fn servings(&self) -> impl Iterator<Item = (WorkerId, Serving)> {
        let serving = |(number, worker): (usize, &Worker)| Some((WorkerId::new(number), worker.serving?));
        self.workers.iter().enumerate().filter_map(serving)
    }

    /// A worker no longer counts. It keeps its number until it has gone.
    pub(super) fn retire(&mut self, number: WorkerId) {
        self.workers[number.index()].is_retiring = true;
        self.alive -= 1;
    }

    /// A worker has gone. Returns its waker, to be dropped once the lock is free.
    pub(super) fn remove(&mut self, number: WorkerId) -> Option<TaskWaker> {
        self.came(number);
        let worker = std::mem::take(&mut self.workers[number.index()]);
        if worker.is_taken {
            self.present -= 1;
            self.alive -= usize::from(!worker.is_retiring);
        }
        worker.waker
    }

    /// Requests a new instance of one worker, or of every worker, between two turns.
    pub(super) fn request_restart(&mut self, number: Option<WorkerId>) {
        match number {
            Some(number) => self.workers[number.index()].must_restart = true,
            None => self.workers.iter_mut().for_each(|worker| worker.must_restart = worker.is_taken),
        }
    }
}
