//! **Question.** How long does an ask take, there and back, against `tokio::sync::mpsc` with a
//! `oneshot` in the message? By number of askers, and by kind of handler.
//!
//! **Method.** Each asker is a task that asks, awaits the answer, and asks again. With one asker
//! the figure is the time of a round trip. With 64 it is the time per answer while 64 asks are in
//! flight. Every ask of this runtime has a deadline, 30 seconds by default, so the hand-written
//! actor is asked both without one and within `tokio::time::timeout`. Queue of 1024, two runtime
//! workers. Compare within one run only, by ratio. `cargo bench -p benches --bench ask`

use actors_core::System;
use benches::{AsyncCounter, AsyncCounterHandle, Counter, CounterHandle, hand, hand_ask, runtime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::{Duration, Instant};
use tokio::time::timeout;

/// The default deadline of an ask.
const DEADLINE: Duration = Duration::from_secs(30);

/// Runs a number of askers concurrently, each for its share of the asks.
async fn askers<F: Future<Output = ()> + Send + 'static>(
    questions: u64,
    askers: u64,
    ask: impl Fn(u64) -> F,
) -> Duration {
    let began = Instant::now();
    let tasks: Vec<_> = (0..askers).map(|_| tokio::spawn(ask(questions / askers))).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    began.elapsed()
}

async fn by_hand(questions: u64, count: u64) -> Duration {
    let tx = hand();
    let ask = |share| {
        let tx = tx.clone();
        async move {
            for n in 0..share {
                assert_eq!(hand_ask(&tx, n, 1).await, n ^ 1);
            }
        }
    };
    askers(questions, count, ask).await
}

async fn by_hand_in_time(questions: u64, count: u64) -> Duration {
    let tx = hand();
    let ask = |share| {
        let tx = tx.clone();
        async move {
            for n in 0..share {
                assert_eq!(timeout(DEADLINE, hand_ask(&tx, n, 1)).await, Ok(n ^ 1));
            }
        }
    };
    askers(questions, count, ask).await
}

async fn ours(questions: u64, count: u64) -> Duration {
    let system = System::new("bench");
    let counter: CounterHandle = system.spawn(Counter::default());
    let ask = |share| {
        let counter = counter.clone();
        async move {
            for n in 0..share {
                assert_eq!(counter.question(n, 1).await.ok(), Some(n ^ 1));
            }
        }
    };
    askers(questions, count, ask).await
}

async fn ours_async(questions: u64, count: u64) -> Duration {
    let system = System::new("bench");
    let counter: AsyncCounterHandle = system.spawn(AsyncCounter::default());
    let ask = |share| {
        let counter = counter.clone();
        async move {
            for n in 0..share {
                assert_eq!(counter.question(n, 1).await.ok(), Some(n ^ 1));
            }
        }
    };
    askers(questions, count, ask).await
}

fn ask(c: &mut Criterion) {
    let rt = runtime();
    for count in [1, 64] {
        let mut group = c.benchmark_group(format!("ask from {count}"));
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter("by hand, tokio mpsc and oneshot"), |b| {
            b.iter_custom(|n| rt.block_on(by_hand(n.max(count), count)));
        });
        group.bench_function(BenchmarkId::from_parameter("by hand, with a timeout"), |b| {
            b.iter_custom(|n| rt.block_on(by_hand_in_time(n.max(count), count)));
        });
        group.bench_function(BenchmarkId::from_parameter("actor, plain fn"), |b| {
            b.iter_custom(|n| rt.block_on(ours(n.max(count), count)));
        });
        group.bench_function(BenchmarkId::from_parameter("actor, async fn"), |b| {
            b.iter_custom(|n| rt.block_on(ours_async(n.max(count), count)));
        });
        group.finish();
    }
}

criterion_group!(benches, ask);
criterion_main!(benches);
