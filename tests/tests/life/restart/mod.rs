//! F1 to F3: restarts of actors that have a factory: with the same queue, how often, how soon, and
//! what does not count as a failure.

mod backoff;
mod budgets;
mod next_instance;
mod not_failures;
mod permanent;
mod starts;
mod threads;

use actors_core::prelude::*;
use actors_core::{
    Restart,
    observe::{DeadLetter, Row},
    testing,
};
use actors_tests::{
    HOUR, MS, Record, SECOND, balanced, on_threads, panic_quietly, pending, poll, run, run_other_tasks,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// The history of all instances of an actor.
#[derive(Default)]
struct History {
    births: AtomicU32,
    alive: AtomicI32,
    /// The number of the next starts that fail: in the factory, by an error of `#[started]`, or by
    /// its panic.
    bad_factories: AtomicI32,
    bad_starts: AtomicI32,
    panicking_starts: AtomicI32,
    diary: Record<String>,
}

impl History {
    fn write(&self, word: impl Into<String>) {
        self.diary.write(word.into());
    }

    fn diary(&self) -> Vec<String> {
        self.diary.take()
    }

    fn births(&self) -> u32 {
        self.births.load(Ordering::SeqCst)
    }
}

fn one_less(count: &AtomicI32) -> bool {
    count.fetch_sub(1, Ordering::SeqCst) > 0
}

struct Lamp {
    history: Arc<History>,
    /// The number of this instance, from 1.
    number: u32,
}

impl Lamp {
    fn new(history: &Arc<History>) -> Lamp {
        if one_less(&history.bad_factories) {
            panic_quietly("no glass");
        }
        let number = history.births.fetch_add(1, Ordering::SeqCst) + 1;
        assert_eq!(history.alive.fetch_add(1, Ordering::SeqCst), 0, "two instances at a time");
        Lamp { history: history.clone(), number }
    }

    fn write(&self, word: impl std::fmt::Display) {
        self.history.write(format!("{}: {word}", self.number));
    }
}

impl Drop for Lamp {
    fn drop(&mut self) {
        self.history.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[actor(local, capacity = 64, reserve = 0)]
impl Lamp {
    #[started]
    async fn light(&mut self) -> Result<(), BoxError> {
        if one_less(&self.history.bad_starts) {
            return Err("no oil".into());
        }
        if one_less(&self.history.panicking_starts) {
            panic_quietly("no wick");
        }
        Ok(())
    }

    #[message]
    fn work(&mut self, n: u32) {
        self.write(n);
    }

    #[message(priority = urgent)]
    fn urgent(&mut self, n: u32) {
        self.write(format!("urgent {n}"));
    }

    #[message(overflow = block)]
    fn fail(&mut self) -> u32 {
        panic_quietly("a fuse")
    }

    #[message]
    fn fail_untold(&mut self) {
        panic_quietly("a fuse");
    }

    #[message(overflow = block)]
    async fn fail_later(&mut self, after: Duration) -> u32 {
        tokio::time::sleep(after).await;
        panic_quietly("a late fuse")
    }

    #[message(ttl = "1s")]
    fn expiring(&mut self, n: u32) {
        self.write(format!("expiring {n}"));
    }

    #[message(overflow = block)]
    fn expired_so_far(&mut self, ctx: &mut Context<Self>) -> u64 {
        ctx.handle::<LampHandle>().ledger().total().expired
    }

    #[message(overflow = reject)]
    fn number(&mut self) -> u32 {
        self.number
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.stop();
        self.write("stopped itself");
        self.number
    }

    #[message]
    fn stop_and_fail(&mut self, ctx: &mut Context<Self>) {
        ctx.stop();
        panic_quietly("both");
    }

    #[message(overflow = reject, timeout = "1s")]
    async fn rest(&mut self, time: Duration) -> Result<u32, String> {
        tokio::time::sleep(time).await;
        Err("a handler's own error".into())
    }

    #[message(priority = low, overflow = drop_oldest)]
    fn glimpse(&mut self) {}

    #[stopped]
    async fn quench(&mut self, why: StopReason) {
        self.write(format!("{why:?}"));
    }
}

fn lamp_with(system: &System, restart: Restart) -> (Arc<History>, LampHandle) {
    let history = Arc::<History>::default();
    let shared = history.clone();
    (history, system.actor(move || Lamp::new(&shared)).restart(restart).spawn().unwrap())
}

/// Restarts at once, without a limit.
fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

/// Restarts after this pause, spread by a fifth. The first restart is at once.
fn slowly(pause: Duration) -> Restart {
    Restart::on_failure().at_most(1000, 24 * HOUR).backoff(pause, pause)
}

/// Makes the actor learn that its turns are short, so that it claims several messages at a time.
async fn warm_up(lamp: &LampHandle) {
    for _ in 0..20 {
        let held = testing::hold(lamp);
        for _ in 0..60 {
            lamp.glimpse().await.unwrap();
        }
        held.release();
        while lamp.reading().depth > 0 {
            run_other_tasks().await;
        }
    }
}
