//! The shared parts of the benches: the actor under test, and the one that a user would write by
//! hand.
//!
//! Both get the same 16-byte message, count it, and have a bounded queue of 1024. The hand-written
//! one is a tokio task, an enum and `tokio::sync::mpsc`: the baseline of every ratio. Both run on a
//! runtime with two workers, or `BENCH_WORKERS`.

pub mod callgrind;
pub mod chart;
pub mod overload;

use actors_core::prelude::*;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

/// Slots of both queues.
pub const CAPACITY: usize = 1024;

/// Workers of the runtime, unless the environment variable `BENCH_WORKERS` sets another number.
const WORKERS: usize = 2;

/// The runtime of every bench, with `BENCH_WORKERS` workers.
///
/// # Panics
/// When the machine gives no threads, or `BENCH_WORKERS` is not a number of workers.
pub fn runtime() -> Runtime {
    let runtime = Builder::new_multi_thread().worker_threads(workers()).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime to bench on: {error}"))
}

/// The value of `BENCH_WORKERS`, or two.
fn workers() -> usize {
    let Ok(said) = std::env::var("BENCH_WORKERS") else { return WORKERS };
    match said.parse() {
        Ok(workers) if workers > 0 => workers,
        _ => panic!("BENCH_WORKERS is a number of workers, 1 or more, not `{said}`"),
    }
}

/// Runs a measurement as a task, on a worker, as most senders are.
///
/// # Panics
/// When the measurement does.
pub fn in_task(rt: &Runtime, measure: impl Future<Output = Duration> + Send + 'static) -> Duration {
    rt.block_on(rt.spawn(measure)).unwrap_or_else(|error| panic!("a measurement failed: {error}"))
}

/// Counts its messages, in four lanes.
#[derive(Debug, Default)]
pub struct Counter {
    sum: u64,
}

