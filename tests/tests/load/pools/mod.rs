//! S4: workers that share a mailbox, and the order of messages with the same key.

mod ending;
mod failures;
mod keys;
mod resizing;
mod shared_mailbox;
mod threads;
mod wakeups;

use actors_core::prelude::*;
use actors_core::{
    Restart,
    policy::{Overflow, Policy, Pressure},
    testing,
};
use actors_tests::{
    HOUR, Record, SECOND, balanced, on_threads, panic_quietly, paused, pending, poll, run, run_other_tasks,
};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::Hasher;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

// Messages with keys, written by hand: the key is its own hash, so that it is the same in all
// types.
macro_rules! keyed {
    ($name:ident, $reply:ty, $policy:expr) => {
        #[derive(Debug)]
        struct $name {
            key: u64,
            n: u32,
            time: Duration,
        }
        impl Message for $name {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
            // Here a key may fill the mailbox. The default share is tested in `hot_keys.rs` (S8).
            const POLICY: Policy = $policy.max_per_key(64);
            fn hash_key<H: Hasher>(&self, state: &mut H) {
                state.write_u64(self.key);
            }
            fn same_key(&self, other: &Self) -> bool {
                self.key == other.key
            }
        }
        impl $name {
            fn new(key: u64, n: u32, time: Duration) -> Self {
                $name { key, n, time }
            }
        }
    };
}

use keyed;

keyed!(Task, (), Policy::tell().keyed());
keyed!(Question, u32, Policy::ask().keyed().overflow(&[Overflow::Block]).timeout(HOUR));
keyed!(Expiring, (), Policy::tell().keyed().ttl(SECOND));
keyed!(Trifle, (), Policy::tell().keyed().overflow(&[Overflow::DropOldest]).max(3));
keyed!(Random, (), Policy::tell().keyed().overflow(&[Overflow::DropRandom]).max(3));
keyed!(Latest, (), Policy::tell().keyed().overflow(&[Overflow::Conflate]));
keyed!(Low, (), Policy::tell().keyed().priority(Priority::Low).overflow(&[Overflow::DropNewest]));
keyed!(
    Urgent,
    (),
    Policy::tell().keyed().priority(Priority::Urgent).overflow(&[Overflow::EvictLower, Overflow::Reject])
);

/// The history of all workers of a pool.
#[derive(Default)]
struct History {
    births: AtomicU32,
    alive: AtomicI64,
    most_alive: AtomicI64,
    lines: Record<String>,
    /// The keys that have a turn now.
    keys: Mutex<BTreeSet<u64>>,
    bad_starts: AtomicI64,
    /// How long `#[stopped]` takes.
    rest: Mutex<Duration>,
}

impl History {
    fn write(&self, line: String) {
        self.lines.write(line);
    }

    fn lines(&self) -> Vec<String> {
        self.lines.take()
    }

    /// The numbers of one key's messages, in order.
    fn of(&self, key: u64) -> Vec<u32> {
        let start = format!("{key}: ");
        let lines = self.lines.read();
        lines.iter().filter_map(|line| line.strip_prefix(&start)).map(|n| n.parse().unwrap()).collect()
    }

    fn alive(&self) -> i64 {
        self.alive.load(Ordering::SeqCst)
    }
}

struct Clerk {
    history: Arc<History>,
}

impl Clerk {
    fn new(history: &Arc<History>) -> Clerk {
        history.births.fetch_add(1, Ordering::SeqCst);
        let alive = history.alive.fetch_add(1, Ordering::SeqCst) + 1;
        history.most_alive.fetch_max(alive, Ordering::SeqCst);
        Clerk { history: history.clone() }
    }

    async fn handle(&mut self, key: u64, n: u32, time: Duration) {
        let _inside = Inside::new(&self.history, key);
        self.history.write(format!("{key}: {n}"));
        if !time.is_zero() {
            tokio::time::sleep(time).await;
        }
    }
}

/// Marks a key as busy while its turn runs.
struct Inside(Arc<History>, u64);

impl Inside {
    fn new(history: &Arc<History>, key: u64) -> Inside {
        assert!(history.keys.lock().unwrap().insert(key), "two turns of key {key} at once");
        Inside(history.clone(), key)
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        self.0.keys.lock().unwrap().remove(&self.1);
    }
}

impl Drop for Clerk {
    fn drop(&mut self) {
        self.history.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

#[actor(local, capacity = 64, reserve = 0)]
impl Clerk {
    #[started]
    async fn begin(&mut self) -> Result<(), BoxError> {
        match self.history.bad_starts.fetch_sub(1, Ordering::SeqCst) > 0 {
            true => Err("no chair".into()),
            false => Ok(()),
        }
    }

    #[handler]
    async fn task(&mut self, it: Task) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn question(&mut self, it: Question) -> u32 {
        self.handle(it.key, it.n, it.time).await;
        it.n
    }

    #[handler]
    async fn expiring(&mut self, it: Expiring) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn trifle(&mut self, it: Trifle) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn random(&mut self, it: Random) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn latest(&mut self, it: Latest) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn low(&mut self, it: Low) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[handler]
    async fn urgent(&mut self, it: Urgent) {
        self.handle(it.key, it.n, it.time).await;
    }

    #[message(overflow = block, timeout = "1h")]
    async fn rest(&mut self, time: Duration) -> u32 {
        tokio::time::sleep(time).await;
        1
    }

    #[message]
    fn note(&mut self, n: u32) {
        self.history.write(format!("note {n}"));
    }

    #[message(overflow = reject)]
    fn look(&mut self) -> u32 {
        2
    }

    #[message(overflow = block, timeout = "1h")]
    async fn fail(&mut self, after: Duration) -> u32 {
        tokio::time::sleep(after).await;
        panic_quietly("on purpose");
    }

    #[message(overflow = block)]
    fn stop_yourself(&mut self, ctx: &mut Context<Self>) -> u32 {
        ctx.stop();
        3
    }

    #[stopped]
    async fn end(&mut self, why: StopReason) {
        let rest = *self.history.rest.lock().unwrap();
        tokio::time::sleep(rest).await;
        self.history.write(format!("{why:?}"));
    }
}

fn always() -> Restart {
    Restart::on_failure().at_most(1, Duration::ZERO)
}

fn pool_with(
    system: &System,
    workers: RangeInclusive<usize>,
    capacity: usize,
    restart: Restart,
) -> (Arc<History>, ClerkHandle) {
    let history = Arc::<History>::default();
    let made = history.clone();
    let builder = system.actor(move || Clerk::new(&made)).workers(workers).restart(restart);
    // Only the test resizes the pool.
    let builder = builder.pressure(Pressure::new());
    (history, builder.capacity(capacity).max_waiting(64).reserve(0).spawn().unwrap())
}

fn pool(system: &System, workers: RangeInclusive<usize>) -> (Arc<History>, ClerkHandle) {
    pool_with(system, workers, 64, always())
}
