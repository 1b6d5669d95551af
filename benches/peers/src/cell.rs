//! One figure of one contestant, measured in a process of its own.

use crate::contestant::{Contestant, Hold, Meeting, Rig};
use crate::contestants;
use crate::workload::{self, BURST, EACH, Workload};
use stats_alloc::{Stats, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Messages before the measurement: buffers grow to their working size, and threads wake up.
const WARM_UP: u64 = 5_000;

/// Actors before the measurement.
const WARM_UP_ACTORS: u64 = 100;

/// The counting allocator, in the process that has it.
pub type Heap = &'static StatsAlloc<System>;

/// The task of a cell.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    /// Which question.
    pub workload: Workload,
    /// How many messages, or actors.
    pub size: u64,
    /// The runtime of the cell.
    pub rig: Rig,
    /// The counting allocator, where allocations are counted.
    pub heap: Option<Heap>,
}

/// Runs a process that measures one cell: `WORKLOAD CONTESTANT SIZE [single]`. It prints the
/// figure.
pub fn main(args: &[String], heap: Option<Heap>) -> ExitCode {
    let [workload, contestant, size, rig @ ..] = args else {
        eprintln!("a cell is WORKLOAD CONTESTANT SIZE [single]");
        return ExitCode::FAILURE;
    };
    let info = workload::ALL.iter().find(|info| info.key == workload);
    let entry = contestants::ALL.iter().find(|entry| entry.is_called(contestant));
    let (Some(info), Some(entry), Ok(size)) = (info, entry, size.parse()) else {
        eprintln!("no such cell: {}", args.join(" "));
        return ExitCode::FAILURE;
    };
    let rig = if rig.is_empty() { Rig::Workers } else { Rig::Single };
    println!("{}", (entry.run)(&Job { workload: info.workload, size, rig, heap }));
    ExitCode::SUCCESS
}

/// Measures a contestant in this process.
///
/// # Panics
/// When a message was not sent, not answered, or not counted.
pub fn run<C: Contestant>(job: &Job) -> f64 {
    let job = *job;
    if matches!(job.workload, Workload::InstrTell | Workload::InstrAsk) {
        actors_core::__private::freeze_cpu_clock();
    }
    C::run(job.rig, async move {
        let spent = match job.workload {
            Workload::Tell1 | Workload::InstrTell => tell::<C>(job.size, 1).await,
            Workload::Tell8 => tell::<C>(job.size, 8).await,
            Workload::TrySend => try_send::<C>(job.size).await,
            Workload::Ask1 | Workload::InstrAsk => ask::<C>(job.size, 1).await,
            Workload::Ask64 => ask::<C>(job.size, 64).await,
            Workload::Many => many::<C>(job.size).await / EACH as u32,
            Workload::PingPong => ping_pong::<C>(job.size).await,
            Workload::Refused => refused::<C>(job.size).await,
            Workload::Spawn => spawn::<C>(job.size).await,
            Workload::First => first::<C>(job.size).await,
            Workload::MemoryIdle => return memory::<C>(job, false).await,
            Workload::MemoryUsed => return memory::<C>(job, true).await,
            Workload::AllocTell => {
                return allocations::<C>(job, async |actor, n| produce(actor, n).await).await;
            }
            Workload::AllocAsk => {
                return allocations::<C>(job, async |actor, n| inquire(actor, n).await).await;
            }
        };
        spent.as_secs_f64() * 1e9 / job.size as f64
    })
}

/// Sends a number of messages, awaiting every send.
async fn produce<C: Contestant>(actor: &C, count: u64) {
    for n in 0..count {
        assert!(actor.tell(n, 1).await, "a message was not sent");
    }
}

/// Asks a number of times, one ask after the other.
async fn inquire<C: Contestant>(actor: &C, count: u64) {
    for n in 0..count {
        assert!(actor.ask(n, 1).await.is_some(), "a question was not answered");
    }
}

