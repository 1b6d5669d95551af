//! **Question.** What do more workers bring: where actors share nothing, where all senders send to
//! one actor, and where actors are started?
//!
//! **Method.** 64 tasks on runtimes with 1, 2, 4 and 8 workers, or with the numbers in
//! `BENCH_WORKERS` (`BENCH_WORKERS=16,32`). More workers than cores are no gain; they show whether
//! anything collapses when a thread that holds a lock loses its processor. Rounds of all numbers of
//! workers alternate. The output has the medians of 9 rounds: nanoseconds of wall time per
//! operation, and how many times as many operations there are as with the first number of workers.
//!
//! - *Own*: each task tells an actor of its own. Only the runtime is shared.
//! - *One*: all tasks tell one actor, whose mailbox has one lock.
//! - *Many*: all tasks tell 1,024 actors in turn, each from another one on.
//! - *Asks*: each task asks an actor of its own, through the queue: two wake-ups per operation.
//! - *Started*: each task starts actors in one system, whose registry has one lock.
//!
//! Waits inside turns are measured in `waits`. `cargo bench -p benches --bench scale`

use actors_core::System;
use benches::{AsyncCounter, AsyncCounterHandle, Counter, CounterHandle, QueuedCounter, QueuedCounterHandle};
use std::sync::Arc;
use std::time::Instant;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const TASKS: usize = 64;
const EACH: u64 = 4_000;
const ROUNDS: usize = 9;
const MANY: usize = 1024;

/// The numbers of workers to compare.
fn workers() -> Vec<usize> {
    let Ok(said) = std::env::var("BENCH_WORKERS") else { return vec![1, 2, 4, 8] };
    let number = |word: &str| word.trim().parse().ok().filter(|workers| *workers > 0);
    match said.split(',').map(number).collect() {
        Some(workers) => workers,
        None => panic!("BENCH_WORKERS is a list of numbers of workers, like 2,4,8, not `{said}`"),
    }
}

/// Runs a task for each number, and returns the nanoseconds per operation.
async fn timed<F: Future<Output = ()> + Send + 'static>(each: u64, task: impl Fn(usize) -> F) -> f64 {
    let (began, mut tasks) = (Instant::now(), JoinSet::new());
    for number in 0..TASKS {
        tasks.spawn(task(number));
    }
    while let Some(done) = tasks.join_next().await {
        assert!(done.is_ok());
    }
    began.elapsed().as_nanos() as f64 / (TASKS as u64 * each) as f64
}

fn counters(count: usize) -> Arc<[CounterHandle]> {
    let system = System::new("scale");
    (0..count).map(|_| system.spawn(Counter::default())).collect()
}

async fn settled(counters: &[CounterHandle]) {
    for counter in counters {
        assert!(counter.total().await.is_ok());
    }
}

async fn own() -> f64 {
    let counters = counters(TASKS);
    settled(&counters).await;
    let all = counters.clone();
    let took = timed(EACH, move |number| {
        let counter = all[number].clone();
        async move {
            for n in 0..EACH {
                assert!(counter.normal(n, 1).await.is_ok());
            }
        }
    });
    took.await
}

async fn one() -> f64 {
    let system = System::new("scale");
    let counter: QueuedCounterHandle = system.spawn(QueuedCounter::default());
    let shared = counter.clone();
    let took = timed(EACH, move |_| {
        let counter = shared.clone();
        async move {
            for n in 0..EACH {
                assert!(counter.normal(n, 1).await.is_ok());
            }
        }
    });
    took.await
}

async fn many() -> f64 {
    let counters = counters(MANY);
    settled(&counters).await;
    let all = counters.clone();
    let took = timed(EACH, move |number| {
        let all = all.clone();
        async move {
            let others = all.iter().cycle().skip(number * MANY / TASKS);
            for (n, counter) in (0..EACH).zip(others) {
                assert!(counter.normal(n, 1).await.is_ok());
            }
        }
    });
    took.await
}

async fn asks() -> f64 {
    let system = System::new("scale");
    let each = EACH / 8;
    let took = timed(each, move |_| {
        let counter: QueuedCounterHandle = system.spawn(QueuedCounter::default());
        async move {
            for n in 0..each {
                assert!(counter.question(n, 1).await.is_ok());
            }
        }
    });
    took.await
}

async fn started() -> f64 {
    let system = System::new("scale");
    let each = EACH / 16;
    let took = timed(each, move |_| {
        let system = system.clone();
        async move {
            let started: Vec<AsyncCounterHandle> =
                (0..each).map(|_| system.spawn(AsyncCounter::default())).collect();
            assert_eq!(started.len() as u64, each);
        }
    });
    took.await
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures[figures.len() / 2]
}

fn main() {
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let (workers, rounds) = (workers(), if is_bench { ROUNDS } else { 1 });
    let runtime = |workers: &usize| {
        let built = Builder::new_multi_thread().worker_threads(*workers).enable_all().build();
        built.unwrap_or_else(|error| panic!("no runtime with {workers} workers: {error}"))
    };
    let runtimes: Vec<Runtime> = workers.iter().map(runtime).collect();
    println!("ns per operation (and operations as a multiple of those with {} workers)", workers[0]);
    let heads: Vec<_> = workers.iter().map(|workers| format!("{workers:>7}      ")).collect();
    println!("{:<10}{}", "workers", heads.concat());
    let row = |name: &str, run: fn(&Runtime) -> f64| {
        let mut figures = vec![Vec::new(); workers.len()];
        for _ in 0..rounds {
            for (of_workers, runtime) in figures.iter_mut().zip(&runtimes) {
                of_workers.push(run(runtime));
            }
        }
        let medians: Vec<_> = figures.into_iter().map(median).collect();
        let cells: Vec<_> =
            medians.iter().map(|figure| format!("{figure:>7.1} ({:.2})", medians[0] / figure)).collect();
        println!("{name:<10}{}", cells.concat());
    };
    row("own", |runtime| runtime.block_on(own()));
    row("one", |runtime| runtime.block_on(one()));
    row("many", |runtime| runtime.block_on(many()));
    row("asks", |runtime| runtime.block_on(asks()));
    row("started", |runtime| runtime.block_on(started()));
}
