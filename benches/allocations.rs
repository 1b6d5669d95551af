//! **Question.** How often does a message touch the heap in steady state? The goal is never, for
//! any kind of tell and for an ask.
//!
//! **Method.** A counting allocator, over 1,000,000 messages after a warm-up of a tenth of that, in
//! the whole process: sender, actor and runtime. Reallocations count as allocations. The process
//! exits with 1 when a tell allocates more than once in 1000 messages. Asks and the hand-written
//! actor are for comparison.
//!
//! A second table: what an actor takes until it is idle, before and after its first message, in
//! allocations and live bytes. The process exits with 1 above the limits in [`actors`].
//!
//! `cargo bench -p benches --bench allocations`

use actors_core::System as Actors;
use benches::{
    AsyncCounter, AsyncCounterHandle, Counter, CounterHandle, Hand, QueuedCounter, QueuedCounterHandle, hand,
    hand_ask, hand_total, produce, runtime,
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::process::ExitCode;
use tokio::sync::mpsc;

#[global_allocator]
static HEAP: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Allocations per tell that still count as none: starting tasks and growing to a working size.
const NONE: f64 = 0.001;

/// How many messages `try_send` sends before it lets the actor finish. They always fit.
const BURST: u64 = 256;

/// Allocations per message of `try_send` that still count as none. Between bursts the sender waits
/// for the actor, and on a busy machine a thread that goes to sleep there may allocate: once per
/// burst.
const NONE_IN_BURSTS: f64 = NONE + 1.0 / BURST as f64;

/// Actors that a visit sees: as many as a large service has.
const VISITED: usize = 10_000;

/// Waits for a number of tasks, each with its share.
async fn side_by_side<F: Future<Output = ()> + Send + 'static>(
    messages: u64,
    tasks: u64,
    work: impl Fn(u64) -> F,
) {
    let tasks: Vec<_> = (0..tasks).map(|_| tokio::spawn(work(messages / tasks))).collect();
    for task in tasks {
        assert!(task.await.is_ok());
    }
}

async fn tell(counter: &CounterHandle, messages: u64, producers: u64) {
    side_by_side(messages, producers, |share| produce(counter.clone(), share, 1)).await;
    assert!(counter.total().await.is_ok());
}

async fn tell_by_hand(tx: &mpsc::Sender<Hand>, messages: u64, producers: u64) {
    let produce = |share| {
        let tx = tx.clone();
        async move {
            for n in 0..share {
                assert!(tx.send(Hand::Tick(n, 1)).await.is_ok());
            }
        }
    };
    side_by_side(messages, producers, produce).await;
    hand_total(tx).await;
}

/// Watches until the actor has finished, because an ask would allocate.
async fn try_send(counter: &CounterHandle, messages: u64) {
    for _ in 0..messages / BURST {
        for n in 0..BURST {
            assert!(counter.normal(n, 1).try_send().is_ok());
        }
        while counter.reading().depth > 0 {
            tokio::task::yield_now().await;
        }
    }
}

async fn try_send_by_hand(tx: &mpsc::Sender<Hand>, messages: u64) {
    for _ in 0..messages / BURST {
        for n in 0..BURST {
            assert!(tx.try_send(Hand::Tick(n, 1)).is_ok());
        }
        while tx.capacity() < tx.max_capacity() {
            tokio::task::yield_now().await;
        }
    }
}

async fn ask(counter: &CounterHandle, messages: u64, askers: u64) {
    let ask = |share| {
        let counter = counter.clone();
        async move {
            for n in 0..share {
                assert!(counter.question(n, 1).await.is_ok());
            }
        }
    };
    side_by_side(messages, askers, ask).await;
}

async fn ask_by_hand(tx: &mpsc::Sender<Hand>, messages: u64, askers: u64) {
    let ask = |share| {
        let tx = tx.clone();
        async move {
            for n in 0..share {
                hand_ask(&tx, n, 1).await;
            }
        }
    };
    side_by_side(messages, askers, ask).await;
}

/// Returns allocations per actor of a visit of the whole system, with every number read.
async fn visit(actors: usize) -> f64 {
    let system = Actors::new("many");
    let counters: Vec<CounterHandle> = (0..actors).map(|_| system.spawn(Counter::default())).collect();
    for counter in &counters {
        // The answer says that the actor has a task and has handled its message.
        assert!(counter.total().await.is_ok());
    }
    // Tasks that are still on their way to sleep would be counted.
    system.visit(&mut |_| ());
    tokio::task::yield_now().await;
    let (mut seen, mut offered) = (0, 0);
    let region = Region::new(HEAP);
    system.visit(&mut |actor| {
        seen += 1;
        offered +=
            actor.rows.iter().map(|row| row.counts().map(|(_, count)| count).sum::<u64>()).sum::<u64>();
    });
    let change = region.change();
    assert!(seen == actors && offered >= actors as u64, "{seen} actors, {offered} messages");
    (change.allocations + change.reallocations) as f64 / actors as f64
}

