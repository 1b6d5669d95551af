//! The pool, the worth of its messages, and what its workers wait for.

use actors_core::observe::Row;
use actors_core::prelude::*;
use hdrhistogram::Histogram;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// An order that is done later than this is useless.
pub(crate) const USEFUL: Duration = Duration::from_millis(250);
/// The longest time that the histogram distinguishes, in microseconds.
const TIME_MAX_US: u64 = 60_000_000;

/// The four messages of the pool, highest priority first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Order,
    Import,
    Thumbnail,
    Report,
}

impl Kind {
    pub(crate) const ALL: [Kind; 4] = [Kind::Order, Kind::Import, Kind::Thumbnail, Kind::Report];

    /// The row of the ledger.
    pub(crate) fn row(self, ledger: &Ledger) -> Row {
        match self {
            Kind::Order => ledger.of::<jobs_messages::Order>(),
            Kind::Import => ledger.of::<jobs_messages::Import>(),
            Kind::Thumbnail => ledger.of::<jobs_messages::Thumbnail>(),
            Kind::Report => ledger.of::<jobs_messages::Report>(),
        }
    }
}

/// By what part a call takes longer for each waiting caller: locks, connections and memory of an
/// overloaded service.
const CROWDED: f64 = 0.05;

/// An external service that takes a number of calls at once, each for a fixed time. Further callers
/// wait in its queue, which this side cannot see, and make it slower for all.
#[derive(Debug)]
pub(crate) struct Downstream {
    now: Mutex<Line>,
    callers: AtomicUsize,
}

#[derive(Clone, Debug)]
struct Line {
    slots: Arc<Semaphore>,
    at_once: usize,
    takes: Duration,
}

impl Downstream {
    pub(crate) fn new(at_once: usize, takes: Duration) -> Self {
        Downstream { now: Mutex::new(Line::new(at_once, takes)), callers: AtomicUsize::new(0) }
    }

    /// Applies from now on. Calls in flight end as they began.
    pub(crate) fn set(&self, at_once: usize, takes: Duration) {
        *locked(&self.now) = Line::new(at_once, takes);
    }

    async fn call(&self) {
        let Line { slots, at_once, takes } = locked(&self.now).clone();
        self.callers.fetch_add(1, Ordering::Relaxed);
        // The semaphore is never closed, so a permit always comes.
        let _permit = slots.acquire().await;
        let waiting = self.callers.load(Ordering::Relaxed).saturating_sub(at_once);
        tokio::time::sleep(takes.mul_f64(1.0 + CROWDED * waiting as f64)).await;
        self.callers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Line {
    fn new(at_once: usize, takes: Duration) -> Self {
        Line { slots: Arc::new(Semaphore::new(at_once)), at_once, takes }
    }
}

/// The jobs done since the last reading, by kind: from the instant at which a job should have been
/// sent to the end of its turn, in microseconds.
#[derive(Debug)]
pub(crate) struct Done {
    times: Mutex<[Histogram<u64>; 4]>,
}

impl Done {
    /// # Errors
    /// Returns an error when a histogram cannot be created.
    pub(crate) fn new() -> Result<Self, hdrhistogram::CreationError> {
        let empty = Histogram::new_with_max(TIME_MAX_US, 3)?;
        Ok(Done { times: Mutex::new(Kind::ALL.map(|_| empty.clone())) })
    }

    fn note(&self, kind: Kind, due: Instant) {
        let us = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
        locked(&self.times)[kind as usize].saturating_record(us);
    }

    /// Returns the recorded times and resets them.
    pub(crate) fn take(&self) -> [Histogram<u64>; 4] {
        let mut times = locked(&self.times);
        let taken = times.clone();
        times.iter_mut().for_each(Histogram::reset);
        taken
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker. There are one to eight of them. Each is an instance of this type, and all take their
/// messages from one mailbox.
#[derive(Debug)]
pub(crate) struct Jobs {
    pub(crate) downstream: Arc<Downstream>,
    pub(crate) done: Arc<Done>,
}

impl Jobs {
    async fn work(&self, kind: Kind, due: Instant) {
        self.downstream.call().await;
        self.done.note(kind, due);
    }
}

// First more workers; where they do not help, less work; where nothing can be refused, senders that
// wait.
#[actor(
    vis = pub(crate),
    capacity = 64,
    workers = 1..=8,
    keep_alive = "3s",
    pressure(target = "20ms", respond = [spawn, shed, block])
)]
impl Jobs {
    /// Earns the money: refused last, and then at once.
    #[message(priority = high, overflow = reject)]
    async fn order(&mut self, due: Instant) {
        self.work(Kind::Order, due).await;
    }

    /// A partner's upload, which can be slowed down but not dropped: its sender waits. Never shed.
    #[message(overflow = block)]
    async fn import(&mut self, due: Instant) {
        self.work(Kind::Import, due).await;
    }

    /// A picture can be made again when it is viewed.
    #[message(overflow = drop_oldest)]
    async fn thumbnail(&mut self, due: Instant) {
        self.work(Kind::Thumbnail, due).await;
    }

    /// Reports are not read before tomorrow.
    #[message(priority = low, overflow = reject)]
    async fn report(&mut self, due: Instant) {
        self.work(Kind::Report, due).await;
    }
}
