//! **Question.** In real time, on real threads: how soon does a pool grow, and shrink? How much of
//! the high priority is handled at ten times the load? What does a refusal by the supervisor's gate
//! cost?
//!
//! **Method.** Handlers that wait: 10 ms in the pool, 1 ms at the desk. The generator is a thread
//! of its own, so that the cost of offering a message is not taken from the handlers. It keeps to
//! its schedule and makes up for delays. *Best* in the pool is the throughput of the last second.
//! At the desk it is the handled share of the same high-priority messages when nothing else is
//! offered. Messages of high priority are worth nothing after a quarter of a second. A refusal is
//! timed over half a million in a row; allocations are those of the whole process meanwhile.
//! `cargo bench -p benches --bench pressure`, about 25 s.
//!
//! The laws themselves are tested in simulated time. This bench shows them once in real time, on a
//! machine with other work to do.

use actors_core::prelude::*;
use actors_core::{
    observe::DecisionKind,
    policy::{Action, Pressure},
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System as Heap;
use std::thread;
use std::time::{Duration, Instant};

#[global_allocator]
static HEAP: &StatsAlloc<Heap> = &INSTRUMENTED_SYSTEM;

struct Pool;

#[actor(capacity = 1024, workers = 1..=8, keep_alive = "2s", pressure(respond = spawn))]
impl Pool {
    #[message(overflow = reject)]
    async fn job(&mut self) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

struct Desk;

#[actor(capacity = 256)]
impl Desk {
    #[message(priority = high, overflow = reject, ttl = "250ms")]
    async fn order(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    #[message(priority = low, overflow = reject)]
    async fn view(&mut self) {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Calls `offer` at this rate for this time, and makes up for delays.
fn generate(rate: f64, span: Duration, mut offer: impl FnMut(u64)) {
    let (began, mut offered) = (Instant::now(), 0);
    while began.elapsed() < span {
        let due = (began.elapsed().as_secs_f64() * rate) as u64;
        (offered..due).for_each(&mut offer);
        offered = due;
        thread::sleep(Duration::from_micros(500));
    }
}

/// A step from no load to nearly eight workers' worth, and silence after it.
fn growth(system: &System) {
    let pool: PoolHandle = match system.actor(|| Pool).spawn() {
        Ok(pool) => pool,
        Err(error) => panic!("{error}"),
    };
    let offering = pool.clone();
    let generator = thread::spawn(move || {
        generate(640.0, Duration::from_secs(4), |_| drop(offering.job().try_send()));
    });
    let (began, mut handled) = (Instant::now(), Vec::new());
    while began.elapsed() < Duration::from_secs(4) {
        handled.push((began.elapsed(), pool.ledger().total().handled));
        thread::sleep(Duration::from_millis(20));
    }
    assert!(generator.join().is_ok());
    let rate = |from: Duration, to: Duration| {
        let at = |when: Duration| {
            handled.iter().rev().find(|(then, _)| *then <= when).map_or(0, |(_, count)| *count)
        };
        (at(to) - at(from)) as f64 / (to - from).as_secs_f64()
    };
    let window = Duration::from_millis(200);
    let best = rate(Duration::from_secs(3), Duration::from_secs(4));
    let soon = handled
        .iter()
        .map(|(then, _)| *then)
        .find(|then| *then >= window && rate(*then - window, *then) >= 0.9 * best);
    let silence = Instant::now();
    while pool.reading().workers > 1 && silence.elapsed() < Duration::from_secs(10) {
        thread::sleep(Duration::from_millis(20));
    }
    let sizes: Vec<usize> = system.decisions().iter().filter_map(|decision| size(&decision.kind)).collect();
    println!("| a step to 640 jobs a second of 10 ms, workers 1..=8 | |\n|---|---:|");
    println!("| best throughput, jobs a second | {best:.0} |");
    println!("| 90 % of it after (in a window of 200 ms) | {:.0?} |", soon.unwrap_or(Duration::MAX));
    println!("| numbers of workers | {sizes:?} |");
    println!(
        "| back to one worker after the last job, with a keep_alive of 2 s | {:.1?} |\n",
        silence.elapsed()
    );
}

fn size(kind: &DecisionKind) -> Option<usize> {
    match *kind {
        DecisionKind::WorkersAdded { to, .. }
        | DecisionKind::WorkersTakenBack { to, .. }
        | DecisionKind::WorkersRetired { to, .. } => Some(to),
        _ => None,
    }
}

/// The handled share of a rate of orders next to a rate of views.
fn orders(system: &System, orders: f64, views: f64) -> (DeskHandle, f64) {
    let pressure = Pressure::new().respond(&[Action::Shed]);
    let desk: DeskHandle = match system.instance(Desk).pressure(pressure).spawn() {
        Ok(desk) => desk,
        Err(error) => panic!("{error}"),
    };
    let (offering, mut owed) = (desk.clone(), 0.0);
    let generator = thread::spawn(move || {
        generate(orders + views, Duration::from_secs(5), |_| {
            owed += orders / (orders + views);
            if owed >= 1.0 {
                owed -= 1.0;
                drop(offering.order().try_send());
            } else {
                drop(offering.view().try_send());
            }
        });
    });
    assert!(generator.join().is_ok());
    let handled = desk.ledger().of::<desk_messages::Order>().handled as f64 / 5.0;
    (desk, handled)
}

fn shedding(system: &System) {
    // The capacity of one worker: turns of a millisecond plus the timer's overhead.
    let (desk, _) = orders(system, 0.0, 5000.0);
    let capacity = desk.ledger().total().handled as f64 / 5.0;
    desk.kill();
    let (alone, best) = orders(system, 0.5 * capacity, 0.0);
    alone.kill();
    let (desk, handled) = orders(system, 0.5 * capacity, 9.5 * capacity);
    let total = desk.ledger().total();
    println!("| orders at half of what a desk can do, and 9.5 times that in views | |\n|---|---:|");
    println!("| a desk's capacity, a second | {capacity:.0} |");
    println!("| orders handled alone, a second | {best:.0} |");
    println!("| orders handled at ten times the load, a second | {handled:.0} |");
    println!("| of the best | {:.1} % |", 100.0 * handled / best);
    println!(
        "| views shed, and refused for want of room | {} and {} |",
        total.refused(Reason::Shed),
        total.refused(Reason::Full)
    );
    let (region, began, mut shed) = (Region::new(HEAP), Instant::now(), 0_u64);
    let mut tried = 0_u64;
    while shed < 500_000 && began.elapsed() < Duration::from_secs(5) {
        tried += 1;
        shed += u64::from(desk.view().try_send().is_err_and(|why| why.reason() == Reason::Shed));
    }
    let took = began.elapsed();
    let change = region.change();
    println!(
        "| one offer to a shut gate, {:.0} % of which were shed | {:.0} ns |",
        100.0 * shed as f64 / tried as f64,
        took.as_nanos() as f64 / tried as f64
    );
    println!(
        "| allocations of the whole process meanwhile, per offer | {:.6} |",
        change.allocations as f64 / tried as f64
    );
}

fn main() {
    let runtime = benches::runtime();
    let _inside = runtime.enter();
    growth(&System::new("growth"));
    shedding(&System::new("shedding"));
}