/// What one of many actors takes: allocations, and bytes that are still live.
async fn per_actor<H>(spawn: impl Fn(&Actors) -> H, first: impl AsyncFn(&H)) -> (f64, f64) {
    // Memory that grows by doubling, such as the list of names, is there already.
    let system = Actors::new("many");
    let count = |actors: Vec<H>| {
        let count = actors.len();
        drop(actors);
        count
    };
    let mut per = (0.0, 0.0);
    for _ in 0..2 {
        let mut actors = Vec::with_capacity(VISITED);
        let region = Region::new(HEAP);
        for _ in 0..VISITED {
            let actor = spawn(&system);
            first(&actor).await;
            actors.push(actor);
        }
        let change = region.change();
        let live = change.bytes_allocated as f64 - change.bytes_deallocated as f64;
        let allocations = (change.allocations + change.reallocations) as f64;
        let actors = count(actors) as f64;
        per = (allocations / actors, live / actors);
        while !system.snapshot().actors.is_empty() {
            tokio::task::yield_now().await;
        }
    }
    per
}

/// Prints the table of whole actors, and returns whether they stay within the limits.
async fn actors() -> bool {
    println!("\nper actor, of {VISITED}\n{:<24}{:>12}{:>12}", "", "allocations", "bytes");
    let mut is_kept = true;
    let mut row = |what: &str, (allocations, bytes): (f64, f64), limits: (f64, f64)| {
        let is_over = allocations > limits.0 || bytes > limits.1;
        is_kept &= !is_over;
        println!("{what:<24}{allocations:>12.2}{bytes:>12.0}{}", if is_over { "  too many" } else { "" });
    };
    let any = (f64::INFINITY, f64::INFINITY);
    // Lists of all actors grow by doubling, which adds a little to each.
    let limits = |allocations: f64, bytes: f64| (allocations + 0.1, bytes);
    let idle = per_actor(|system| -> CounterHandle { system.spawn(Counter::default()) }, async |_| ()).await;
    // 40 of the bytes are what rates, costs, shares and ranges of priority keep, declared or not.
    row("idle", idle, limits(4.0, 720.0));
    let made = per_actor(|system| system.actor(Counter::default).spawn(), async |_| ()).await;
    row("idle, from a factory", made, limits(6.0, 920.0));
    let told = async |counter: &CounterHandle| assert!(counter.normal(1, 1).await.is_ok());
    let donated = per_actor(|system| -> CounterHandle { system.spawn(Counter::default()) }, told).await;
    row("one message, donated", donated, limits(6.0, f64::INFINITY));
    let asked = async |counter: &QueuedCounterHandle| assert!(counter.question(1, 1).await.is_ok());
    let queued =
        per_actor(|system| -> QueuedCounterHandle { system.spawn(QueuedCounter::default()) }, asked).await;
    row("one message, queued", queued, limits(9.0, f64::INFINITY));
    let asked = async |counter: &AsyncCounterHandle| assert!(counter.question(1, 1).await.is_ok());
    let polled =
        per_actor(|system| -> AsyncCounterHandle { system.spawn(AsyncCounter::default()) }, asked).await;
    row("one message, async fn", polled, limits(8.0, f64::INFINITY));
    let by_hand = per_actor(|_| hand(), async |_| ()).await;
    row("by hand, idle", by_hand, any);
    is_kept
}

/// Returns allocations per message, after a warm-up.
async fn count(messages: u64, send: impl AsyncFn(u64)) -> f64 {
    send(messages / 10).await;
    let region = Region::new(HEAP);
    send(messages).await;
    let change = region.change();
    (change.allocations + change.reallocations) as f64 / messages as f64
}

/// Prints the table, and returns whether the tells stay within [`NONE`].
async fn table(messages: u64) -> bool {
    let (system, tx) = (Actors::new("bench"), hand());
    let counter: CounterHandle = system.spawn(Counter::default());
    let (counter, tx) = (&counter, &tx);
    println!("heap allocations per message, over {messages} messages");
    println!("{:<24}{:>12}{:>12}", "", "actor", "by hand");
    let mut is_kept = true;
    let mut row = |what: &str, ours: f64, by_hand: f64, limit: f64| {
        let is_over = ours > limit;
        is_kept &= !is_over;
        println!("{what:<24}{ours:>12.6}{by_hand:>12.6}{}", if is_over { "  too many" } else { "" });
    };
    for producers in [1, 8] {
        let ours = count(messages, async |n| tell(counter, n, producers).await).await;
        let by_hand = count(messages, async |n| tell_by_hand(tx, n, producers).await).await;
        row(&format!("tell, producers: {producers}"), ours, by_hand, NONE);
    }
    let ours = count(messages, async |n| try_send(counter, n).await).await;
    let by_hand = count(messages, async |n| try_send_by_hand(tx, n).await).await;
    row("try_send", ours, by_hand, NONE_IN_BURSTS);
    let ours = visit(VISITED).await;
    row("visit, per actor", ours, 0.0, NONE);
    for askers in [1, 64] {
        let ours = count(messages, async |n| ask(counter, n, askers).await).await;
        let by_hand = count(messages, async |n| ask_by_hand(tx, n, askers).await).await;
        row(&format!("ask, askers: {askers}"), ours, by_hand, f64::INFINITY);
    }
    is_kept
}

fn main() -> ExitCode {
    // Run as a test, without optimisation, it counts fewer messages.
    let is_bench = std::env::args().any(|arg| arg == "--bench");
    let messages = if is_bench { 1_000_000 } else { 100_000 };
    // Senders run turns only on workers, so the second table is made by a task.
    let both = async { table(messages).await & tokio::spawn(actors()).await.unwrap_or(false) };
    match runtime().block_on(both) {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