/// Checks that the actor has handled everything that was sent.
async fn settle<C: Contestant>(actor: &C, expected: u64) {
    let handled = actor.count().await;
    assert_eq!(handled, Some(expected), "handled is not what was sent");
}

/// Runs tasks concurrently, each for its share.
async fn side_by_side<C, F>(count: u64, tasks: u64, work: impl Fn(u64) -> F)
where
    C: Contestant,
    F: Future<Output = ()> + Send + 'static,
{
    let tasks: Vec<_> = (0..tasks).map(|task| C::task(work(share(count, tasks, task)))).collect();
    for task in tasks {
        assert!(task.await.is_ok(), "a task failed");
    }
}

/// The share of one task.
const fn share(count: u64, among: u64, which: u64) -> u64 {
    count / among + if which < count % among { 1 } else { 0 }
}

async fn tell<C: Contestant>(count: u64, producers: u64) -> Duration {
    let actor = C::start().await;
    produce(&actor, WARM_UP).await;
    settle(&actor, WARM_UP).await;
    let began = Instant::now();
    side_by_side::<C, _>(count, producers, |share| {
        let actor = actor.clone();
        async move { produce(&actor, share).await }
    })
    .await;
    settle(&actor, WARM_UP + count).await;
    began.elapsed()
}

async fn try_send<C: Contestant>(count: u64) -> Duration {
    let actor = C::start().await;
    produce(&actor, WARM_UP).await;
    let (mut spent, mut sent) = (Duration::ZERO, 0);
    while sent < count {
        settle(&actor, WARM_UP + sent).await;
        let burst = BURST.min(count - sent);
        let began = Instant::now();
        for n in 0..burst {
            assert!(actor.try_tell(n, 1), "a message was refused though there was room");
        }
        spent += began.elapsed();
        sent += burst;
    }
    settle(&actor, WARM_UP + sent).await;
    spent
}

async fn ask<C: Contestant>(count: u64, askers: u64) -> Duration {
    let actor = C::start().await;
    inquire(&actor, WARM_UP).await;
    let began = Instant::now();
    side_by_side::<C, _>(count, askers, |share| {
        let actor = actor.clone();
        async move { inquire(&actor, share).await }
    })
    .await;
    let spent = began.elapsed();
    settle(&actor, WARM_UP + count).await;
    spent
}

/// Starts a number of actors, and keeps them.
async fn start<C: Contestant>(actors: &mut Vec<C>, count: u64) {
    for _ in 0..count {
        actors.push(C::start().await);
    }
}

async fn many<C: Contestant>(count: u64) -> Duration {
    let mut actors = Vec::with_capacity(count as usize);
    start::<C>(&mut actors, count).await;
    for actor in &actors {
        produce(actor, 1).await;
        settle(actor, 1).await;
    }
    let began = Instant::now();
    let tasks: Vec<_> = actors
        .chunks((count as usize).div_ceil(8))
        .map(|part| {
            let part = part.to_vec();
            C::task(async move {
                for n in 0..EACH {
                    for actor in &part {
                        assert!(actor.tell(n, 1).await, "a message was not sent");
                    }
                }
            })
        })
        .collect();
    for task in tasks {
        assert!(task.await.is_ok(), "a producer failed");
    }
    for actor in &actors {
        settle(actor, 1 + EACH).await;
    }
    began.elapsed()
}

async fn ping_pong<C: Contestant>(hops: u64) -> Duration {
    let (one, other) = (C::start().await, C::start().await);
    let mut spent = Duration::ZERO;
    for count in [WARM_UP, hops] {
        let (done, end) = oneshot::channel();
        // The last hop is number 0. It reaches the actor that got the first one if the number of
        // hops is odd.
        let (to_one, to_other) = if count % 2 == 1 { (Some(done), None) } else { (None, Some(done)) };
        assert!(one.meet(Meeting { peer: other.clone(), done: to_one }).await);
        assert!(other.meet(Meeting { peer: one.clone(), done: to_other }).await);
        let began = Instant::now();
        assert!(one.hop(count - 1).await);
        assert!(end.await.is_ok(), "the game was not finished");
        spent = began.elapsed();
    }
    let (a, b) = (one.count().await, other.count().await);
    assert_eq!(a.zip(b).map(|(a, b)| a + b), Some(WARM_UP + hops), "handled is not what was sent");
    spent
}

