//! P1 to P7: pressure, and the supervisor's actions, in paused time. The policies have unit tests
//! in `actors-policy`. These tests cover the whole path, from a mailbox that fills to senders that
//! are refused, wait, or are served by more workers.

mod block;
mod decisions;
mod levels;
mod producers;
mod shed;
mod sojourn;
mod spawn;

use actors_core::prelude::*;
use actors_core::{
    Restart,
    observe::{Cause, DecisionKind, Level},
    policy::{Action, Pressure},
    testing,
};
use actors_tests::{MS, SECOND, run};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::Semaphore;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// Works for ten milliseconds per message, once the database has a free connection.
struct Jobs {
    database: Arc<Semaphore>,
    done: Arc<AtomicU64>,
}

impl Jobs {
    async fn work(&self) {
        if let Ok(_connection) = self.database.acquire().await {
            sleep(10 * MS).await;
        }
        self.done.fetch_add(1, Ordering::Relaxed);
    }
}

#[actor(capacity = 256)]
impl Jobs {
    #[message(overflow = block)]
    async fn job(&mut self) {
        self.work().await;
    }

    #[message(overflow = reject, priority = low)]
    async fn report(&mut self) {
        self.work().await;
    }

    #[message(overflow = reject, priority = high)]
    async fn order(&mut self) {
        self.work().await;
    }
}

/// A pool of workers that share a database with a number of connections.
struct World {
    system: System,
    jobs: JobsHandle,
    done: Arc<AtomicU64>,
    database: Arc<Semaphore>,
}

impl World {
    fn new(system: &System, connections: usize, most: usize, pressure: Pressure) -> World {
        let (database, done) = (Arc::new(Semaphore::new(connections)), Arc::new(AtomicU64::new(0)));
        let (shared, counted) = (database.clone(), done.clone());
        let jobs = system
            .actor(move || Jobs { database: shared.clone(), done: counted.clone() })
            .name("jobs")
            .workers(1..=most)
            .keep_alive(5 * SECOND)
            .pressure(pressure)
            .spawn()
            .unwrap();
        World { system: system.clone(), jobs, done, database }
    }

    /// Sends one message per period for so long, without waiting for its outcome.
    async fn send(&self, span: Duration, period: Duration, send: impl Fn(&JobsHandle)) {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
        let end = Instant::now() + span;
        while Instant::now() < end {
            ticks.tick().await;
            send(&self.jobs);
        }
    }

    /// Waits for so long, and returns how many messages were handled meanwhile.
    async fn handled(&self, span: Duration) -> u64 {
        let before = self.done.load(Ordering::Relaxed);
        sleep(span).await;
        self.done.load(Ordering::Relaxed) - before
    }

    fn changes(&self) -> Vec<DecisionKind> {
        let decisions = self.system.decisions().into_iter();
        decisions
            .filter(|decision| matches!(decision.cause, Cause::Load { .. }))
            .map(|decision| decision.kind)
            .collect()
    }

    fn count(&self, is_meant: impl Fn(&DecisionKind) -> bool) -> usize {
        self.changes().iter().filter(|kind| is_meant(kind)).count()
    }

    fn sentences(&self) -> String {
        let decisions = self.system.decisions();
        decisions.iter().map(|decision| format!("{:?} {decision}\n", decision.at)).collect()
    }
}

fn job(jobs: &JobsHandle) {
    tokio::spawn(jobs.job().owned());
}

fn order(jobs: &JobsHandle) {
    let _ = jobs.order().try_send();
}

fn report(jobs: &JobsHandle) {
    let _ = jobs.report().try_send();
}

fn parks() -> u64 {
    tokio::runtime::Handle::current().metrics().worker_park_count(0)
}
