//! **Question.** How many one-way messages per second reach their handler, by producers and by
//! priorities in use, against the hand-written actor over `tokio::sync::mpsc`?
//!
//! **Method.** Each producer is a task that awaits every send. The measured time ends when the
//! actor has handled all of them. Queue of 1024, 16-byte messages, plain `fn` handler, two runtime
//! workers. Contestants alternate within a group; compare within one run only, by ratio.
//! `cargo bench -p benches --bench tell -- --quick` gives a first impression.

use actors_core::System;
use benches::{AsyncCounter, Counter, CounterHandle, Hand, hand, hand_total, produce, runtime};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::{Duration, Instant};

async fn ours(messages: u64, producers: u64, lanes: u64) -> Duration {
    let system = System::new("bench");
    let counter: CounterHandle = system.spawn(Counter::default());
    let began = Instant::now();
    let tasks: Vec<_> =
        (0..producers).map(|_| tokio::spawn(produce(counter.clone(), messages / producers, lanes))).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    assert!(counter.total().await.is_ok());
    began.elapsed()
}

async fn ours_async(messages: u64, producers: u64) -> Duration {
    let system = System::new("bench");
    let counter = system.spawn(AsyncCounter::default());
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let counter = counter.clone();
            tokio::spawn(async move {
                for n in 0..messages / producers {
                    assert!(counter.normal(n, 1).await.is_ok());
                }
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    assert!(counter.question(0, 0).await.is_ok());
    began.elapsed()
}

async fn by_hand(messages: u64, producers: u64) -> Duration {
    let tx = hand();
    let began = Instant::now();
    let tasks: Vec<_> = (0..producers)
        .map(|_| {
            let tx = tx.clone();
            tokio::spawn(async move {
                for n in 0..messages / producers {
                    assert!(tx.send(Hand::Tick(n, 1)).await.is_ok());
                }
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
    hand_total(&tx).await;
    began.elapsed()
}

fn tell(c: &mut Criterion) {
    let rt = runtime();
    for producers in [1, 2, 8, 64] {
        let mut group = c.benchmark_group(format!("tell from {producers}"));
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::from_parameter("by hand, tokio mpsc"), |b| {
            b.iter_custom(|n| rt.block_on(by_hand(n.max(producers), producers)));
        });
        for lanes in [1, 4] {
            group.bench_function(BenchmarkId::new("actor, plain fn, priorities in use", lanes), |b| {
                b.iter_custom(|n| rt.block_on(ours(n.max(producers), producers, lanes)));
            });
        }
        group.bench_function(BenchmarkId::from_parameter("actor, async fn"), |b| {
            b.iter_custom(|n| rt.block_on(ours_async(n.max(producers), producers)));
        });
        group.finish();
    }
}

criterion_group!(benches, tell);
criterion_main!(benches);