async fn refused<C: Contestant>(count: u64) -> Duration {
    let actor = C::start().await;
    produce(&actor, WARM_UP).await;
    settle(&actor, WARM_UP).await;
    let ((began, has_begun), (release, end)) = (oneshot::channel(), oneshot::channel::<()>());
    assert!(actor.hold(Hold { began, end }).await);
    assert!(has_begun.await.is_ok(), "the actor takes the turn that lasts");
    let mut accepted = 0;
    while actor.try_tell(accepted, 1) {
        accepted += 1;
        assert!(accepted < 1_000_000, "nothing is ever refused");
    }
    let began = Instant::now();
    for n in 0..count {
        assert!(!actor.try_tell(n, 1), "accepted though there was no room");
    }
    let spent = began.elapsed();
    drop(release);
    settle(&actor, WARM_UP + accepted).await;
    spent
}

async fn spawn<C: Contestant>(count: u64) -> Duration {
    let mut actors = Vec::with_capacity((WARM_UP_ACTORS + count) as usize);
    start::<C>(&mut actors, WARM_UP_ACTORS).await;
    let began = Instant::now();
    start::<C>(&mut actors, count).await;
    let spent = began.elapsed();
    for actor in &actors {
        settle(actor, 0).await;
    }
    spent
}

async fn first<C: Contestant>(count: u64) -> Duration {
    let mut actors = Vec::with_capacity((WARM_UP_ACTORS + count) as usize);
    start::<C>(&mut actors, WARM_UP_ACTORS).await;
    let began = Instant::now();
    for _ in 0..count {
        let actor = C::start().await;
        assert!(actor.ask(1, 1).await.is_some(), "a question was not answered");
        actors.push(actor);
    }
    let spent = began.elapsed();
    for actor in &actors[WARM_UP_ACTORS as usize..] {
        settle(actor, 1).await;
    }
    spent
}

fn heap(job: Job) -> Heap {
    job.heap.unwrap_or_else(|| panic!("this process counts no allocations"))
}

fn live(stats: Stats) -> f64 {
    stats.bytes_allocated as f64 - stats.bytes_deallocated as f64
}

async fn memory<C: Contestant>(job: Job, is_used: bool) -> f64 {
    let heap = heap(job);
    let mut warm = Vec::new();
    start::<C>(&mut warm, WARM_UP_ACTORS).await;
    for actor in &warm {
        settle(actor, 0).await;
    }
    let mut actors: Vec<C> = Vec::with_capacity(job.size as usize);
    let before = live(heap.stats());
    start::<C>(&mut actors, job.size).await;
    if is_used {
        for actor in &actors {
            produce(actor, 1).await;
            settle(actor, 1).await;
        }
    }
    // Time for actors that start asynchronously.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let bytes = live(heap.stats()) - before;
    for actor in &actors {
        settle(actor, u64::from(is_used)).await;
    }
    bytes / job.size as f64
}

async fn allocations<C: Contestant>(job: Job, send: impl AsyncFn(&C, u64)) -> f64 {
    let heap = heap(job);
    let actor = C::start().await;
    send(&actor, WARM_UP).await;
    settle(&actor, WARM_UP).await;
    let made = |stats: Stats| stats.allocations + stats.reallocations;
    let before = made(heap.stats());
    send(&actor, job.size).await;
    settle(&actor, WARM_UP + job.size).await;
    (made(heap.stats()) - before) as f64 / job.size as f64
}
