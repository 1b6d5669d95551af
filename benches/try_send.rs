//! **Question.** What does `try_send` cost its sender: while the actor keeps up, and when the
//! mailbox refuses? The baseline is `tokio::sync::mpsc::Sender::try_send`.
//!
//! **Method.** *Keeps up*: the sender sends a burst that always fits, and then lets the actor
//! finish. Only the bursts are timed, so the figure includes waking the actor once per burst, but
//! not the turns. The sender is a task on a worker, which leaves the actor for later, or a plain
//! thread, with the actor at work at the same time. *Refused*: the actor is held in a turn, its
//! queue of 1024 is full, and every `try_send` is refused. This runtime gives the message back,
//! counts it and computes when to try again; tokio gives it back. Compare within one run only, by
//! ratio. `cargo bench -p benches --bench try_send`

use actors_core::System;
use benches::{
    CAPACITY, Counter, CounterHandle, Hand, Shelf, ShelfHandle, hand, hand_hold, hand_total, hold, in_task,
    runtime,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::time::{Duration, Instant};

async fn ours(messages: u64, burst: u64) -> Duration {
    let system = System::new("bench");
    let counter: CounterHandle = system.spawn(Counter::default());
    let (mut spent, mut left) = (Duration::ZERO, messages);
    while left > 0 {
        assert!(counter.question(0, 0).await.is_ok());
        let count = burst.min(left);
        let began = Instant::now();
        for n in 0..count {
            assert!(counter.normal(n, 1).try_send().is_ok());
        }
        spent += began.elapsed();
        left -= count;
    }
    spent
}

async fn by_hand(messages: u64, burst: u64) -> Duration {
    let tx = hand();
    let (mut spent, mut left) = (Duration::ZERO, messages);
    while left > 0 {
        hand_total(&tx).await;
        let count = burst.min(left);
        let began = Instant::now();
        for n in 0..count {
            assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
        }
        spent += began.elapsed();
        left -= count;
    }
    spent
}

async fn ours_refused(messages: u64) -> Duration {
    let system = System::new("bench");
    let shelf: ShelfHandle = system.spawn(Shelf::default());
    let _held = hold(&shelf).await;
    for n in 0..CAPACITY as u64 {
        assert!(shelf.reject(n, 1).try_send().is_ok());
    }
    let began = Instant::now();
    for n in 0..messages {
        assert!(shelf.reject(n, 1).try_send().is_err());
    }
    began.elapsed()
}

async fn by_hand_refused(messages: u64) -> Duration {
    let tx = hand();
    let _held = hand_hold(&tx).await;
    for n in 0..CAPACITY as u64 {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
    }
    let began = Instant::now();
    for n in 0..messages {
        assert!(tx.try_send(Hand::Tick(n, 1)).is_err());
    }
    began.elapsed()
}

fn keeps_up(c: &mut Criterion) {
    let rt = runtime();
    for burst in [16, 256] {
        let mut group = c.benchmark_group(format!("try_send, the actor keeps up, bursts of {burst}"));
        group.throughput(Throughput::Elements(1));
        group.bench_function(BenchmarkId::new("by hand, tokio mpsc", "from a task"), |b| {
            b.iter_custom(|n| in_task(&rt, by_hand(n, burst)));
        });
        group.bench_function(BenchmarkId::new("actor", "from a task"), |b| {
            b.iter_custom(|n| in_task(&rt, ours(n, burst)));
        });
        group.bench_function(BenchmarkId::new("by hand, tokio mpsc", "from a thread"), |b| {
            b.iter_custom(|n| rt.block_on(by_hand(n, burst)));
        });
        group.bench_function(BenchmarkId::new("actor", "from a thread"), |b| {
            b.iter_custom(|n| rt.block_on(ours(n, burst)));
        });
        group.finish();
    }
}

fn refused(c: &mut Criterion) {
    let rt = runtime();
    let mut group = c.benchmark_group("try_send, refused");
    group.throughput(Throughput::Elements(1));
    group.bench_function(BenchmarkId::from_parameter("by hand, tokio mpsc"), |b| {
        b.iter_custom(|n| in_task(&rt, by_hand_refused(n)));
    });
    group.bench_function(BenchmarkId::from_parameter("actor"), |b| {
        b.iter_custom(|n| in_task(&rt, ours_refused(n)));
    });
    group.finish();
}

criterion_group!(benches, keeps_up, refused);
criterion_main!(benches);