#[actor(capacity = 1024, vis = pub)]
impl Counter {
    /// A tick of the lowest lane.
    #[message(priority = low, overflow = block)]
    fn low(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick.
    #[message(overflow = block)]
    fn normal(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick of the second lane.
    #[message(priority = high, overflow = block)]
    fn high(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick of the highest lane.
    #[message(priority = urgent, overflow = block)]
    fn urgent(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// Returns the count.
    #[message(priority = low, overflow = block)]
    fn total(&mut self) -> u64 {
        self.sum
    }

    /// An ask.
    #[message(overflow = block)]
    fn question(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }
}

/// Like `Counter`, but its handlers are `async fn`.
#[derive(Debug, Default)]
pub struct AsyncCounter {
    sum: u64,
}

#[actor(capacity = 1024, vis = pub)]
impl AsyncCounter {
    /// A tick.
    #[message(overflow = block)]
    async fn normal(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// An ask.
    #[message(overflow = block)]
    async fn question(&mut self, a: u64, b: u64) -> u64 {
        self.sum.wrapping_add(a ^ b)
    }
}

/// Like `Counter`, but only the actor's own task runs its turns, so that every message goes through
/// the queue.
#[derive(Debug, Default)]
pub struct QueuedCounter {
    sum: u64,
}

#[actor(capacity = 1024, inline = never, vis = pub)]
impl QueuedCounter {
    /// A tick.
    #[message(overflow = block)]
    fn normal(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// An ask.
    #[message(overflow = block)]
    fn question(&mut self, a: u64, b: u64) -> u64 {
        self.sum.wrapping_add(a ^ b)
    }
}

/// Sends `count` messages, through `lanes` lanes in turn.
///
/// # Panics
/// When a message is refused.
pub async fn produce(counter: CounterHandle, count: u64, lanes: u64) {
    for n in 0..count {
        let sent = match n % lanes {
            0 => counter.normal(n, 1).await.is_ok(),
            1 => counter.low(n, 1).await.is_ok(),
            2 => counter.high(n, 1).await.is_ok(),
            _ => counter.urgent(n, 1).await.is_ok(),
        };
        assert!(sent);
    }
}

/// Takes ticks under every overflow policy, and can be held in a turn, so that its queue does not
/// change.
#[derive(Debug, Default)]
pub struct Shelf {
    sum: u64,
}

#[actor(capacity = 1024, reserve = 0, vis = pub)]
impl Shelf {
    /// A tick whose sender would wait.
    #[message(overflow = block)]
    fn block(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick that may be refused.
    #[message(overflow = reject)]
    fn reject(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick that is dropped where there is no room.
    #[message(overflow = drop_newest)]
    fn drop_newest(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick that drops the oldest one.
    #[message(overflow = drop_oldest)]
    fn drop_oldest(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick that replaces the one of the same `a`, else drops the oldest one.
    #[message(overflow = conflate, key = a)]
    fn conflate(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A tick that replaces the one of the same `a`; else its sender would wait.
    #[message(overflow = [conflate, block], key = a)]
    fn conflate_or_block(&mut self, a: u64, b: u64) {
        self.sum = self.sum.wrapping_add(a ^ b);
    }

    /// A turn that reports when it has begun, and lasts until it may end.
    #[message(overflow = block)]
    async fn hold(&mut self, began: oneshot::Sender<()>, end: oneshot::Receiver<()>) {
        let _ = began.send(());
        let _ = end.await;
    }
}

/// Holds an actor in a turn until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _end: oneshot::Sender<()>,
}

/// Holds the actor once it has handled its queue.
///
/// # Panics
/// When the actor has ended.
pub async fn hold(shelf: &ShelfHandle) -> Hold {
    let (began, has_begun) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    assert!(shelf.hold(began, ended).await.is_ok());
    assert!(has_begun.await.is_ok());
    Hold { _end: end }
}

/// Messages of the hand-written actor.
#[derive(Debug)]
pub enum Hand {
    /// A tick.
    Tick(u64, u64),
    /// An ask.
    Question(u64, u64, oneshot::Sender<u64>),
    /// A request for the count.
    Total(oneshot::Sender<u64>),
    /// A turn that reports when it has begun, and lasts until it may end.
    Hold(oneshot::Sender<()>, oneshot::Receiver<()>),
}

/// Starts the hand-written actor on the current runtime.
pub fn hand() -> mpsc::Sender<Hand> {
    hand_of(CAPACITY)
}

/// Starts the hand-written actor with a queue of this many slots.
pub fn hand_of(capacity: usize) -> mpsc::Sender<Hand> {
    let (tx, mut rx) = mpsc::channel(capacity);
    tokio::spawn(async move {
        let mut sum = 0u64;
        while let Some(message) = rx.recv().await {
            match message {
                Hand::Tick(a, b) => sum = sum.wrapping_add(a ^ b),
                Hand::Question(a, b, reply) => {
                    let _ = reply.send(a ^ b);
                }
                Hand::Total(reply) => {
                    let _ = reply.send(sum);
                }
                Hand::Hold(began, end) => {
                    let _ = began.send(());
                    let _ = end.await;
                }
            }
        }
    });
    tx
}

/// Asks the hand-written actor for its total, so that everything before it is handled.
///
/// # Panics
/// When the actor has ended.
pub async fn hand_total(tx: &mpsc::Sender<Hand>) -> u64 {
    let (reply, answer) = oneshot::channel();
    let sent = tx.send(Hand::Total(reply)).await;
    assert!(sent.is_ok(), "the hand-written actor lives as long as its sender");
    answer.await.unwrap_or_else(|_| panic!("it answers"))
}

/// One round of asks. The answer is returned so that nothing is optimised away.
pub async fn hand_ask(tx: &mpsc::Sender<Hand>, a: u64, b: u64) -> u64 {
    let (reply, answer) = oneshot::channel();
    let _ = tx.send(Hand::Question(a, b, reply)).await;
    answer.await.unwrap_or(0)
}

/// Holds the hand-written actor once it has handled its queue.
///
/// # Panics
/// When the actor has ended.
pub async fn hand_hold(tx: &mpsc::Sender<Hand>) -> Hold {
    let (began, has_begun) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    assert!(tx.send(Hand::Hold(began, ended)).await.is_ok());
    assert!(has_begun.await.is_ok());
    Hold { _end: end }
}
