//! **Question.** What do priorities cost a tell: with 1, 2 and 4 of them in use, and with one
//! urgent message among many normal ones? The baseline is the hand-written form: a
//! `tokio::sync::mpsc` per priority, of which the actor polls the highest first.
//!
//! **Method.** As in `tell`: each producer is a task that awaits every send, and the measured time
//! ends when the actor has answered an ask of the lowest priority. The priorities change with every
//! message, the worst case for batches. In the hand-written actor each priority has a queue of
//! 1024; in this runtime all share one. This runtime bounds how long a low message waits; the
//! hand-written actor does not. Compare within one run only, by ratio.
//! `cargo bench -p benches --bench priorities`

use actors_core::System;
use benches::{CAPACITY, Counter, CounterHandle, Hand, hand_total, produce, runtime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::future::poll_fn;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::sync::mpsc;

/// One message in this many is urgent where urgent messages are rare.
const RARE: u64 = 64;

/// Runs a number of producers concurrently, each for its share of the messages, and then the ask
/// that ends the measurement.
async fn producers<F: Future<Output = ()> + Send + 'static>(
    messages: u64,
    producers: u64,
    produce: impl Fn(u64) -> F,
    end: impl Future<Output = ()>,
) -> Duration {
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers).map(|_| tokio::spawn(produce(messages / producers))).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    end.await;
    began.elapsed()
}

async fn ours(messages: u64, count: u64, lanes: u64) -> Duration {
    let system = System::new("bench");
    let counter: CounterHandle = system.spawn(Counter::default());
    let end = async { assert!(counter.total().await.is_ok()) };
    producers(messages, count, |share| produce(counter.clone(), share, lanes), end).await
}

async fn ours_rarely_urgent(messages: u64, count: u64) -> Duration {
    let system = System::new("bench");
    let counter: CounterHandle = system.spawn(Counter::default());
    let produce = |share| {
        let counter = counter.clone();
        async move {
            for n in 0..share {
                match n % RARE {
                    0 => assert!(counter.urgent(n, 1).await.is_ok()),
                    _ => assert!(counter.normal(n, 1).await.is_ok()),
                }
            }
        }
    };
    let end = async { assert!(counter.total().await.is_ok()) };
    producers(messages, count, produce, end).await
}

/// Starts the hand-written actor with one queue per priority, lowest first.
fn hand_lanes(lanes: u64) -> Vec<mpsc::Sender<Hand>> {
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..lanes).map(|_| mpsc::channel(CAPACITY)).unzip();
    tokio::spawn(async move {
        let mut sum = 0u64;
        loop {
            let next = poll_fn(|cx| {
                let mut is_open = false;
                for receiver in receivers.iter_mut().rev() {
                    match receiver.poll_recv(cx) {
                        Poll::Ready(Some(message)) => return Poll::Ready(Some(message)),
                        Poll::Ready(None) => {}
                        Poll::Pending => is_open = true,
                    }
                }
                if is_open { Poll::Pending } else { Poll::Ready(None) }
            });
            match next.await {
                Some(Hand::Tick(a, b)) => sum = sum.wrapping_add(a ^ b),
                Some(Hand::Total(reply)) => drop(reply.send(sum)),
                Some(_) => {}
                None => break,
            }
        }
    });
    senders
}

/// `lane_of` returns the queue of message `n`.
async fn by_hand(messages: u64, count: u64, lanes: u64, lane_of: fn(u64, u64) -> u64) -> Duration {
    let senders = hand_lanes(lanes);
    let produce = |share| {
        let senders = senders.clone();
        async move {
            for n in 0..share {
                let lane = lane_of(n, lanes) as usize;
                assert!(senders[lane].send(Hand::Tick(n, 1)).await.is_ok());
            }
        }
    };
    let end = async {
        hand_total(&senders[0]).await;
    };
    producers(messages, count, produce, end).await
}

fn priorities(c: &mut Criterion) {
    let rt = runtime();
    for count in [1, 8] {
        let mut group = c.benchmark_group(format!("priorities, tell from {count}"));
        group.throughput(Throughput::Elements(1));
        for lanes in [1, 2, 4] {
            group.bench_function(BenchmarkId::new("by hand, a tokio mpsc each", lanes), |b| {
                b.iter_custom(|n| rt.block_on(by_hand(n.max(count), count, lanes, |n, lanes| n % lanes)));
            });
            group.bench_function(BenchmarkId::new("actor", lanes), |b| {
                b.iter_custom(|n| rt.block_on(ours(n.max(count), count, lanes)));
            });
        }
        group.bench_function("by hand, a tokio mpsc each/1 in 64 urgent", |b| {
            let lane_of = |n: u64, _| u64::from(n.is_multiple_of(RARE));
            b.iter_custom(|n| rt.block_on(by_hand(n.max(count), count, 2, lane_of)));
        });
        group.bench_function("actor/1 in 64 urgent", |b| {
            b.iter_custom(|n| rt.block_on(ours_rarely_urgent(n.max(count), count)));
        });
        group.finish();
    }
}

criterion_group!(benches, priorities);
criterion_main!(benches);
