//! Pressure, and what a supervisor does about it, in simulated time (P1 to P7). The laws by themselves are tested beside them, in
//! `policy`; here it is the whole way: from a mailbox that fills to senders that are refused, wait, or are served by more.

use actors_core::prelude::*;
use actors_core::{Action, Event, Level, Pressure, What, testing};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Works for ten milliseconds per job, as far as the database has a connection left.
struct Jobs {
    database: Arc<Semaphore>,
    done: Arc<AtomicU64>,
}

#[actor]
impl Jobs {
    #[message(overflow = block)]
    async fn job(&mut self) {
        let _connection = self.database.acquire().await;
        sleep(ms(10)).await;
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    #[message(overflow = reject, priority = low)]
    async fn report(&mut self) {
        let _connection = self.database.acquire().await;
        sleep(ms(10)).await;
    }

    #[message(overflow = reject, priority = high)]
    async fn order(&mut self) {
        let _connection = self.database.acquire().await;
        sleep(ms(10)).await;
    }
}

/// A pool over a database with so many connections, and how many jobs were done.
fn jobs(
    system: &System,
    connections: usize,
    most: usize,
    respond: &[Action],
) -> (JobsHandle, Arc<AtomicU64>) {
    let (database, done) = (Arc::new(Semaphore::new(connections)), Arc::new(AtomicU64::new(0)));
    let counted = done.clone();
    let jobs = system
        .actor(move || Jobs { database: database.clone(), done: counted.clone() })
        .name("jobs")
        .capacity(256)
        .workers(1..=most)
        .keep_alive(Duration::from_secs(5))
        .pressure(Pressure::new().respond(respond))
        .spawn()
        .unwrap();
    (jobs, done)
}

fn workers_of(system: &System) -> Vec<usize> {
    let decisions = system.decisions();
    let changes = decisions.iter().filter_map(|decision| match &decision.event {
        Event::Pressure(change) => Some(&change.what),
        _ => None,
    });
    changes
        .filter_map(|what| match *what {
            What::WorkersAdded { to, .. } | What::WorkersTakenBack { to, .. } | What::WorkersRetired { to, .. } => Some(to),
            _ => None,
        })
        .collect()
}

fn print(system: &System) {
    for decision in system.decisions() {
        println!("{:?} {decision}", decision.at);
    }
}

#[test]
fn p4_a_pool_grows_with_demand_and_shrinks_without_traffic() {
    testing::run(async |system| {
        let (jobs, done) = jobs(&system, 100, 8, &[Action::Spawn]);
        let began = Instant::now();
        // Eight workers' worth.
        let sender = tokio::spawn({
            let jobs = jobs.clone();
            async move {
                let mut ticks = tokio::time::interval(Duration::from_micros(1250));
                for _ in 0..3200 {
                    ticks.tick().await;
                    jobs.job().await.unwrap();
                }
            }
        });
        sleep(Duration::from_secs(1)).await;
        let before = done.load(Ordering::Relaxed);
        sleep(ms(500)).await;
        let rate = (done.load(Ordering::Relaxed) - before) * 2;
        sender.await.unwrap();
        print(&system);
        assert!(rate >= 720, "{rate} of 800 a second");
        println!("{:?}", began.elapsed());
        sleep(Duration::from_secs(6)).await;
        testing::quiet(&system).await;
        assert_eq!(jobs.reading().workers, 1, "{:?}", workers_of(&system));
        assert_eq!(jobs.reading().level, Level::Calm);
        print(&system);
    });
}
