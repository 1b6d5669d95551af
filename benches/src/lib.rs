//! What the benches share: the actor under test, and the one a user would write by hand.
//!
//! Both get the same 16-byte message, count it, and sit behind a bounded queue of 1024. The hand-written one is a tokio task, an
//! enum and `tokio::sync::mpsc`: the baseline of every ratio. Both run on a runtime with two workers.

use actors_core::prelude::*;
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot};

/// Slots of both queues.
pub const CAPACITY: usize = 1024;

/// A runtime as every bench uses it.
///
/// # Panics
/// When the machine gives no threads.
pub fn runtime() -> Runtime {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(std::env::var("BENCH_WORKERS").ok().and_then(|n| n.parse().ok()).unwrap_or(2))
        .enable_all()
        .build();
    runtime.unwrap_or_else(|error| panic!("no runtime to bench on: {error}"))
}

/// Counts what it gets, in four lanes.
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

    /// What was counted.
    #[message(priority = low, overflow = block)]
    fn total(&mut self) -> u64 {
        self.sum
    }

    /// A question.
    #[message(overflow = block)]
    fn question(&mut self, a: u64, b: u64) -> u64 {
        a ^ b
    }
}

/// The same, handled by an `async fn`.
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

    /// A question.
    #[message(overflow = block)]
    async fn question(&mut self, a: u64, b: u64) -> u64 {
        self.sum.wrapping_add(a ^ b)
    }
}

/// Messages of the hand-written actor.
#[derive(Debug)]
pub enum Hand {
    /// A tick.
    Tick(u64, u64),
    /// A question.
    Question(u64, u64, oneshot::Sender<u64>),
    /// What was counted.
    Total(oneshot::Sender<u64>),
}

/// Starts the hand-written actor on the current runtime.
pub fn hand() -> mpsc::Sender<Hand> {
    let (tx, mut rx) = mpsc::channel(CAPACITY);
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
            }
        }
    });
    tx
}

/// Asks the hand-written actor for its total: it has then handled everything before.
///
/// # Panics
/// When the actor is gone.
pub async fn hand_total(tx: &mpsc::Sender<Hand>) -> u64 {
    let (reply, answer) = oneshot::channel();
    let sent = tx.send(Hand::Total(reply)).await;
    assert!(sent.is_ok(), "the hand-written actor lives as long as its sender");
    answer.await.unwrap_or_else(|_| panic!("it answers"))
}

/// One round of asking: the answer for the ledger's sake, so that nothing is optimised away.
pub async fn hand_ask(tx: &mpsc::Sender<Hand>, a: u64, b: u64) -> u64 {
    let (reply, answer) = oneshot::channel();
    let _ = tx.send(Hand::Question(a, b, reply)).await;
    answer.await.unwrap_or(0)
}
